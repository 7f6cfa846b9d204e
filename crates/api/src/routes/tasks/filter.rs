//! Which tasks a list or the board shows.

use crate::dto::slugs;
use crate::problem::{Answer, Problem};
use serde::Deserialize;
use squad_domain::board::{TaskPriority, TaskState};
use squad_domain::ids::{SquadId, UserId};
use squad_storage::{TaskAssignee, TaskFilter};
use utoipa::IntoParams;
use uuid::Uuid;

/// Which tasks: those that are everything that is said here.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Only those of a project.
    project_id: Option<Uuid>,
    /// Only those of a squad.
    squad_id: Option<Uuid>,
    /// Only those in a column.
    #[param(schema_with = slugs::task_state)]
    state: Option<TaskState>,
    /// Only those that matter so much.
    #[param(schema_with = slugs::task_priority)]
    priority: Option<TaskPriority>,
    /// Only those with a label.
    label: Option<String>,
    /// Only those that a person shall see to. Not together with `assignee_member`.
    assignee_user: Option<Uuid>,
    /// Only those that a member of a squad shall see to.
    assignee_member: Option<Uuid>,
    /// Only those with all of these words in title, description, comments, external id or number.
    #[param(example = "cart badge")]
    q: Option<String>,
    /// Those that are put away, instead of those that are not.
    #[serde(default)]
    archived: bool,
}

impl Filter {
    /// As storage asks for it.
    pub(super) fn wanted(self) -> Answer<TaskFilter> {
        let assignee = match (self.assignee_user, self.assignee_member) {
            (Some(_), Some(_)) => {
                return Err(Problem::field(
                    "assignee_member",
                    "leave it or `assignee_user` out: a task has one assignee",
                ));
            }
            (user, member) => user.map(UserId).map(TaskAssignee::User).or(member.map(TaskAssignee::Member)),
        };
        Ok(TaskFilter {
            project: self.project_id,
            squad: self.squad_id.map(SquadId),
            state: self.state,
            priority: self.priority,
            label: self.label,
            assignee,
            text: self.q,
            archived: self.archived,
        })
    }
}
