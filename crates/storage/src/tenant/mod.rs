//! What belongs to one organization, for those who act in its name. Two walls: every statement here names the
//! organization, and on Postgres it also runs as a role that sees no row of another one
//! (`crate::migration::tenancy`). The engine, which works for all of them, does not come this way.
//!
//! A change says what the audit log shall hold of it; both are one transaction.

mod api_keys;
mod audit;
mod budgets;
mod conditions;
mod deliveries;
mod executions;
mod feedback;
mod invitations;
mod lock;
mod members;
mod members_of_org;
mod messages;
mod organization;
mod projects;
mod search;
mod squads;
mod stream;
mod tasks;
mod webhooks;

pub use api_keys::{ApiKeyCreation, ApiKeyRow, MAX_API_KEYS, NewApiKey};
pub(crate) use audit::{Audit, append};
pub use audit::{AuditEntry, AuditProof};
pub(crate) use deliveries::announce;
pub use deliveries::{
    DeliverWebhook, DeliveryAttempt, DeliveryState, NewWebhookEvent, UnknownDeliveryState, WebhookDeliveryRow,
};
pub use executions::TenantExecutions;
pub use feedback::{FeedbackError, FeedbackRow, NewFeedback, RatingSummary, SquadRatings};
pub use invitations::{Acceptance, InvitationOffer, InvitationRow, Invited, NewInvitation};
pub use members::{MemberChange, MemberRevision, SquadMember};
pub use members_of_org::{OrgMemberChange, OrgMemberRow, Transfer};
pub use messages::{MessageCursor, MessageFilter, MessageRow, MessageScope, MessageStatistics};
pub use projects::{NewProject, ProjectCredentials, ProjectPatch, ProjectRow};
pub use squads::{
    NewSquad, SquadCost, SquadCreation, SquadDeletion, SquadDetails, SquadPatch, SquadSpend, SquadStatus,
};
pub use stream::{StreamedEvent, Topic};
pub use tasks::{
    BoardColumn, BulkTaskChange, BulkTaskOutcome, LabelChange, LabelUse, MAX_ATTACHMENT, MAX_ATTACHMENTS,
    MAX_BULK_TASKS, MAX_TASK_LABELS, NewTask, NewTaskAttachment, NewTaskComment, TaskAssignee,
    TaskAttachmentRow, TaskCommentRow, TaskDependencies, TaskError, TaskExecutionRow, TaskExternal,
    TaskFilter, TaskLink, TaskPatch, TaskPlace, TaskRefusal, TaskRemoval, TaskRow,
};
pub use webhooks::{EVERY_EVENT, NewWebhookEndpoint, WebhookEndpointChange, WebhookEndpointRow};

use crate::connect::Storage;
use crate::dialect::{self, all, one};
use crate::error::{StorageError, WriteError};
use crate::migration::{TENANT_ROLE, TENANT_SETTING};
use crate::write::Write;
use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, QueryResult, TransactionTrait as _, Value,
};
use squad_domain::Timestamp;
use squad_domain::ids::OrgId;
use uuid::Uuid;

/// One organization's view of the database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Tenant {
    storage: Storage,
    org: OrgId,
}

/// Who makes a change, for the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// `user:<id>`, `api_key:<id>` or `system`.
    pub actor: String,
    /// From where, as an IP address; empty for the system.
    pub address: String,
    /// When.
    pub at: Timestamp,
}

/// A part of a list, newest first. Ids are UUIDv7: their order is that of their making.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// At most so many.
    pub limit: u64,
    /// Those made before this one: the last of the page before.
    pub before: Option<Uuid>,
}

impl Page {
    /// The id below which the page begins.
    pub(crate) fn below(self) -> Uuid {
        self.before.unwrap_or(Uuid::max())
    }
}

/// What came of changing something that has versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change<T> {
    /// It was changed; this is what it is now.
    Done(T),
    /// It is not at the version that the change was made for.
    Stale(T),
    /// There is no such thing.
    NotFound,
}

/// A change within one organization.
#[async_trait]
pub(crate) trait TenantWrite: Send + Sync + 'static {
    type Output: Send + Sync + 'static;
    type Error: WriteError;

    /// Makes it. `at` is the moment of the change, in microseconds.
    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        at: i64,
    ) -> Result<Self::Output, Self::Error>;

    /// What the audit log shall hold of it; `None` where nothing was changed.
    fn audit(&self, output: &Self::Output) -> Option<Audit>;
}

impl Storage {
    /// The view of one organization.
    #[must_use]
    pub fn tenant(&self, org: OrgId) -> Tenant {
        Tenant { storage: self.clone(), org }
    }
}

impl Tenant {
    /// Which organization it is.
    #[must_use]
    pub fn org(&self) -> OrgId {
        self.org
    }

    /// A statement that answers with at most one row. The organization comes as `$1`, then `values`.
    pub(crate) async fn one(
        &self,
        sql: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Option<QueryResult>, StorageError> {
        let values = std::iter::once(self.org.0.into()).chain(values);
        let pool = &self.storage.pool;
        if pool.get_database_backend() != DbBackend::Postgres {
            return Ok(one(pool, sql, values).await?);
        }
        let transaction = pool.begin().await?;
        enter(&transaction, self.org).await?;
        Ok(one(&transaction, sql, values).await?)
    }

    /// A statement that answers with rows. The organization comes as `$1`, then `values`.
    pub(crate) async fn all(
        &self,
        sql: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<QueryResult>, StorageError> {
        let values = std::iter::once(self.org.0.into()).chain(values);
        let pool = &self.storage.pool;
        if pool.get_database_backend() != DbBackend::Postgres {
            return Ok(all(pool, sql, values).await?);
        }
        let transaction = pool.begin().await?;
        enter(&transaction, self.org).await?;
        Ok(all(&transaction, sql, values).await?)
    }

    /// Makes a change, and tells the audit log, as one transaction.
    pub(crate) async fn write<W: TenantWrite>(
        &self,
        author: &Author,
        write: W,
    ) -> Result<W::Output, W::Error> {
        self.storage.write(Scoped { org: self.org, author: author.clone(), write }).await
    }
}

/// From here on the transaction sees and changes nothing but what is that organization's.
async fn enter(transaction: &DatabaseTransaction, org: OrgId) -> Result<(), DbErr> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        let sql = "SELECT set_config('role', $1, true), set_config($2, $3, true)";
        let values = [TENANT_ROLE.into(), TENANT_SETTING.into(), org.to_string().into()];
        dialect::one(transaction, sql, values).await?;
    }
    Ok(())
}

struct Scoped<W> {
    org: OrgId,
    author: Author,
    write: W,
}

#[async_trait]
impl<W: TenantWrite> Write for Scoped<W> {
    type Output = W::Output;
    type Error = W::Error;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<W::Output, W::Error> {
        enter(transaction, self.org).await?;
        let at = crate::convert::micros(self.author.at);
        let output = self.write.run(transaction, self.org, at).await?;
        if let Some(audit) = self.write.audit(&output) {
            audit::append(transaction, self.org, &self.author, audit).await?;
        }
        Ok(output)
    }
}
