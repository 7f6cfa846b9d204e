//! The organization itself.

use super::audit::Audit;
use super::{Author, Change, Tenant, TenantWrite};
use crate::convert::{count, text};
use crate::dialect::one;
use crate::error::StorageError;
use crate::identity::{OrganizationRow, organization};
use async_trait::async_trait;
use sea_orm::DatabaseTransaction;
use serde_json::json;
use squad_domain::ids::OrgId;

impl Tenant {
    /// Changes the organization's name, where it is at the version `expected`, if one is named.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn rename_organization(
        &self,
        author: &Author,
        expected: Option<u64>,
        name: &str,
    ) -> Result<Change<OrganizationRow>, StorageError> {
        self.write(author, Rename { expected, name: text(name) }).await
    }
}

struct Rename {
    expected: Option<u64>,
    name: String,
}

#[async_trait]
impl TenantWrite for Rename {
    type Output = Change<OrganizationRow>;
    type Error = StorageError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        at: i64,
    ) -> Result<Self::Output, StorageError> {
        // Two changes in one microsecond are two versions, too.
        let sql = "UPDATE organizations SET name = $2, \
                updated_at = CASE WHEN updated_at < $3 THEN $3 ELSE updated_at + 1 END \
            WHERE id = $1 AND ($4 IS NULL OR updated_at = $4) RETURNING id, name, created_at, updated_at";
        let expected = self.expected.map(count);
        let values = [org.0.into(), self.name.as_str().into(), at.into(), expected.into()];
        if let Some(row) = one(transaction, sql, values).await? {
            return Ok(Change::Done(organization(&row)?));
        }
        let sql = "SELECT id, name, created_at, updated_at FROM organizations WHERE id = $1";
        let found = one(transaction, sql, [org.0.into()]).await?;
        found.map_or(Ok(Change::NotFound), |row| Ok(Change::Stale(organization(&row)?)))
    }

    fn audit(&self, output: &Self::Output) -> Option<Audit> {
        let Change::Done(_) = output else { return None };
        Some(Audit::new("organization.renamed", "", json!({ "name": self.name })))
    }
}
