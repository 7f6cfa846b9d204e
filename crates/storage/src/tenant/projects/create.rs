//! A project is made.

use super::{ProjectRow, lock};
use crate::convert::{text, to_json};
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

/// A project that is about to be made.
#[derive(Clone)]
pub struct NewProject {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: String,
    /// The repository: a path or a URL, without credentials.
    pub repository: String,
    /// The branch that work starts from.
    pub default_branch: Option<String>,
    /// What is run once before the work.
    pub setup_command: Option<String>,
    /// Hosts that the setup command may reach.
    pub setup_hosts: Vec<String>,
    /// What tests the work.
    pub test_command: Option<String>,
    /// Who the credentials are for.
    pub credential_user: Option<String>,
    /// The credentials, sealed by the caller.
    pub credentials: Option<String>,
}

impl fmt::Debug for NewProject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewProject")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("repository", &self.repository)
            .finish_non_exhaustive()
    }
}

impl Tenant {
    /// Makes a project. `None` where the id is taken.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn create_project(
        &self,
        author: &Author,
        project: NewProject,
    ) -> Result<Option<ProjectRow>, StorageError> {
        self.write(author, Create(project)).await
    }
}

struct Create(NewProject);

#[async_trait]
impl TenantWrite for Create {
    type Output = Option<ProjectRow>;
    type Error = StorageError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        at: i64,
    ) -> Result<Option<ProjectRow>, StorageError> {
        let new = &self.0;
        let optional = |value: &Option<String>| value.as_deref().map(text);
        let made = execute(
            transaction,
            "INSERT INTO projects (id, org_id, name, description, repository, default_branch, setup_command, \
                setup_hosts, test_command, credential_user, credentials_sealed, archived, version, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1, $13, $13) ON CONFLICT (id) DO NOTHING",
            [
                new.id.into(),
                org.0.into(),
                text(&new.name).into(),
                text(&new.description).into(),
                text(&new.repository).into(),
                optional(&new.default_branch).into(),
                optional(&new.setup_command).into(),
                to_json(&new.setup_hosts)?.into(),
                optional(&new.test_command).into(),
                optional(&new.credential_user).into(),
                optional(&new.credentials).into(),
                false.into(),
                at.into(),
            ],
        )
        .await?;
        if made == 0 { Ok(None) } else { lock(transaction, org, new.id).await }
    }

    fn audit(&self, output: &Option<ProjectRow>) -> Option<Audit> {
        output.as_ref().map(|project| {
            let details = json!({ "name": project.name, "credentials": project.has_credentials });
            Audit::new("project.created", project.id, details)
        })
    }
}
