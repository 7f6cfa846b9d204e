//! Giving feedback, and taking it back.

use super::{FeedbackRow, WHOLE, feedback};
use crate::convert::text;
use crate::dialect::{execute, one};
use crate::error::{StorageError, WriteError};
use crate::tenant::audit::Audit;
use crate::tenant::{Author, Tenant, TenantWrite};
use async_trait::async_trait;
use sea_orm::{DatabaseTransaction, DbErr};
use serde_json::json;
use squad_domain::ids::{ExecutionId, MemberName, OrgId, UserId};
use uuid::Uuid;

/// Feedback that is about to be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFeedback {
    /// Its id, where it is the first of this person on this.
    pub id: Uuid,
    /// On which execution.
    pub execution: ExecutionId,
    /// On which of its members; `None`: on the whole squad.
    pub member: Option<MemberName>,
    /// From 1 (bad) to 5 (excellent).
    pub rating: u8,
    /// Why. May be empty.
    pub comment: String,
    /// Who gives it.
    pub user: UserId,
}

/// Feedback was not taken.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FeedbackError {
    /// The organization has no such execution.
    #[error("there is no such execution")]
    UnknownExecution,
    /// Nobody of that name works on the execution.
    #[error(
        "`{0}` is no member of the execution's squad; name one of its members, or nobody for the whole squad"
    )]
    UnknownMember(MemberName),
    /// The rating is not between 1 and 5.
    #[error("a rating is a number from 1 to 5, not {0}")]
    InvalidRating(u8),
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<DbErr> for FeedbackError {
    fn from(error: DbErr) -> Self {
        Self::Storage(error.into())
    }
}

impl WriteError for FeedbackError {
    fn storage(&self) -> Option<&StorageError> {
        match self {
            Self::Storage(error) => Some(error),
            _ => None,
        }
    }
}

/// What an INSERT gives back; SQLite knows no other name of its table there.
const RETURNED: &str = "id, execution_id, member, rating, comment, author, version, created_at, updated_at";

impl Tenant {
    /// Gives feedback on an execution. What the same person gave on the same before is replaced, and keeps its id.
    ///
    /// # Errors
    /// Where there is no such execution or member, or the rating is none.
    pub async fn give_feedback(
        &self,
        author: &Author,
        feedback: NewFeedback,
    ) -> Result<FeedbackRow, FeedbackError> {
        if !(1..=5).contains(&feedback.rating) {
            return Err(FeedbackError::InvalidRating(feedback.rating));
        }
        self.write(author, Give(feedback)).await
    }

    /// Takes back what that person gave. Tells whether there was such feedback of theirs.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn delete_feedback(
        &self,
        author: &Author,
        id: Uuid,
        user: UserId,
    ) -> Result<bool, StorageError> {
        self.write(author, Delete { id, user }).await
    }
}

struct Give(NewFeedback);

#[async_trait]
impl TenantWrite for Give {
    type Output = FeedbackRow;
    type Error = FeedbackError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        at: i64,
    ) -> Result<FeedbackRow, FeedbackError> {
        let NewFeedback { id, execution, member, rating, comment, user } = &self.0;
        let known = "SELECT 1 AS found FROM executions WHERE org_id = $1 AND id = $2";
        if one(transaction, known, [org.0.into(), execution.0.into()]).await?.is_none() {
            return Err(FeedbackError::UnknownExecution);
        }
        if let Some(name) = member {
            // Everybody who may spend in an execution has a budget in it, limited or not.
            let known =
                "SELECT 1 AS found FROM budgets WHERE org_id = $1 AND execution_id = $2 AND member = $3";
            let values = [org.0.into(), execution.0.into(), text(name.as_str()).into()];
            if one(transaction, known, values).await?.is_none() {
                return Err(FeedbackError::UnknownMember(name.clone()));
            }
        }
        let sql = format!(
            "INSERT INTO feedback AS f (id, org_id, execution_id, member, author, rating, comment, version, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $8) \
             ON CONFLICT (execution_id, author, member) DO UPDATE SET rating = excluded.rating, \
                comment = excluded.comment, version = f.version + 1, updated_at = excluded.updated_at \
             RETURNING {RETURNED}"
        );
        let values = [
            (*id).into(),
            org.0.into(),
            execution.0.into(),
            member.as_ref().map_or_else(|| WHOLE.to_owned(), |name| text(name.as_str())).into(),
            user.to_string().into(),
            i64::from(*rating).into(),
            text(comment).into(),
            at.into(),
        ];
        let row = one(transaction, &sql, values).await?;
        let row = row.ok_or_else(|| DbErr::RecordNotFound("the feedback that was given".to_owned()))?;
        Ok(feedback(&row)?)
    }

    fn audit(&self, given: &FeedbackRow) -> Option<Audit> {
        let details = json!({ "execution": given.execution, "member": given.member, "rating": given.rating });
        Some(Audit::new("feedback.given", given.id, details))
    }
}

struct Delete {
    id: Uuid,
    user: UserId,
}

#[async_trait]
impl TenantWrite for Delete {
    type Output = bool;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction, org: OrgId, _: i64) -> Result<bool, StorageError> {
        let sql = "DELETE FROM feedback WHERE org_id = $1 AND id = $2 AND author = $3";
        let values = [org.0.into(), self.id.into(), self.user.to_string().into()];
        Ok(execute(transaction, sql, values).await? == 1)
    }

    fn audit(&self, deleted: &bool) -> Option<Audit> {
        deleted.then(|| Audit::new("feedback.deleted", self.id, json!({})))
    }
}
