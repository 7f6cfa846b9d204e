//! What can be wrong with the configuration. All of it ends with exit status 2.

use std::path::PathBuf;

/// What is wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// A file cannot be read.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file is not TOML.
    #[error("{path}:{line}: {message}", path = path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// A value in a file does not fit.
    #[error("{path}:{line}: `{key}`: {message}", path = path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// The key, `limits.review_rounds`.
        key: String,
        /// What is wrong with it.
        message: String,
    },
    /// A key that means nothing.
    #[error("{path}:{line}: there is no setting `{key}`; `squad config show --help` lists those there are", path = path.display())]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// The key.
        key: String,
    },
    /// A key that a repository must not set.
    #[error(
        "{origin}: `{key}` is not taken from a file in a repository, because it decides where your keys and your work go, or which programs start outside of the sandbox; set it in your own file (`~/.config/squad/squad.toml`), by a variable or by a flag"
    )]
    OwnOnly {
        /// The file and the line.
        origin: String,
        /// The key.
        key: String,
    },
    /// A variable or a flag does not fit.
    #[error("{origin}: {message}")]
    Given {
        /// `SQUAD_BUDGET`, `--price`.
        origin: String,
        /// What is wrong with it.
        message: String,
    },
    /// No isolation must be asked for where it is used.
    #[error(
        "{origin}: the sandbox `none` takes commands of models straight to this machine; it can only be given by the flag `--sandbox none`"
    )]
    UnguardedSandbox {
        /// Where it is set.
        origin: String,
    },
    /// Nobody said which model to use.
    #[error(
        "no model is chosen and no provider's key is set; pass `--model provider/model`, or set for example `ANTHROPIC_API_KEY`"
    )]
    NoModel,
    /// A flag that needs a model beside it.
    #[error("`{flag}` needs `--model provider/model`, so that it is clear which model it is for")]
    NeedsModel {
        /// The flag.
        flag: &'static str,
    },
}
