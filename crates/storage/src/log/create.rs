//! The beginning of an execution.

use super::announce::{self, Standing};
use super::{Owner, insert_events};
use crate::convert::{self, amount, micros, text};
use crate::dialect::{execute, one};
use crate::error::StorageError;
use crate::money::BudgetScope;
use crate::tenant;
use crate::write::Write;
use async_trait::async_trait;
use sea_orm::DatabaseTransaction;
use squad_domain::Timestamp;
use squad_domain::execution::{Event, EventBody, ExecutionSpec, Status};
use squad_domain::ids::ExecutionId;
use squad_domain::message::Actor;
use squad_domain::money::MicroUsd;

/// Why an execution that has just begun stands where it stands.
const REASON: &str = "asked for";

pub(super) struct Create {
    pub(super) id: ExecutionId,
    pub(super) spec: Box<ExecutionSpec>,
    pub(super) actor: Actor,
    pub(super) at: Timestamp,
}

#[async_trait]
impl Write for Create {
    type Output = Event;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<Event, StorageError> {
        let (id, spec) = (self.id, &self.spec);
        let squad = &spec.squad;
        if one(transaction, "SELECT 1 AS found FROM executions WHERE id = $1", [id.0.into()]).await?.is_some()
        {
            return Err(StorageError::AlreadyExists(id));
        }
        execute(
            transaction,
            "INSERT INTO squads (id, org_id, name, last_seq) VALUES ($1, $2, $3, 0) ON CONFLICT (id) DO NOTHING",
            [squad.id.0.into(), spec.org.0.into(), text(&squad.name).into()],
        )
        .await?;
        execute(
            transaction,
            "INSERT INTO executions (id, short_id, org_id, squad_id, title, repository, branch, status, reason, paused, \
                cost, last_seq, created_at, updated_at, runnable, served_at, lease_reclaimed, fence) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 1, $11, $11, $12, $11, $10, 0)",
            [
                id.0.into(),
                id.short().into(),
                spec.org.0.into(),
                squad.id.0.into(),
                text(&spec.task.title).into(),
                text(&spec.repository).into(),
                spec.branch.as_deref().map(text).into(),
                Status::Pending.slug().into(),
                REASON.into(),
                false.into(),
                micros(self.at).into(),
                true.into(),
            ],
        )
        .await?;
        let event = Event {
            seq: 1,
            at: self.at,
            actor: self.actor.clone(),
            body: EventBody::ExecutionCreated { spec: spec.clone() },
        };
        let owner = Owner { execution: id.0, org: spec.org.0, squad: squad.id.0 };
        insert_events(transaction, owner, std::slice::from_ref(&event)).await?;
        self.open_budgets(transaction).await?;
        let (title, branch) = (spec.task.title.as_str(), spec.branch.as_deref());
        let standing = Standing { title, status: Status::Pending, reason: REASON, branch };
        let news: Vec<_> = announce::news(owner, &event, standing)?.into_iter().collect();
        tenant::announce(transaction, spec.org, &news).await?;
        Ok(event)
    }
}

impl Create {
    /// Every budget on the path of its calls has a row from now on, limited or not, so that a reservation is an UPDATE.
    async fn open_budgets(&self, transaction: &DatabaseTransaction) -> Result<(), StorageError> {
        let (id, spec) = (self.id, &self.spec);
        let mut budgets: Vec<(BudgetScope, Option<MicroUsd>)> = vec![
            (BudgetScope::Org(spec.org), None),
            (BudgetScope::Squad(spec.squad.id), None),
            (BudgetScope::Execution(id), spec.budget),
        ];
        budgets.extend(
            spec.squad
                .members
                .iter()
                .map(|member| (BudgetScope::Member(id, member.name.clone()), member.budget)),
        );
        for (scope, limit) in budgets {
            execute(
                transaction,
                "INSERT INTO budgets (scope, org_id, execution_id, member, limit_amount, spent, reserved) \
                 VALUES ($1, $2, $3, $4, $5, 0, 0) ON CONFLICT (scope) DO NOTHING",
                [
                    scope.key().into(),
                    spec.org.0.into(),
                    scope.execution().map(|id| id.0).into(),
                    scope.member().map(|name| convert::text(name.as_str())).into(),
                    limit.map(amount).into(),
                ],
            )
            .await?;
        }
        Ok(())
    }
}
