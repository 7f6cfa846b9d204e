//! Files that belong to a task.

use super::hold;
use super::references::exists;
use super::refusal::{TaskError, TaskRefusal};
use crate::convert::{count, number, text, timestamp};
use crate::dialect::{execute, one};
use crate::error::StorageError;
use crate::tenant::audit::Audit;
use crate::tenant::{Author, Page, Tenant, TenantWrite};
use async_trait::async_trait;
use sea_orm::{DatabaseTransaction, QueryResult};
use serde_json::json;
use squad_domain::Timestamp;
use squad_domain::ids::OrgId;
use uuid::Uuid;

/// Most bytes of one attachment.
pub const MAX_ATTACHMENT: u64 = 5 << 20;
/// Most bytes of all attachments of a task.
pub const MAX_ATTACHMENTS: u64 = 50 << 20;

/// A file that is about to be attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTaskAttachment {
    /// Its id.
    pub id: Uuid,
    /// To which task.
    pub task: Uuid,
    /// What the file is called.
    pub name: String,
    /// What it is, such as `image/png`. What whoever sent it says: not to be trusted.
    pub media_type: String,
    /// The SHA-256 of the content, in hexadecimal.
    pub sha256: String,
    /// Its bytes.
    pub content: Vec<u8>,
}

/// An attachment without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskAttachmentRow {
    /// Its id.
    pub id: Uuid,
    /// To which task.
    pub task: Uuid,
    /// What the file is called.
    pub name: String,
    /// What it is, such as `image/png`. What whoever sent it says: not to be trusted.
    pub media_type: String,
    /// How many bytes it has.
    pub size: u64,
    /// The SHA-256 of the content, in hexadecimal.
    pub sha256: String,
    /// Who attached it: `user:<id>`, `api_key:<id>` or `system`.
    pub author: String,
    /// When it was attached. It never changes.
    pub created_at: Timestamp,
}

const COLUMNS: &str = "id, task_id, name, media_type, size, sha256, author, created_at";

fn attachment(row: &QueryResult) -> Result<TaskAttachmentRow, StorageError> {
    Ok(TaskAttachmentRow {
        id: row.try_get("", "id")?,
        task: row.try_get("", "task_id")?,
        name: row.try_get("", "name")?,
        media_type: row.try_get("", "media_type")?,
        size: number(row.try_get("", "size")?),
        sha256: row.try_get("", "sha256")?,
        author: row.try_get("", "author")?,
        created_at: timestamp(row.try_get("", "created_at")?),
    })
}

impl Tenant {
    /// The attachments of a task, newest first, without their content.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn task_attachments(
        &self,
        task: Uuid,
        page: Page,
    ) -> Result<Vec<TaskAttachmentRow>, StorageError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM task_attachments WHERE org_id = $1 AND task_id = $2 AND id < $3 \
             ORDER BY id DESC LIMIT $4"
        );
        let values = [task.into(), page.below().into(), count(page.limit).into()];
        self.all(&sql, values).await?.iter().map(attachment).collect()
    }

    /// An attachment, without its content.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn task_attachment(&self, id: Uuid) -> Result<Option<TaskAttachmentRow>, StorageError> {
        let sql = format!("SELECT {COLUMNS} FROM task_attachments WHERE org_id = $1 AND id = $2");
        self.one(&sql, [id.into()]).await?.as_ref().map(attachment).transpose()
    }

    /// The bytes of an attachment.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn task_attachment_content(&self, id: Uuid) -> Result<Option<Vec<u8>>, StorageError> {
        let sql = "SELECT content FROM task_attachments WHERE org_id = $1 AND id = $2";
        let row = self.one(sql, [id.into()]).await?;
        Ok(row.map(|row| row.try_get("", "content")).transpose()?)
    }

    /// Attaches a file to a task. `None` where there is no such task.
    ///
    /// # Errors
    /// [`TaskRefusal::AttachmentTooLarge`] above [`MAX_ATTACHMENT`], [`TaskRefusal::AttachmentsFull`] where the task's
    /// attachments would be above [`MAX_ATTACHMENTS`].
    pub async fn add_task_attachment(
        &self,
        author: &Author,
        attachment: NewTaskAttachment,
    ) -> Result<Option<TaskAttachmentRow>, TaskError> {
        let size = attachment.content.len() as u64;
        if size > MAX_ATTACHMENT {
            return Err(TaskRefusal::AttachmentTooLarge.into());
        }
        self.write(author, Add { attachment, size, author: text(&author.actor) }).await
    }

    /// Deletes an attachment. Tells whether there was one.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn delete_task_attachment(&self, author: &Author, id: Uuid) -> Result<bool, StorageError> {
        Ok(self.write(author, Delete { id }).await?.is_some())
    }
}

struct Add {
    attachment: NewTaskAttachment,
    size: u64,
    author: String,
}

#[async_trait]
impl TenantWrite for Add {
    type Output = Option<TaskAttachmentRow>;
    type Error = TaskError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        at: i64,
    ) -> Result<Self::Output, TaskError> {
        hold(transaction, org).await?;
        let NewTaskAttachment { id, task, name, media_type, sha256, content } = &self.attachment;
        if !exists(transaction, org, "tasks", "id", *task).await? {
            return Ok(None);
        }
        // The type of a sum is not that of what is added up on Postgres.
        let sql = "SELECT CAST(coalesce(sum(size), 0) AS bigint) AS size FROM task_attachments \
            WHERE org_id = $1 AND task_id = $2";
        let row = one(transaction, sql, [org.0.into(), (*task).into()]).await?;
        let used: i64 = row.map_or(Ok(0), |row| row.try_get("", "size"))?;
        if number(used) + self.size > MAX_ATTACHMENTS {
            return Err(TaskRefusal::AttachmentsFull.into());
        }
        let sql = format!(
            "INSERT INTO task_attachments (id, org_id, task_id, name, media_type, size, sha256, author, created_at, content) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING {COLUMNS}"
        );
        let values = [
            (*id).into(),
            org.0.into(),
            (*task).into(),
            text(name).into(),
            text(media_type).into(),
            count(self.size).into(),
            text(sha256).into(),
            self.author.as_str().into(),
            at.into(),
            content.clone().into(),
        ];
        Ok(one(transaction, &sql, values).await?.as_ref().map(attachment).transpose()?)
    }

    fn audit(&self, added: &Self::Output) -> Option<Audit> {
        let added = added.as_ref()?;
        let details = json!({ "task": added.task, "size": added.size, "sha256": added.sha256 });
        Some(Audit::new("task_attachment.created", added.id, details))
    }
}

struct Delete {
    id: Uuid,
}

#[async_trait]
impl TenantWrite for Delete {
    /// The task that it belonged to.
    type Output = Option<Uuid>;
    type Error = StorageError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        _: i64,
    ) -> Result<Self::Output, StorageError> {
        let sql = "SELECT task_id FROM task_attachments WHERE org_id = $1 AND id = $2";
        let Some(row) = one(transaction, sql, [org.0.into(), self.id.into()]).await? else { return Ok(None) };
        let sql = "DELETE FROM task_attachments WHERE org_id = $1 AND id = $2";
        let deleted = execute(transaction, sql, [org.0.into(), self.id.into()]).await? == 1;
        Ok(deleted.then_some(row.try_get("", "task_id")?))
    }

    fn audit(&self, task: &Self::Output) -> Option<Audit> {
        let task = task.as_ref()?;
        Some(Audit::new("task_attachment.deleted", self.id, json!({ "task": task })))
    }
}
