//! A project is changed.

use super::server::same_server;
use super::{ProjectRow, lock};
use crate::convert::{count, text, timestamp, to_json};
use crate::dialect::execute;
use crate::error::StorageError;
use crate::tenant::audit::Audit;
use crate::tenant::{Author, Change, Tenant, TenantWrite};
use async_trait::async_trait;
use sea_orm::DatabaseTransaction;
use serde_json::json;
use squad_domain::ids::OrgId;
use uuid::Uuid;

/// What is to change of a project. `None` leaves a thing as it is; `Some(None)` takes it away.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProjectPatch {
    /// Its name.
    pub name: Option<String>,
    /// What it is.
    pub description: Option<String>,
    /// The repository: a path or a URL, without credentials. Where it is another server's, what is stored for the old one is
    /// forgotten: it must not be shown to anybody else.
    pub repository: Option<String>,
    /// The branch that work starts from.
    pub default_branch: Option<Option<String>>,
    /// What is run once before the work.
    pub setup_command: Option<Option<String>>,
    /// Hosts that the setup command may reach.
    pub setup_hosts: Option<Vec<String>>,
    /// What tests the work.
    pub test_command: Option<Option<String>>,
    /// Who the credentials are for.
    pub credential_user: Option<Option<String>>,
    /// Whether it is kept for its past only.
    pub archived: Option<bool>,
}

impl ProjectPatch {
    fn apply(&self, project: &ProjectRow) -> ProjectRow {
        let required = |new: &Option<String>, old: &String| new.as_deref().map_or_else(|| old.clone(), text);
        let optional = |new: &Option<Option<String>>, old: &Option<String>| match new {
            Some(new) => new.as_deref().map(text),
            None => old.clone(),
        };
        ProjectRow {
            name: required(&self.name, &project.name),
            description: required(&self.description, &project.description),
            repository: required(&self.repository, &project.repository),
            default_branch: optional(&self.default_branch, &project.default_branch),
            setup_command: optional(&self.setup_command, &project.setup_command),
            setup_hosts: self.setup_hosts.clone().unwrap_or_else(|| project.setup_hosts.clone()),
            test_command: optional(&self.test_command, &project.test_command),
            credential_user: optional(&self.credential_user, &project.credential_user),
            archived: self.archived.unwrap_or(project.archived),
            ..project.clone()
        }
        .on_its_server(project, self.credential_user.is_some())
    }
}

impl ProjectRow {
    /// Without credentials, where those of the old server would go to another one.
    fn on_its_server(mut self, old: &Self, names_user: bool) -> Self {
        if !same_server(&old.repository, &self.repository) {
            self.has_credentials = false;
            if !names_user {
                self.credential_user = None;
            }
        }
        self
    }
}

/// The names of what differs.
fn differences(old: &ProjectRow, new: &ProjectRow) -> Vec<&'static str> {
    [
        ("name", old.name != new.name),
        ("description", old.description != new.description),
        ("repository", old.repository != new.repository),
        ("default_branch", old.default_branch != new.default_branch),
        ("setup_command", old.setup_command != new.setup_command),
        ("setup_hosts", old.setup_hosts != new.setup_hosts),
        ("test_command", old.test_command != new.test_command),
        ("credential_user", old.credential_user != new.credential_user),
        ("credentials", old.has_credentials != new.has_credentials),
        ("archived", old.archived != new.archived),
    ]
    .into_iter()
    .filter_map(|(name, differs)| differs.then_some(name))
    .collect()
}

impl Tenant {
    /// Changes a project, where it is at the version `expected`, if one is named. What changes nothing makes no version.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn update_project(
        &self,
        author: &Author,
        id: Uuid,
        expected: Option<u64>,
        patch: ProjectPatch,
    ) -> Result<Change<ProjectRow>, StorageError> {
        Ok(self.write(author, Update { id, expected, patch }).await?.change)
    }
}

struct Update {
    id: Uuid,
    expected: Option<u64>,
    patch: ProjectPatch,
}

struct Updated {
    change: Change<ProjectRow>,
    differences: Vec<&'static str>,
}

impl From<Change<ProjectRow>> for Updated {
    fn from(change: Change<ProjectRow>) -> Self {
        Self { change, differences: Vec::new() }
    }
}

#[async_trait]
impl TenantWrite for Update {
    type Output = Updated;
    type Error = StorageError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        at: i64,
    ) -> Result<Updated, StorageError> {
        let Some(old) = lock(transaction, org, self.id).await? else { return Ok(Change::NotFound.into()) };
        if self.expected.is_some_and(|expected| expected != old.version) {
            return Ok(Change::Stale(old).into());
        }
        let mut new = self.patch.apply(&old);
        let differences = differences(&old, &new);
        if differences.is_empty() {
            return Ok(Change::Done(old).into());
        }
        new.version += 1;
        new.updated_at = timestamp(at);
        execute(
            transaction,
            "UPDATE projects SET name = $3, description = $4, repository = $5, default_branch = $6, \
                setup_command = $7, setup_hosts = $8, test_command = $9, credential_user = $10, archived = $11, \
                version = $12, updated_at = $13, \
                credentials_sealed = CASE WHEN $14 THEN credentials_sealed ELSE NULL END WHERE org_id = $1 AND id = $2",
            [
                org.0.into(),
                self.id.into(),
                new.name.as_str().into(),
                new.description.as_str().into(),
                new.repository.as_str().into(),
                new.default_branch.clone().into(),
                new.setup_command.clone().into(),
                to_json(&new.setup_hosts)?.into(),
                new.test_command.clone().into(),
                new.credential_user.clone().into(),
                new.archived.into(),
                count(new.version).into(),
                at.into(),
                new.has_credentials.into(),
            ],
        )
        .await?;
        Ok(Updated { change: Change::Done(new), differences })
    }

    fn audit(&self, output: &Updated) -> Option<Audit> {
        let Change::Done(project) = &output.change else { return None };
        let details = json!({ "changed": output.differences, "version": project.version });
        (!output.differences.is_empty()).then(|| Audit::new("project.updated", project.id, details))
    }
}
