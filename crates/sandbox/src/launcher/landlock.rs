//! The second wall for files: even if a mount were wrong, only the writable places can be written.

use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus, Scope,
};

use super::error::{Step, StepError};

/// The newest ABI that the rules know; older kernels get what they have.
const KNOWN: ABI = ABI::V6;

/// Restricts this process and all it starts. Returns whether the kernel enforces anything of it.
pub(crate) fn apply(writable: &[&Path]) -> Result<bool, StepError> {
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(KNOWN))
        .and_then(|rules| rules.scope(Scope::from_all(KNOWN)))
        .and_then(Ruleset::create)
        .step("prepare Landlock")?;
    // Terminals and `/proc/self` are written by ordinary programs; what may be written there is decided elsewhere.
    let always = [Path::new("/dev"), Path::new("/proc")];
    for path in writable.iter().copied().chain(always) {
        rules = allow(rules, path, AccessFs::from_all(KNOWN))?;
    }
    rules = allow(rules, Path::new("/"), AccessFs::from_read(KNOWN))?;
    let status = rules.restrict_self().step("enforce Landlock")?;
    Ok(status.ruleset != RulesetStatus::NotEnforced)
}

fn allow(
    rules: landlock::RulesetCreated,
    path: &Path,
    access: landlock::BitFlags<AccessFs>,
) -> Result<landlock::RulesetCreated, StepError> {
    let Ok(folder) = PathFd::new(path) else { return Ok(rules) };
    rules.add_rule(PathBeneath::new(folder, access)).step(format!("add `{}` to Landlock", path.display()))
}
