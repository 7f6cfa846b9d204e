//! Projects.

use crate::dto::moment::Moment;
use crate::dto::slugs;
use serde::Serialize;
use squad_engine::{Inspection, SuggestedCommand};
use squad_storage::ProjectRow;
use std::collections::BTreeSet;
use utoipa::ToSchema;
use uuid::Uuid;

/// A repository, and what it takes to work in it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Project {
    /// Its id.
    id: Uuid,
    /// Its name.
    #[schema(example = "Shop")]
    name: String,
    /// What it is.
    description: String,
    /// The repository: a URL, or a path on the server.
    #[schema(example = "https://git.example.com/shop.git")]
    repository: String,
    /// The branch that work starts from; absent: the repository's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "main")]
    default_branch: Option<String>,
    /// What is run once before the work; absent: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "npm ci")]
    setup_command: Option<String>,
    /// Hosts that the setup command may reach; empty: none.
    setup_hosts: Vec<String>,
    /// What tests the work; absent: what is detected.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "npm test")]
    test_command: Option<String>,
    /// Who the credentials are for, where the server asks for a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    credential_user: Option<String>,
    /// Whether credentials are stored. What they are is never shown.
    has_credentials: bool,
    /// Whether it is kept for its past only.
    archived: bool,
    /// How often it was changed, from 1.
    #[schema(example = 1)]
    version: u64,
    /// When it was made.
    created_at: Moment,
    /// When it was last changed.
    updated_at: Moment,
}

impl From<ProjectRow> for Project {
    fn from(row: ProjectRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            description: row.description,
            repository: row.repository,
            default_branch: row.default_branch,
            setup_command: row.setup_command,
            setup_hosts: row.setup_hosts,
            test_command: row.test_command,
            credential_user: row.credential_user,
            has_credentials: row.has_credentials,
            archived: row.archived,
            version: row.version,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        }
    }
}

/// What a repository is found to be.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Detection {
    /// The branch that was looked at: the repository's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "main")]
    branch: Option<String>,
    /// The commit that was looked at.
    #[schema(example = "4b825dc642cb6eb9a060e54bf8d69288fbee4904")]
    commit: String,
    /// What it is written in, or built with.
    #[schema(schema_with = slugs::ecosystems)]
    languages: Vec<&'static str>,
    /// What a squad would test with; absent: nothing was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "npm test")]
    test_command: Option<String>,
    /// All that may run the tests, the likeliest first.
    tests: Vec<FoundCommand>,
    /// What may be needed first. None of it is run unless it is the project's setup command.
    setups: Vec<FoundCommand>,
    /// What a person should know, in full sentences.
    notes: Vec<String>,
}

/// A command that a repository's own files suggest.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FoundCommand {
    /// For the shell, in the repository's root.
    #[schema(example = "npm test")]
    command: String,
    /// Which file says so.
    #[schema(example = "`package.json` has a `test` script")]
    reason: String,
    /// What it belongs to.
    #[schema(schema_with = slugs::ecosystem)]
    language: &'static str,
    /// Hosts that the repository names for it.
    hosts: Vec<String>,
}

impl From<SuggestedCommand> for FoundCommand {
    fn from(found: SuggestedCommand) -> Self {
        let SuggestedCommand { command, reason, ecosystem, hosts } = found;
        Self { command, reason, language: ecosystem, hosts }
    }
}

impl From<Inspection> for Detection {
    fn from(seen: Inspection) -> Self {
        let languages: BTreeSet<_> =
            seen.tests.iter().chain(&seen.setups).map(|found| found.ecosystem).collect();
        Self {
            branch: seen.branch,
            commit: seen.commit,
            languages: languages.into_iter().collect(),
            test_command: seen.tests.first().map(|found| found.command.clone()),
            tests: seen.tests.into_iter().map(FoundCommand::from).collect(),
            setups: seen.setups.into_iter().map(FoundCommand::from).collect(),
            notes: seen.notes,
        }
    }
}
