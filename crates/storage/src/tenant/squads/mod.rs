//! Squads, as people set them up. Who is in them: `super::members`.

mod change;
mod cost;
mod create;
mod delete;

pub use change::SquadPatch;
pub use cost::{SquadCost, SquadSpend};
pub use create::{NewSquad, SquadCreation};
pub use delete::SquadDeletion;

use super::lock::held;
use super::{Page, Tenant};
use crate::convert::{count, from_json, money, number, timestamp, to_json};
use crate::dialect::one;
use crate::error::StorageError;
use sea_orm::{DatabaseTransaction, QueryResult};
use serde::{Deserialize, Serialize};
use squad_domain::Timestamp;
use squad_domain::ids::{OrgId, SquadId};
use squad_domain::model::RoutingProfile;
use squad_domain::money::MicroUsd;
use squad_domain::squad::ApprovalPolicy;
use uuid::Uuid;

/// Whether a squad takes work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SquadStatus {
    /// It takes work.
    Active,
    /// It takes none for the moment.
    Paused,
    /// It takes none any more, and is kept for what it has done.
    Archived,
}

impl SquadStatus {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Active, Self::Paused, Self::Archived];

    /// `active`: the name in the database and in JSON.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Archived => "archived",
        }
    }

    fn read(slug: &str) -> Result<Self, StorageError> {
        Self::ALL.iter().find(|status| status.slug() == slug).copied().ok_or_else(|| {
            StorageError::Unreadable {
                what: "the status of a squad".to_owned(),
                why: format!("`{slug}` is none"),
            }
        })
    }
}

/// A squad, without its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SquadDetails {
    /// Its id.
    pub id: SquadId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whether it takes work.
    pub status: SquadStatus,
    /// Models for members without any of their own; `None`: those of the installation.
    pub profile: Option<RoutingProfile>,
    /// When a person approves its plans; `None`: as the installation says.
    pub approval: Option<ApprovalPolicy>,
    /// What one of its executions may cost; `None`: only other budgets limit it.
    pub budget: Option<MicroUsd>,
    /// How often what is here was changed, from 1. A change of a member does not count.
    pub version: u64,
    /// When it was made. For a squad of the command line: when it was first asked to work.
    pub created_at: Timestamp,
    /// When what is here was last changed.
    pub updated_at: Timestamp,
}

/// A squad of the command line has no moments of its own, so that of its first execution stands in.
const COLUMNS: &str = "id, name, description, status, profile, approval, budget_per_execution, version, updated_at, \
    CASE WHEN created_at > 0 THEN created_at ELSE coalesce((SELECT min(e.created_at) FROM executions e \
        WHERE e.org_id = squads.org_id AND e.squad_id = squads.id), 0) END AS made_at";

fn details(row: &QueryResult) -> Result<SquadDetails, StorageError> {
    let (made, updated): (i64, i64) = (row.try_get("", "made_at")?, row.try_get("", "updated_at")?);
    let profile: Option<String> = row.try_get("", "profile")?;
    let approval: Option<String> = row.try_get("", "approval")?;
    let budget: Option<i64> = row.try_get("", "budget_per_execution")?;
    Ok(SquadDetails {
        id: SquadId(row.try_get::<Uuid>("", "id")?),
        name: row.try_get("", "name")?,
        description: row.try_get("", "description")?,
        status: SquadStatus::read(&row.try_get::<String>("", "status")?)?,
        profile: profile.map(|json| from_json("the models of a squad", &json)).transpose()?,
        approval: approval
            .map(|slug| from_json("when a squad's plans are approved", &format!("\"{slug}\"")))
            .transpose()?,
        budget: budget.map(money),
        version: number(row.try_get("", "version")?),
        created_at: timestamp(made),
        updated_at: timestamp(if updated > 0 { updated } else { made }),
    })
}

/// As its column holds it: `over_budget`.
fn approval_slug(approval: ApprovalPolicy) -> Result<String, StorageError> {
    Ok(to_json(&approval)?.trim_matches('"').to_owned())
}

impl Tenant {
    /// A squad. `None` where the organization has none of that id.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn squad(&self, id: SquadId) -> Result<Option<SquadDetails>, StorageError> {
        let sql = format!("SELECT {COLUMNS} FROM squads WHERE org_id = $1 AND id = $2");
        self.one(&sql, [id.0.into()]).await?.as_ref().map(details).transpose()
    }

    /// Squads, newest first; with a status, those of that status only.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn squads(
        &self,
        page: Page,
        status: Option<SquadStatus>,
    ) -> Result<Vec<SquadDetails>, StorageError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM squads WHERE org_id = $1 AND id < $2 AND ($3 IS NULL OR status = $3) \
             ORDER BY id DESC LIMIT $4"
        );
        let values = [page.below().into(), status.map(SquadStatus::slug).into(), count(page.limit).into()];
        self.all(&sql, values).await?.iter().map(details).collect()
    }
}

/// The squad, held until the transaction ends: what is decided about it and its members meanwhile stays true.
pub(super) async fn lock(
    transaction: &DatabaseTransaction,
    org: OrgId,
    id: SquadId,
) -> Result<Option<SquadDetails>, StorageError> {
    let held = held(transaction);
    let sql = format!("SELECT {COLUMNS} FROM squads WHERE org_id = $1 AND id = $2{held}");
    one(transaction, &sql, [org.0.into(), id.0.into()]).await?.as_ref().map(details).transpose()
}
