//! A project is deleted.

use crate::dialect::one;
use crate::error::StorageError;
use crate::tenant::audit::Audit;
use crate::tenant::{Author, Tenant, TenantWrite};
use async_trait::async_trait;
use sea_orm::DatabaseTransaction;
use serde_json::json;
use squad_domain::ids::OrgId;
use uuid::Uuid;

impl Tenant {
    /// Deletes a project, and its credentials with it. Tells whether there was one.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn delete_project(&self, author: &Author, id: Uuid) -> Result<bool, StorageError> {
        Ok(self.write(author, Delete(id)).await?.is_some())
    }
}

struct Delete(Uuid);

#[async_trait]
impl TenantWrite for Delete {
    /// What it was called.
    type Output = Option<String>;
    type Error = StorageError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        _at: i64,
    ) -> Result<Option<String>, StorageError> {
        let sql = "DELETE FROM projects WHERE org_id = $1 AND id = $2 RETURNING name";
        let row = one(transaction, sql, [org.0.into(), self.0.into()]).await?;
        Ok(row.map(|row| row.try_get("", "name")).transpose()?)
    }

    fn audit(&self, output: &Option<String>) -> Option<Audit> {
        output.as_ref().map(|name| Audit::new("project.deleted", self.0, json!({ "name": name })))
    }
}
