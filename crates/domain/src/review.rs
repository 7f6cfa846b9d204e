//! Verdicts: of reviewers and of testers.

use serde::{Deserialize, Serialize};

/// A reviewer's decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewVerdict {
    /// Merge it.
    Approve,
    /// Not yet: see the comments.
    RequestChanges,
}

/// A comment on a line of the new version of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewComment {
    /// The file, relative to the repository.
    pub path: String,
    /// The line in the new version, from 1.
    pub line: u32,
    /// What is wrong, and what would be right.
    pub body: String,
}

/// A review, as submitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// The decision.
    pub verdict: ReviewVerdict,
    /// Why.
    pub summary: String,
    /// Line by line.
    #[serde(default)]
    pub comments: Vec<ReviewComment>,
}

/// A tester's decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestVerdict {
    /// It does what the acceptance criteria ask.
    Pass,
    /// It does not.
    Fail,
}

/// A test report, as submitted. It can keep the gate shut; only the engine's own run can open it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestReport {
    /// The decision.
    pub verdict: TestVerdict,
    /// What was tried.
    pub summary: String,
    /// What failed, one entry each.
    #[serde(default)]
    pub failures: Vec<String>,
}
