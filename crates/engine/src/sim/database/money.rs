//! Budgets in memory.

use super::Database;
use squad_domain::execution::ExecutionSpec;
use squad_domain::ids::{ExecutionId, MemberName};
use squad_domain::money::MicroUsd;
use squad_storage::BudgetScope;

/// How a budget stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::sim) struct Money {
    pub(in crate::sim) limit: Option<MicroUsd>,
    pub(in crate::sim) spent: MicroUsd,
    pub(in crate::sim) reserved: MicroUsd,
}

impl Money {
    pub(in crate::sim) fn used(&self) -> MicroUsd {
        self.spent + self.reserved
    }

    pub(in crate::sim) fn fits(&self, amount: MicroUsd) -> bool {
        self.limit.is_none_or(|limit| self.used() + amount <= limit)
    }

    pub(super) fn book(&mut self, released: MicroUsd, spent: MicroUsd) {
        self.reserved = self.reserved.saturating_sub(released);
        self.spent += spent;
    }
}

/// The budgets of one call, widest first.
pub(in crate::sim) fn path(id: ExecutionId, spec: &ExecutionSpec, member: &MemberName) -> [BudgetScope; 4] {
    [
        BudgetScope::Org(spec.org),
        BudgetScope::Squad(spec.squad.id),
        BudgetScope::Execution(id),
        BudgetScope::Member(id, member.clone()),
    ]
}

impl Database {
    pub(super) fn open_budgets(&mut self, id: ExecutionId, spec: &ExecutionSpec) {
        let mut open = |scope: BudgetScope, limit: Option<MicroUsd>| {
            self.budgets.entry(scope).or_insert(Money { limit, ..Money::default() });
        };
        open(BudgetScope::Org(spec.org), None);
        open(BudgetScope::Squad(spec.squad.id), None);
        open(BudgetScope::Execution(id), spec.budget);
        for member in &spec.squad.members {
            open(BudgetScope::Member(id, member.name.clone()), member.budget);
        }
    }
}
