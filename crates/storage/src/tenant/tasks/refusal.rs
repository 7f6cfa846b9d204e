//! Why a change of the board was not made.

use super::attachments::{MAX_ATTACHMENT, MAX_ATTACHMENTS};
use super::bulk::MAX_BULK_TASKS;
use super::row::MAX_TASK_LABELS;
use crate::error::{StorageError, WriteError};
use sea_orm::DbErr;
use uuid::Uuid;

/// A rule of the board stands against the change. Nothing of it was made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TaskRefusal {
    /// There is no such project in the organization.
    #[error("there is no such project; choose one of the organization's projects, or none")]
    UnknownProject,
    /// There is no such squad in the organization.
    #[error("there is no such squad; choose one of the organization's squads, or none")]
    UnknownSquad,
    /// The person is not in the organization.
    #[error("the assignee is nobody of the organization; invite them first, or choose somebody else")]
    UnknownUser,
    /// No squad of the organization has that member.
    #[error("the assignee is no member of a squad; choose one of a squad's members")]
    UnknownMember,
    /// There is no such task in the organization.
    #[error("there is no task `{0}`")]
    UnknownTask(Uuid),
    /// The task would have too many labels.
    #[error("a task has at most {MAX_TASK_LABELS} labels; remove one first")]
    TooManyLabels,
    /// Another task has that external id already.
    #[error("the task `{by}` has this external id already; change that one, or choose another id")]
    ExternalIdTaken {
        /// Which one.
        by: Uuid,
    },
    /// The neighbour is not in the column, or is the task itself.
    #[error("the neighbour is not in that column any more; load the board again")]
    NeighbourElsewhere,
    /// The other task waits for this one, or is this one.
    #[error("the tasks would wait for each other; remove a dependency first")]
    Cycle,
    /// The attachment is too large.
    #[error("the attachment is larger than {} MiB; make it smaller, or link to it", MAX_ATTACHMENT >> 20)]
    AttachmentTooLarge,
    /// The task's attachments are too large together.
    #[error("the task has no room for it: its attachments may have {} MiB in all; delete some first", MAX_ATTACHMENTS >> 20)]
    AttachmentsFull,
    /// Too many tasks at once.
    #[error("at most {MAX_BULK_TASKS} tasks can be changed at once; send them in parts")]
    TooMany,
}

/// A change of the board was not made.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TaskError {
    /// A rule stands against it.
    #[error(transparent)]
    Refused(#[from] TaskRefusal),
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<DbErr> for TaskError {
    fn from(error: DbErr) -> Self {
        Self::Storage(error.into())
    }
}

impl WriteError for TaskError {
    fn storage(&self) -> Option<&StorageError> {
        match self {
            Self::Storage(error) => Some(error),
            Self::Refused(_) => None,
        }
    }
}
