//! What ends a command before its work is done.

use crate::config::ConfigError;
use crate::exit::Exit;
use crate::squads::TemplateError;
use squad_domain::execution::ApplyError;
use squad_domain::ids::ExecutionId;
use squad_engine::EngineError;
use squad_sandbox::SandboxError;
use squad_scripted::{SampleError, StartError};
use squad_storage::StorageError;
use std::path::PathBuf;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The squad.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The words of the members.
    #[error(transparent)]
    Prompts(#[from] squad_agents::PromptError),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The database.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The sandbox.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The repository's name.
    #[error(transparent)]
    Repository(#[from] squad_workspace::Error),
    /// A log that cannot be followed.
    #[error("the log cannot be followed: {0}; it may come from a newer version of squad")]
    Log(#[from] ApplyError),
    /// The server's port.
    #[error(transparent)]
    Serve(#[from] squad_api::ServeError),
    /// The keys that sign access tokens.
    #[error(transparent)]
    Keys(#[from] squad_api::KeyError),
    /// Mail.
    #[error("`SQUAD_SMTP_URL` or `server.mail_from` cannot be used: {0}")]
    Mail(#[from] squad_integrations::mail::MailConfigError),
    /// The sample project.
    #[error(transparent)]
    Sample(#[from] SampleError),
    /// The scripted model.
    #[error(transparent)]
    Scripted(#[from] StartError),
    /// The data folder.
    #[error("the data folder `{path}` cannot be made: {source}; choose another one with `--data-dir`", path = path.display())]
    DataFolder {
        /// Where it should be.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// What ended the driving of an execution that can go on.
    #[error("{source}; nothing is lost: once that is mended, go on with `squad resume {short}`", short = id.short())]
    Stopped {
        /// Which execution.
        id: ExecutionId,
        /// Why.
        source: EngineError,
    },
    /// A file.
    #[error("cannot {action} `{path}`: {source}", path = path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Usage that only the database can tell is wrong.
    #[error("{0}")]
    Usage(String),
    /// Something that is needed is not there.
    #[error("{0}")]
    Missing(String),
}

impl CliError {
    /// The exit status that goes with it.
    pub(crate) const fn exit(&self) -> Exit {
        match self {
            Self::Config(_)
            | Self::Template(_)
            | Self::Prompts(_)
            | Self::Repository(_)
            | Self::Serve(_)
            | Self::Mail(_)
            | Self::Keys(squad_api::KeyError::Sealed(_) | squad_api::KeyError::Ring(_))
            | Self::DataFolder { .. }
            | Self::Usage(_) => Exit::Usage,
            Self::Storage(error) | Self::Engine(EngineError::Storage(error)) => database(error),
            // What was asked for is not to be had here: a matter of configuration, not of the work.
            Self::Sandbox(SandboxError::NotInThisBuild { .. } | SandboxError::DoesNotHold { .. }) => {
                Exit::Usage
            }
            Self::Engine(
                EngineError::Member { .. }
                | EngineError::Models(_)
                | EngineError::UnknownPrice(_)
                | EngineError::Squad(_)
                | EngineError::NotFound(_)
                | EngineError::NoSuchQuestion { .. }
                | EngineError::NoSuchMember { .. }
                | EngineError::UnfitAnswer(_)
                | EngineError::Ended { .. },
            ) => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}

/// A database that was not found or cannot be used as it is, is a matter of configuration.
const fn database(error: &StorageError) -> Exit {
    match error {
        StorageError::InvalidUrl { .. }
        | StorageError::Missing { .. }
        | StorageError::NotWritable { .. }
        | StorageError::Corrupt { .. }
        | StorageError::Damaged { .. }
        | StorageError::Unreachable { .. }
        | StorageError::Refused { .. }
        | StorageError::NoDatabase { .. }
        | StorageError::Newer { .. } => Exit::Usage,
        _ => Exit::Failed,
    }
}
