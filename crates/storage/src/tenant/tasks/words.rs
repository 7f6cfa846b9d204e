//! The words of the board, as columns hold them.

use crate::error::StorageError;
use squad_domain::board::{TaskPriority, TaskState};

/// The column of a task.
pub(super) fn state(slug: &str) -> Result<TaskState, StorageError> {
    TaskState::from_slug(slug).ok_or_else(|| unreadable("state", slug))
}

/// How much a task matters.
pub(super) fn priority(slug: &str) -> Result<TaskPriority, StorageError> {
    TaskPriority::from_slug(slug).ok_or_else(|| unreadable("priority", slug))
}

fn unreadable(what: &str, slug: &str) -> StorageError {
    StorageError::Unreadable { what: format!("the {what} of a task"), why: format!("`{slug}` is none") }
}
