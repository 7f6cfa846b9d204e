//! The organization itself.

use super::audit::Audit;
use super::{Author, Tenant, TenantWrite};
use crate::convert::text;
use crate::dialect::execute;
use crate::error::StorageError;
use async_trait::async_trait;
use sea_orm::DatabaseTransaction;
use serde_json::json;
use squad_domain::ids::OrgId;

impl Tenant {
    /// Changes the organization's name. Tells whether there is such an organization.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn rename_organization(&self, author: &Author, name: &str) -> Result<bool, StorageError> {
        self.write(author, Rename { name: text(name) }).await
    }
}

struct Rename {
    name: String,
}

#[async_trait]
impl TenantWrite for Rename {
    type Output = bool;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction, org: OrgId, at: i64) -> Result<bool, StorageError> {
        let sql = "UPDATE organizations SET name = $2, updated_at = $3 WHERE id = $1";
        let values = [org.0.into(), self.name.as_str().into(), at.into()];
        Ok(execute(transaction, sql, values).await? == 1)
    }

    fn audit(&self, changed: &bool) -> Option<Audit> {
        changed.then(|| Audit::new("organization.renamed", "", json!({ "name": self.name })))
    }
}
