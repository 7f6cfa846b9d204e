//! What opens a project's repository. It comes and goes sealed, apart from the project.

use super::{ProjectRow, lock};
use crate::convert::{text, timestamp};
use crate::dialect::execute;
use crate::error::StorageError;
use crate::tenant::audit::Audit;
use crate::tenant::{Author, Tenant, TenantWrite};
use async_trait::async_trait;
use sea_orm::DatabaseTransaction;
use serde_json::json;
use squad_domain::ids::OrgId;
use std::fmt;
use uuid::Uuid;

/// What a server is shown for a repository.
#[derive(Clone)]
pub struct ProjectCredentials {
    /// Who it is for, where the server asks for a name.
    pub user: Option<String>,
    /// The secret, sealed by the caller.
    pub sealed: String,
}

impl fmt::Debug for ProjectCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProjectCredentials").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Tenant {
    /// The sealed credentials of a project: `Some(None)` where it has none, `None` where there is no such project.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn project_credentials(&self, id: Uuid) -> Result<Option<Option<String>>, StorageError> {
        let sql = "SELECT credentials_sealed FROM projects WHERE org_id = $1 AND id = $2";
        let row = self.one(sql, [id.into()]).await?;
        Ok(row.map(|row| row.try_get("", "credentials_sealed")).transpose()?)
    }

    /// Gives a project credentials, or takes them away with the name that they are for. `None` where there is no such project.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn set_project_credentials(
        &self,
        author: &Author,
        id: Uuid,
        credentials: Option<ProjectCredentials>,
    ) -> Result<Option<ProjectRow>, StorageError> {
        let (user, sealed) = credentials.map_or((None, None), |new| (new.user, Some(new.sealed)));
        self.write(author, Set { id, user: user.as_deref().map(text), sealed }).await
    }
}

struct Set {
    id: Uuid,
    user: Option<String>,
    sealed: Option<String>,
}

#[async_trait]
impl TenantWrite for Set {
    type Output = Option<ProjectRow>;
    type Error = StorageError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        at: i64,
    ) -> Result<Option<ProjectRow>, StorageError> {
        let Some(mut project) = lock(transaction, org, self.id).await? else { return Ok(None) };
        let sql = "UPDATE projects SET credentials_sealed = $3, credential_user = $4, version = version + 1, \
            updated_at = $5 WHERE org_id = $1 AND id = $2";
        let values =
            [org.0.into(), self.id.into(), self.sealed.clone().into(), self.user.clone().into(), at.into()];
        execute(transaction, sql, values).await?;
        project.has_credentials = self.sealed.is_some();
        project.credential_user.clone_from(&self.user);
        project.version += 1;
        project.updated_at = timestamp(at);
        Ok(Some(project))
    }

    fn audit(&self, output: &Option<ProjectRow>) -> Option<Audit> {
        let action =
            if self.sealed.is_some() { "project.credentials_set" } else { "project.credentials_removed" };
        output.as_ref().map(|project| Audit::new(action, project.id, json!({ "version": project.version })))
    }
}
