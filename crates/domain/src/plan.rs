//! The analysis, and the plan: sub-tasks as a directed acyclic graph.

use crate::ids::SubtaskId;
use crate::role::Role;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Most sub-tasks in one plan. A plan with more is not a plan but a runaway.
pub const MAX_SUBTASKS: usize = 30;

/// What the task asks for, in the squad's own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Analysis {
    /// What is wanted, and how the repository stands to it.
    pub summary: String,
    /// What must be true at the end; each can be checked.
    pub acceptance_criteria: Vec<String>,
    /// What could go wrong.
    #[serde(default)]
    pub risks: Vec<String>,
    /// What nobody could tell from the task and the repository.
    #[serde(default)]
    pub questions: Vec<String>,
}

/// A part of the work that one member does in one worktree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subtask {
    /// Unique in the plan: letters, digits, `-` and `_`.
    pub id: SubtaskId,
    /// One line.
    pub title: String,
    /// What to do.
    pub description: String,
    /// Who should.
    pub role: Role,
    /// Sub-tasks whose merged work it needs.
    #[serde(default)]
    pub depends_on: Vec<SubtaskId>,
    /// What must be true when it is done.
    #[serde(default)]
    pub acceptance_criteria: Vec<String>,
}

/// The plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// In the order in which finished work is merged.
    pub subtasks: Vec<Subtask>,
    /// The command that the planner would test with. Used only where nobody gave one and none was found.
    #[serde(default)]
    pub test_command: String,
}

/// Why a plan cannot be worked on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Nothing to do.
    #[error("the plan has no sub-tasks; submit at least one")]
    Empty,
    /// Too much to do.
    #[error("the plan has {0} sub-tasks, {MAX_SUBTASKS} are allowed; join what belongs together")]
    TooMany(usize),
    /// An id that cannot name a branch.
    #[error("`{0}` is no id for a sub-task; use up to 32 letters, digits, `-` or `_`, for example `s1`")]
    BadId(SubtaskId),
    /// Two with one id.
    #[error("two sub-tasks have the id `{0}`; give each its own")]
    DuplicateId(SubtaskId),
    /// A dependency on nothing.
    #[error("sub-task `{subtask}` depends on `{missing}`, which is not in the plan")]
    UnknownDependency {
        /// Which sub-task.
        subtask: SubtaskId,
        /// What it asks for.
        missing: SubtaskId,
    },
    /// They wait for each other.
    #[error("the sub-tasks {} wait for each other; remove one of the dependencies", .0.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", "))]
    Cycle(Vec<SubtaskId>),
}

impl Plan {
    /// Checks that every sub-task can be reached.
    ///
    /// # Errors
    /// Says which sub-task is wrong and how to mend it, for the member that submitted the plan.
    pub fn check(&self) -> Result<(), PlanError> {
        if self.subtasks.is_empty() {
            return Err(PlanError::Empty);
        }
        if self.subtasks.len() > MAX_SUBTASKS {
            return Err(PlanError::TooMany(self.subtasks.len()));
        }
        let mut waiting: BTreeMap<&SubtaskId, BTreeSet<&SubtaskId>> = BTreeMap::new();
        for subtask in &self.subtasks {
            let id = subtask.id.as_str();
            // Ids that start with `fix-` are the engine's own.
            let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
            if id.is_empty() || id.len() > 32 || !plain || id.starts_with('-') || id.starts_with("fix-") {
                return Err(PlanError::BadId(subtask.id.clone()));
            }
            if waiting.insert(&subtask.id, subtask.depends_on.iter().collect()).is_some() {
                return Err(PlanError::DuplicateId(subtask.id.clone()));
            }
        }
        for subtask in &self.subtasks {
            if let Some(missing) = subtask.depends_on.iter().find(|id| !waiting.contains_key(id)) {
                return Err(PlanError::UnknownDependency {
                    subtask: subtask.id.clone(),
                    missing: missing.clone(),
                });
            }
        }
        loop {
            let ready: Vec<&SubtaskId> =
                waiting.iter().filter(|(_, needs)| needs.is_empty()).map(|(id, _)| *id).collect();
            if ready.is_empty() {
                break;
            }
            for id in ready {
                waiting.remove(id);
                waiting.values_mut().for_each(|needs| {
                    needs.remove(id);
                });
            }
        }
        if waiting.is_empty() {
            Ok(())
        } else {
            Err(PlanError::Cycle(waiting.into_keys().cloned().collect()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(edges: &[(&str, &[&str])]) -> Plan {
        let subtasks = edges
            .iter()
            .map(|(id, needs)| Subtask {
                id: (*id).into(),
                title: (*id).into(),
                description: String::new(),
                role: Role::BackendDeveloper,
                depends_on: needs.iter().map(|need| (*need).into()).collect(),
                acceptance_criteria: vec![],
            })
            .collect();
        Plan { subtasks, test_command: String::new() }
    }

    #[test]
    fn graphs_without_a_cycle_are_fine() {
        assert_eq!(plan(&[("a", &[]), ("b", &["a"]), ("c", &["a"]), ("d", &["b", "c"])]).check(), Ok(()));
        assert_eq!(plan(&[("late", &["early"]), ("early", &[])]).check(), Ok(()));
    }

    #[test]
    fn what_could_never_end_is_refused_by_name() {
        assert_eq!(plan(&[]).check(), Err(PlanError::Empty));
        let cycle = plan(&[("a", &["c"]), ("b", &["a"]), ("c", &["b"]), ("free", &[])]).check();
        assert_eq!(cycle, Err(PlanError::Cycle(vec!["a".into(), "b".into(), "c".into()])));
        assert_eq!(plan(&[("a", &["a"])]).check(), Err(PlanError::Cycle(vec!["a".into()])));
        assert!(matches!(plan(&[("a", &["x"])]).check(), Err(PlanError::UnknownDependency { .. })));
        assert!(matches!(plan(&[("a", &[]), ("a", &[])]).check(), Err(PlanError::DuplicateId(_))));
        for bad in ["", "--upload-pack", "../x", "a b", "fix-1", "s1\n"] {
            assert!(matches!(plan(&[(bad, &[])]).check(), Err(PlanError::BadId(_))), "{bad:?}");
        }
        let many: Vec<String> = (0..10_000).map(|n| format!("s{n}")).collect();
        let many: Vec<(&str, &[&str])> = many.iter().map(|id| (id.as_str(), [].as_slice())).collect();
        assert_eq!(plan(&many).check(), Err(PlanError::TooMany(10_000)));
    }
}
