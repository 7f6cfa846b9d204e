//! What people say about a task.

use super::references::exists;
use crate::convert::{count, text, timestamp};
use crate::dialect::{execute, one};
use crate::error::StorageError;
use crate::tenant::audit::Audit;
use crate::tenant::{Author, Tenant, TenantWrite};
use async_trait::async_trait;
use sea_orm::{DatabaseTransaction, QueryResult};
use serde_json::json;
use squad_domain::Timestamp;
use squad_domain::ids::OrgId;
use uuid::Uuid;

/// A comment that is about to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTaskComment {
    /// Its id.
    pub id: Uuid,
    /// On which task.
    pub task: Uuid,
    /// The words, in Markdown.
    pub body: String,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskCommentRow {
    /// Its id.
    pub id: Uuid,
    /// On which task.
    pub task: Uuid,
    /// Who made it: `user:<id>`, `api_key:<id>` or `system`.
    pub author: String,
    /// The words, in Markdown.
    pub body: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its words last changed.
    pub updated_at: Timestamp,
}

const COLUMNS: &str = "id, task_id, author, body, created_at, updated_at";

fn comment(row: &QueryResult) -> Result<TaskCommentRow, StorageError> {
    Ok(TaskCommentRow {
        id: row.try_get("", "id")?,
        task: row.try_get("", "task_id")?,
        author: row.try_get("", "author")?,
        body: row.try_get("", "body")?,
        created_at: timestamp(row.try_get("", "created_at")?),
        updated_at: timestamp(row.try_get("", "updated_at")?),
    })
}

impl Tenant {
    /// At most `limit` comments on a task, oldest first, those after the comment `after` only.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn task_comments(
        &self,
        task: Uuid,
        after: Option<Uuid>,
        limit: u64,
    ) -> Result<Vec<TaskCommentRow>, StorageError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM task_comments WHERE org_id = $1 AND task_id = $2 AND id > $3 ORDER BY id LIMIT $4"
        );
        let after = after.unwrap_or(Uuid::nil());
        self.all(&sql, [task.into(), after.into(), count(limit).into()]).await?.iter().map(comment).collect()
    }

    /// A comment.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn task_comment(&self, id: Uuid) -> Result<Option<TaskCommentRow>, StorageError> {
        let sql = format!("SELECT {COLUMNS} FROM task_comments WHERE org_id = $1 AND id = $2");
        self.one(&sql, [id.into()]).await?.as_ref().map(comment).transpose()
    }

    /// Comments on a task. `None` where there is no such task.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn add_task_comment(
        &self,
        author: &Author,
        comment: NewTaskComment,
    ) -> Result<Option<TaskCommentRow>, StorageError> {
        self.write(author, Add { comment, author: text(&author.actor) }).await
    }

    /// Changes the words of a comment. Whose it is does not matter here. `None` where there is no such comment.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn update_task_comment(
        &self,
        author: &Author,
        id: Uuid,
        body: &str,
    ) -> Result<Option<TaskCommentRow>, StorageError> {
        self.write(author, Update { id, body: text(body) }).await
    }

    /// Deletes a comment. Whose it is does not matter here. Tells whether there was one.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn delete_task_comment(&self, author: &Author, id: Uuid) -> Result<bool, StorageError> {
        Ok(self.write(author, Delete { id }).await?.is_some())
    }
}

struct Add {
    comment: NewTaskComment,
    author: String,
}

#[async_trait]
impl TenantWrite for Add {
    type Output = Option<TaskCommentRow>;
    type Error = StorageError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        at: i64,
    ) -> Result<Self::Output, StorageError> {
        let NewTaskComment { id, task, body } = &self.comment;
        if !exists(transaction, org, "tasks", "id", *task).await? {
            return Ok(None);
        }
        let sql = format!(
            "INSERT INTO task_comments (id, org_id, task_id, author, body, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $6) RETURNING {COLUMNS}"
        );
        let values = [
            (*id).into(),
            org.0.into(),
            (*task).into(),
            self.author.as_str().into(),
            text(body).into(),
            at.into(),
        ];
        one(transaction, &sql, values).await?.as_ref().map(comment).transpose()
    }

    fn audit(&self, made: &Self::Output) -> Option<Audit> {
        let made = made.as_ref()?;
        Some(Audit::new("task_comment.created", made.id, json!({ "task": made.task })))
    }
}

struct Update {
    id: Uuid,
    body: String,
}

#[async_trait]
impl TenantWrite for Update {
    type Output = Option<TaskCommentRow>;
    type Error = StorageError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        at: i64,
    ) -> Result<Self::Output, StorageError> {
        let sql = format!(
            "UPDATE task_comments SET body = $3, updated_at = $4 WHERE org_id = $1 AND id = $2 RETURNING {COLUMNS}"
        );
        let values = [org.0.into(), self.id.into(), self.body.as_str().into(), at.into()];
        one(transaction, &sql, values).await?.as_ref().map(comment).transpose()
    }

    fn audit(&self, changed: &Self::Output) -> Option<Audit> {
        let changed = changed.as_ref()?;
        Some(Audit::new("task_comment.updated", changed.id, json!({ "task": changed.task })))
    }
}

struct Delete {
    id: Uuid,
}

#[async_trait]
impl TenantWrite for Delete {
    /// The task that it was on, and who had made it.
    type Output = Option<(Uuid, String)>;
    type Error = StorageError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        _: i64,
    ) -> Result<Self::Output, StorageError> {
        let sql = "SELECT task_id, author FROM task_comments WHERE org_id = $1 AND id = $2";
        let Some(row) = one(transaction, sql, [org.0.into(), self.id.into()]).await? else { return Ok(None) };
        let sql = "DELETE FROM task_comments WHERE org_id = $1 AND id = $2";
        let deleted = execute(transaction, sql, [org.0.into(), self.id.into()]).await? == 1;
        Ok(deleted.then_some((row.try_get("", "task_id")?, row.try_get("", "author")?)))
    }

    fn audit(&self, deleted: &Self::Output) -> Option<Audit> {
        let (task, author) = deleted.as_ref()?;
        Some(Audit::new("task_comment.deleted", self.id, json!({ "task": task, "author": author })))
    }
}
