//! Projects: repositories, and what it takes to work in them.

mod change;
mod create;
mod credentials;
mod delete;
mod server;

pub use change::ProjectPatch;
pub use create::NewProject;
pub use credentials::ProjectCredentials;

use super::lock::held;
use super::{Page, Tenant};
use crate::convert::{count, from_json, number, timestamp};
use crate::dialect::one;
use crate::error::StorageError;
use sea_orm::{DatabaseTransaction, QueryResult};
use squad_domain::Timestamp;
use squad_domain::ids::OrgId;
use uuid::Uuid;

/// A project. Never holds its credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectRow {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: String,
    /// The repository: a path or a URL, without credentials.
    pub repository: String,
    /// The branch that work starts from; `None`: the repository's own.
    pub default_branch: Option<String>,
    /// What is run once before the work; `None`: nothing.
    pub setup_command: Option<String>,
    /// Hosts that the setup command may reach; empty: none.
    pub setup_hosts: Vec<String>,
    /// What tests the work; `None`: what is detected.
    pub test_command: Option<String>,
    /// Who the credentials are for, where the server asks for a name.
    pub credential_user: Option<String>,
    /// Whether credentials are stored for the repository.
    pub has_credentials: bool,
    /// Whether it is kept for its past only.
    pub archived: bool,
    /// How often it was changed, from 1. New credentials count.
    pub version: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

const COLUMNS: &str = "id, name, description, repository, default_branch, setup_command, setup_hosts, test_command, \
    credential_user, credentials_sealed IS NOT NULL AS has_credentials, archived, version, created_at, updated_at";

fn project(row: &QueryResult) -> Result<ProjectRow, StorageError> {
    Ok(ProjectRow {
        id: row.try_get("", "id")?,
        name: row.try_get("", "name")?,
        description: row.try_get("", "description")?,
        repository: row.try_get("", "repository")?,
        default_branch: row.try_get("", "default_branch")?,
        setup_command: row.try_get("", "setup_command")?,
        setup_hosts: from_json("the hosts of a project", &row.try_get::<String>("", "setup_hosts")?)?,
        test_command: row.try_get("", "test_command")?,
        credential_user: row.try_get("", "credential_user")?,
        has_credentials: row.try_get("", "has_credentials")?,
        archived: row.try_get("", "archived")?,
        version: number(row.try_get("", "version")?),
        created_at: timestamp(row.try_get("", "created_at")?),
        updated_at: timestamp(row.try_get("", "updated_at")?),
    })
}

impl Tenant {
    /// A project. `None` where the organization has none of that id.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn project(&self, id: Uuid) -> Result<Option<ProjectRow>, StorageError> {
        let sql = format!("SELECT {COLUMNS} FROM projects WHERE org_id = $1 AND id = $2");
        self.one(&sql, [id.into()]).await?.as_ref().map(project).transpose()
    }

    /// Projects, newest first; where `archived` is given, those that are, or those that are not.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn projects(
        &self,
        page: Page,
        archived: Option<bool>,
    ) -> Result<Vec<ProjectRow>, StorageError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM projects WHERE org_id = $1 AND id < $2 AND ($3 IS NULL OR archived = $3) \
             ORDER BY id DESC LIMIT $4"
        );
        let values = [page.below().into(), archived.into(), count(page.limit).into()];
        self.all(&sql, values).await?.iter().map(project).collect()
    }
}

/// The project, held until the transaction ends.
async fn lock(
    transaction: &DatabaseTransaction,
    org: OrgId,
    id: Uuid,
) -> Result<Option<ProjectRow>, StorageError> {
    let held = held(transaction);
    let sql = format!("SELECT {COLUMNS} FROM projects WHERE org_id = $1 AND id = $2{held}");
    one(transaction, &sql, [org.0.into(), id.into()]).await?.as_ref().map(project).transpose()
}
