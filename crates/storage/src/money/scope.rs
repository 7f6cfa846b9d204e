//! Whose budget it is.

use crate::convert::text;
use squad_domain::ids::{ExecutionId, MemberName, OrgId, SquadId};
use std::fmt;

/// Whose budget it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum BudgetScope {
    /// Everything that an organization does.
    Org(OrgId),
    /// Everything that a squad does.
    Squad(SquadId),
    /// One execution.
    Execution(ExecutionId),
    /// One member within one execution.
    Member(ExecutionId, MemberName),
}

/// As people read it: `the organization`, `the squad`, `the execution`, ``member `Bea` ``.
impl fmt::Display for BudgetScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Org(_) => f.write_str("the organization"),
            Self::Squad(_) => f.write_str("the squad"),
            Self::Execution(_) => f.write_str("the execution"),
            Self::Member(_, name) => write!(f, "member `{name}`"),
        }
    }
}

impl BudgetScope {
    /// The key of its row.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Org(id) => format!("org:{id}"),
            Self::Squad(id) => format!("squad:{id}"),
            Self::Execution(id) => format!("execution:{id}"),
            Self::Member(id, name) => format!("member:{id}/{}", text(name.as_str())),
        }
    }

    pub(crate) fn execution(&self) -> Option<ExecutionId> {
        match self {
            Self::Execution(id) | Self::Member(id, _) => Some(*id),
            Self::Org(_) | Self::Squad(_) => None,
        }
    }

    pub(crate) fn member(&self) -> Option<&MemberName> {
        match self {
            Self::Member(_, name) => Some(name),
            _ => None,
        }
    }
}

/// The budgets that all calls of an execution share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scopes {
    pub(crate) org: OrgId,
    pub(crate) squad: SquadId,
    pub(crate) execution: ExecutionId,
}

/// The budgets of one call.
#[derive(Debug, Clone)]
pub(crate) struct Path {
    pub(crate) scopes: Scopes,
    pub(crate) member: MemberName,
}

impl Path {
    /// All of them, widest first.
    pub(crate) fn budgets(&self) -> [BudgetScope; 4] {
        let Scopes { org, squad, execution } = self.scopes;
        [
            BudgetScope::Org(org),
            BudgetScope::Squad(squad),
            BudgetScope::Execution(execution),
            BudgetScope::Member(execution, self.member.clone()),
        ]
    }
}
