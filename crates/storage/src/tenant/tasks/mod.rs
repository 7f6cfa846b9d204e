//! The task board: what people want done, in columns, before and while a squad does it.
//!
//! Whoever changes tasks holds the organization's board for the length of the transaction ([`hold`]). So numbers have no
//! gap, two who move tasks at once do not end up at the same place, no two dependencies close a circle together, and
//! limits hold. Comments need none of that. Every change of an organization meets at its audit log anyway; this costs nothing more.

mod attachments;
mod bulk;
mod change;
mod comments;
mod create;
mod dependencies;
mod executions;
mod list;
mod place;
mod references;
mod refusal;
mod remove;
mod row;
mod words;

pub use attachments::{MAX_ATTACHMENT, MAX_ATTACHMENTS, NewTaskAttachment, TaskAttachmentRow};
pub use bulk::{BulkTaskChange, BulkTaskOutcome, MAX_BULK_TASKS};
pub use change::{LabelChange, TaskPatch};
pub use comments::{NewTaskComment, TaskCommentRow};
pub use create::NewTask;
pub use dependencies::{TaskDependencies, TaskLink};
pub use executions::TaskExecutionRow;
pub use list::{BoardColumn, LabelUse, TaskFilter};
pub use place::TaskPlace;
pub use refusal::{TaskError, TaskRefusal};
pub use remove::TaskRemoval;
pub use row::{MAX_TASK_LABELS, TaskAssignee, TaskExternal, TaskRow};

use crate::dialect::execute;
use sea_orm::{DatabaseTransaction, DbErr};
use squad_domain::ids::OrgId;

/// Holds the organization's board until the transaction ends. An organization without a board has no task that anybody
/// could change.
async fn hold(transaction: &DatabaseTransaction, org: OrgId) -> Result<(), DbErr> {
    let sql = "UPDATE task_boards SET last_number = last_number WHERE org_id = $1";
    execute(transaction, sql, [org.0.into()]).await?;
    Ok(())
}
