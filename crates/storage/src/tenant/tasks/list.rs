//! Tasks as lists, as columns, and as what a search finds.

use super::row::{COLUMNS, TaskAssignee, TaskRow, task};
use crate::convert::{count, number, text};
use crate::error::StorageError;
use crate::tenant::conditions::Conditions;
use crate::tenant::search::and_words;
use crate::tenant::{Page, Tenant};
use squad_domain::board::{TaskPriority, TaskState};
use squad_domain::ids::SquadId;
use uuid::Uuid;

/// Labels that are told of at most.
const MAX_LABELS: u64 = 500;

/// Which tasks a list shows: those that are everything that is said here. The default: all that are not archived.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskFilter {
    /// Only those of a project.
    pub project: Option<Uuid>,
    /// Only those of a squad.
    pub squad: Option<SquadId>,
    /// Only those in a column.
    pub state: Option<TaskState>,
    /// Only those that matter so much.
    pub priority: Option<TaskPriority>,
    /// Only those with a label.
    pub label: Option<String>,
    /// Only those that somebody shall see to.
    pub assignee: Option<TaskAssignee>,
    /// Only those with all of these words in their title, description, comments, external id or number (`12` or `#12`).
    pub text: Option<String>,
    /// Those that are archived, instead of those that are not.
    pub archived: bool,
}

/// A column of the board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardColumn {
    /// Which one.
    pub state: TaskState,
    /// How many tasks are in it.
    pub total: u64,
    /// The first of them, from the top.
    pub tasks: Vec<TaskRow>,
}

/// A label, and how often it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelUse {
    /// The label.
    pub label: String,
    /// How many tasks have it, archived ones included.
    pub tasks: u64,
}

impl TaskFilter {
    fn conditions(&self) -> Conditions {
        let mut conditions = Conditions::of_table("t");
        conditions.and(if self.archived { "t.archived_at IS NOT NULL" } else { "t.archived_at IS NULL" });
        conditions.equal("t.project_id", self.project);
        conditions.equal("t.squad_id", self.squad.map(|squad| squad.0));
        conditions.equal("t.state", self.state.map(TaskState::slug));
        conditions.equal("t.priority", self.priority.map(TaskPriority::slug));
        match self.assignee {
            Some(TaskAssignee::User(user)) => conditions.equal("t.assignee_user", Some(user.0)),
            Some(TaskAssignee::Member(member)) => conditions.equal("t.assignee_member", Some(member)),
            None => {}
        }
        if let Some(label) = &self.label {
            let label = conditions.bind(text(label));
            conditions.and(&format!(
                "EXISTS (SELECT 1 FROM task_labels l WHERE l.org_id = $1 AND l.task_id = t.id AND l.label = {label})"
            ));
        }
        and_words(&mut conditions, self.text.as_deref().unwrap_or_default(), |word, conditions, holds| {
            let mut found = format!(
                "{} OR {} OR {} OR EXISTS (SELECT 1 FROM task_comments c \
                    WHERE c.org_id = $1 AND c.task_id = t.id AND ({}))",
                holds("t.title"),
                holds("t.description"),
                holds("coalesce(t.external_id, '')"),
                holds("c.body"),
            );
            if let Ok(number) = word.strip_prefix('#').unwrap_or(word).parse::<u64>() {
                let number = conditions.bind(count(number));
                found.push_str(&format!(" OR t.number = {number}"));
            }
            found
        });
        conditions
    }
}

impl Tenant {
    /// Tasks, newest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn tasks(&self, filter: &TaskFilter, page: Page) -> Result<Vec<TaskRow>, StorageError> {
        let mut conditions = filter.conditions();
        let below = conditions.bind(page.below());
        conditions.and(&format!("t.id < {below}"));
        let limit = conditions.bind(count(page.limit));
        let sql = format!(
            "SELECT {COLUMNS} FROM tasks t WHERE {} ORDER BY t.id DESC LIMIT {limit}",
            conditions.sql()
        );
        self.all(&sql, conditions.into_values()).await?.iter().map(task).collect()
    }

    /// The board: every column from left to right, with at most `per_column` tasks each, from the top.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn board(
        &self,
        filter: &TaskFilter,
        per_column: u64,
    ) -> Result<Vec<BoardColumn>, StorageError> {
        let mut conditions = filter.conditions();
        let limit = conditions.bind(count(per_column));
        let sql = format!(
            "SELECT {COLUMNS}, shown.total FROM (\
                SELECT t.id, row_number() OVER (PARTITION BY t.state ORDER BY t.place, t.id) AS nth, \
                    count(*) OVER (PARTITION BY t.state) AS total FROM tasks t WHERE {}\
            ) AS shown JOIN tasks t ON t.id = shown.id WHERE t.org_id = $1 AND shown.nth <= {limit} ORDER BY shown.nth",
            conditions.sql()
        );
        let empty = |state: &TaskState| BoardColumn { state: *state, total: 0, tasks: Vec::new() };
        let mut board: Vec<BoardColumn> = TaskState::ALL.iter().map(empty).collect();
        for row in self.all(&sql, conditions.into_values()).await? {
            let task = task(&row)?;
            if let Some(column) = board.iter_mut().find(|column| column.state == task.state) {
                column.total = number(row.try_get("", "total")?);
                column.tasks.push(task);
            }
        }
        Ok(board)
    }

    /// The labels that tasks have, those used most first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn task_labels(&self) -> Result<Vec<LabelUse>, StorageError> {
        let sql = format!(
            "SELECT label, count(*) AS tasks FROM task_labels WHERE org_id = $1 GROUP BY label \
             ORDER BY count(*) DESC, label LIMIT {MAX_LABELS}"
        );
        let rows = self.all(&sql, []).await?;
        rows.iter()
            .map(|row| {
                Ok(LabelUse { label: row.try_get("", "label")?, tasks: number(row.try_get("", "tasks")?) })
            })
            .collect()
    }
}
