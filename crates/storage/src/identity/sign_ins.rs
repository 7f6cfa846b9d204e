//! Sign-ins and what goes with them, in the audit logs of the organizations that somebody is in.

use crate::connect::Storage;
use crate::dialect::all;
use crate::error::StorageError;
use crate::tenant::{Audit, Author, append};
use crate::write::Write;
use async_trait::async_trait;
use sea_orm::{DatabaseTransaction, DbErr};
use serde_json::Value;
use squad_domain::ids::{OrgId, UserId};
use uuid::Uuid;

impl Storage {
    /// Tells the audit log of each organization that somebody is in what happened to their account: `user.signed_in`,
    /// `user.sign_in_failed`, `user.password_changed`, … Tells how many were told.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn audit_sign_in(
        &self,
        user: UserId,
        author: &Author,
        action: &'static str,
        details: Value,
    ) -> Result<u64, StorageError> {
        self.write(Tell { user, author: author.clone(), action, details }).await
    }
}

struct Tell {
    user: UserId,
    author: Author,
    action: &'static str,
    details: Value,
}

#[async_trait]
impl Write for Tell {
    type Output = u64;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<u64, StorageError> {
        let mut told = 0;
        for org in organizations(transaction, self.user).await? {
            let audit = Audit::new(self.action, self.user, self.details.clone());
            append(transaction, org, &self.author, audit).await?;
            told += 1;
        }
        Ok(told)
    }
}

/// Where somebody is a member: in one order everywhere, so that two who hold several never wait for each other.
pub(super) async fn organizations(
    transaction: &DatabaseTransaction,
    user: UserId,
) -> Result<Vec<OrgId>, DbErr> {
    let sql = "SELECT org_id FROM memberships WHERE user_id = $1 ORDER BY org_id";
    let rows = all(transaction, sql, [user.0.into()]).await?;
    rows.iter().map(|row| row.try_get::<Uuid>("", "org_id").map(OrgId)).collect()
}
