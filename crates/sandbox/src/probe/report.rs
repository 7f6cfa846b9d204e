//! What a probe found.

use serde::{Deserialize, Serialize};

use crate::{SandboxError, Tier};

/// One guarantee, and whether an attempt to break it failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// A stable name, for machines.
    pub name: String,
    /// Whether it held.
    pub held: bool,
    /// One sentence for people.
    pub detail: String,
    /// What to do about it, where it failed.
    pub remedy: Option<String>,
}

/// Every guarantee of a tier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeReport {
    /// The tier that was tried.
    pub tier: Tier,
    /// What was tried.
    pub checks: Vec<Check>,
}

impl ProbeReport {
    /// Whether every guarantee held.
    pub fn held(&self) -> bool {
        self.checks.iter().all(|check| check.held)
    }

    /// # Errors
    ///
    /// When a guarantee failed: all that failed, and what to do.
    pub fn require(&self) -> Result<(), SandboxError> {
        if self.held() {
            return Ok(());
        }
        let failed = || self.checks.iter().filter(|check| !check.held);
        let reasons: Vec<&str> = failed().map(|check| check.detail.as_str()).collect();
        let remedy = failed().find_map(|check| check.remedy.clone());
        Err(SandboxError::DoesNotHold {
            tier: self.tier,
            reason: reasons.join("; "),
            remedy: remedy.unwrap_or_else(|| "run `squad doctor` for the details".into()),
        })
    }
}
