//! Tables, migrations, the event log, leases, the money ledger and the job outbox, on SQLite and Postgres.
//!
//! ```text
//! append(execution, guard, events)   one transaction: events, projections, money, jobs          `log`, `money`
//! claim · renew · release            who may drive an execution; a fence keeps zombies out      `lease`
//! executions · model calls · …       what people and the engine look up                         `read`
//! accounts · sessions · …            who people are, and where they belong                      `identity`
//! tenant(org)                        what one organization sees and changes, audited            `tenant`
//! enqueue · take · finish · fail     work that must happen after a commit                       `outbox`
//! ```
//!
//! Every change goes through [`Storage`] as one small transaction. On Postgres that is a transaction of its own; on
//! SQLite one writer task commits what many executions change at the same time as one group (`writer`).
//!
//! What is not here: decisions. Storage derives money and projections from the events that it is given, and refuses
//! what a guard, a fence, a closed execution or a budget forbids; it never makes an event up.

mod connect;
mod convert;
mod dialect;
mod entity;
mod error;
mod idempotency;
mod identity;
mod ids;
mod lease;
mod log;
mod mails;
mod migration;
mod money;
mod outbox;
mod overview;
mod read;
mod tenant;
mod write;
mod writer;

pub use connect::{Storage, sqlite_url};
pub use error::{AppendError, StorageError};
pub use idempotency::{Begin, IDEMPOTENCY_RETENTION, RequestTicket, StoredAnswer};
pub use identity::{
    Account, EmailLink, LinkPurpose, LoginFailures, Membership, NewEmailLink, NewSession, NewUser,
    OrganizationRow, Rotation, SessionEnd, SessionRow, SigningKeyRow, UserRow,
};
pub use identity::{
    ApiKeyCaller, CallerOrganization, CallerRow, ExportedApiKey, ExportedAuditEntry, ExportedEmailLink,
    ExportedIdentityLink, ExportedInvitation, ExportedMembership, ExportedProfile, ExportedSession,
    IdentityLinkRow, Linked, OidcStateRow, OrganizationDeletion, TotpRow, Unlinked, UserDeletion, UserExport,
};
pub use lease::{Claim, ClaimOutcome};
pub use log::Guard;
pub use mails::{MailRow, NewMail, SendMail};
pub use money::{BudgetRow, BudgetScope};
pub use outbox::{DeadJob, Job, JobFailure, NewJob, TakenJob};
pub use overview::{OrganizationOverview, UserOverview};
pub use read::{CallOutcome, ExecutionFilter, ExecutionRow, Lease, Memory, ModelCallRow, SquadRow};
pub use tenant::{
    Acceptance, ApiKeyCreation, ApiKeyRow, InvitationOffer, InvitationRow, Invited, MAX_API_KEYS, NewApiKey,
    NewInvitation, OrgMemberChange, OrgMemberRow, Transfer,
};
pub use tenant::{
    AuditEntry, AuditProof, Author, Change, Page, StreamedEvent, Tenant, TenantExecutions, Topic,
};
pub use tenant::{
    BoardColumn, BulkTaskChange, BulkTaskOutcome, LabelChange, LabelUse, MAX_ATTACHMENT, MAX_ATTACHMENTS,
    MAX_BULK_TASKS, MAX_TASK_LABELS, NewTask, NewTaskAttachment, NewTaskComment, TaskAssignee,
    TaskAttachmentRow, TaskCommentRow, TaskDependencies, TaskError, TaskExecutionRow, TaskExternal,
    TaskFilter, TaskLink, TaskPatch, TaskPlace, TaskRefusal, TaskRemoval, TaskRow,
};
pub use tenant::{
    DeliverWebhook, DeliveryAttempt, DeliveryState, EVERY_EVENT, NewWebhookEndpoint, NewWebhookEvent,
    UnknownDeliveryState, WebhookDeliveryRow, WebhookEndpointChange, WebhookEndpointRow,
};
pub use tenant::{FeedbackError, FeedbackRow, NewFeedback, RatingSummary, SquadRatings};
pub use tenant::{
    MemberChange, MemberRevision, NewProject, NewSquad, ProjectCredentials, ProjectPatch, ProjectRow,
    SquadCost, SquadCreation, SquadDeletion, SquadDetails, SquadMember, SquadPatch, SquadSpend, SquadStatus,
};
pub use tenant::{MessageCursor, MessageFilter, MessageRow, MessageScope, MessageStatistics};
