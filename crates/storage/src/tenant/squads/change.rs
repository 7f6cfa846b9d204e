//! What a person set for a squad is changed.

use super::{SquadDetails, SquadStatus, approval_slug, lock};
use crate::convert::{amount, count, text, timestamp, to_json};
use crate::dialect::execute;
use crate::error::StorageError;
use crate::tenant::audit::Audit;
use crate::tenant::{Author, Change, Tenant, TenantWrite};
use async_trait::async_trait;
use sea_orm::DatabaseTransaction;
use serde_json::json;
use squad_domain::ids::{OrgId, SquadId};
use squad_domain::model::RoutingProfile;
use squad_domain::money::MicroUsd;
use squad_domain::squad::ApprovalPolicy;

/// What is to change of a squad. `None` leaves a thing as it is; `Some(None)` takes it away.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SquadPatch {
    /// Its name.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it takes work.
    pub status: Option<SquadStatus>,
    /// Models for members without any of their own.
    pub profile: Option<Option<RoutingProfile>>,
    /// When a person approves its plans.
    pub approval: Option<Option<ApprovalPolicy>>,
    /// What one of its executions may cost.
    pub budget: Option<Option<MicroUsd>>,
}

impl SquadPatch {
    fn apply(&self, squad: &SquadDetails) -> SquadDetails {
        SquadDetails {
            name: self.name.as_deref().map_or_else(|| squad.name.clone(), text),
            description: self.description.as_deref().map_or_else(|| squad.description.clone(), text),
            status: self.status.unwrap_or(squad.status),
            profile: self.profile.clone().unwrap_or_else(|| squad.profile.clone()),
            approval: self.approval.unwrap_or(squad.approval),
            budget: self.budget.unwrap_or(squad.budget),
            ..squad.clone()
        }
    }
}

/// The names of what differs.
fn differences(old: &SquadDetails, new: &SquadDetails) -> Vec<&'static str> {
    [
        ("name", old.name != new.name),
        ("description", old.description != new.description),
        ("status", old.status != new.status),
        ("profile", old.profile != new.profile),
        ("approval", old.approval != new.approval),
        ("budget", old.budget != new.budget),
    ]
    .into_iter()
    .filter_map(|(name, differs)| differs.then_some(name))
    .collect()
}

impl Tenant {
    /// Changes a squad, where it is at the version `expected`, if one is named. What changes nothing makes no version.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn update_squad(
        &self,
        author: &Author,
        id: SquadId,
        expected: Option<u64>,
        patch: SquadPatch,
    ) -> Result<Change<SquadDetails>, StorageError> {
        Ok(self.write(author, Update { id, expected, patch }).await?.change)
    }

    /// As [`Self::update_squad`], for its status alone.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn set_squad_status(
        &self,
        author: &Author,
        id: SquadId,
        expected: Option<u64>,
        status: SquadStatus,
    ) -> Result<Change<SquadDetails>, StorageError> {
        let patch = SquadPatch { status: Some(status), ..SquadPatch::default() };
        self.update_squad(author, id, expected, patch).await
    }
}

struct Update {
    id: SquadId,
    expected: Option<u64>,
    patch: SquadPatch,
}

struct Updated {
    change: Change<SquadDetails>,
    differences: Vec<&'static str>,
}

impl From<Change<SquadDetails>> for Updated {
    fn from(change: Change<SquadDetails>) -> Self {
        Self { change, differences: Vec::new() }
    }
}

#[async_trait]
impl TenantWrite for Update {
    type Output = Updated;
    type Error = StorageError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        at: i64,
    ) -> Result<Updated, StorageError> {
        let Some(old) = lock(transaction, org, self.id).await? else { return Ok(Change::NotFound.into()) };
        if self.expected.is_some_and(|expected| expected != old.version) {
            return Ok(Change::Stale(old).into());
        }
        let mut new = self.patch.apply(&old);
        let differences = differences(&old, &new);
        if differences.is_empty() {
            return Ok(Change::Done(old).into());
        }
        new.version += 1;
        new.updated_at = timestamp(at);
        execute(
            transaction,
            "UPDATE squads SET name = $3, description = $4, status = $5, profile = $6, approval = $7, \
                budget_per_execution = $8, version = $9, updated_at = $10 WHERE org_id = $1 AND id = $2",
            [
                org.0.into(),
                self.id.0.into(),
                new.name.as_str().into(),
                new.description.as_str().into(),
                new.status.slug().into(),
                new.profile.as_ref().map(to_json).transpose()?.into(),
                new.approval.map(approval_slug).transpose()?.into(),
                new.budget.map(amount).into(),
                count(new.version).into(),
                at.into(),
            ],
        )
        .await?;
        Ok(Updated { change: Change::Done(new), differences })
    }

    fn audit(&self, output: &Updated) -> Option<Audit> {
        let Change::Done(squad) = &output.change else { return None };
        let mut details = json!({ "changed": output.differences, "version": squad.version });
        if output.differences.contains(&"status") {
            details["status"] = squad.status.slug().into();
        }
        (!output.differences.is_empty()).then(|| Audit::new("squad.updated", squad.id, details))
    }
}
