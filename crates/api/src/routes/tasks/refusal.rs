//! What the rules of the board say, as problems.

use crate::problem::{Code, Problem};
use squad_storage::{TaskError, TaskRefusal};

impl From<TaskError> for Problem {
    fn from(error: TaskError) -> Self {
        match error {
            TaskError::Refused(refusal) => refusal.into(),
            TaskError::Storage(error) => error.into(),
        }
    }
}

impl From<TaskRefusal> for Problem {
    fn from(refusal: TaskRefusal) -> Self {
        let why = refusal.to_string();
        match refusal {
            TaskRefusal::UnknownProject => Self::field("project_id", why),
            TaskRefusal::UnknownSquad => Self::field("squad_id", why),
            TaskRefusal::UnknownUser | TaskRefusal::UnknownMember => Self::field("assignee", why),
            TaskRefusal::TooManyLabels => Self::field("labels", why),
            TaskRefusal::TooMany => Self::field("ids", why),
            TaskRefusal::UnknownTask(_) => Self::not_found("task"),
            TaskRefusal::AttachmentTooLarge => Self::new(Code::TooLarge, why),
            TaskRefusal::ExternalIdTaken { .. }
            | TaskRefusal::NeighbourElsewhere
            | TaskRefusal::Cycle
            | TaskRefusal::AttachmentsFull => Self::new(Code::Conflict, why),
        }
    }
}
