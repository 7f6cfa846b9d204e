//! Why a sandbox could not be had or used.

use std::io;
use std::path::PathBuf;

use crate::Tier;

/// Why a sandbox could not be had or used. A command that ran and failed is no error.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// This program was built without the tier.
    #[error(
        "sandbox tier `{tier}` is not available in this build of squad; use `builtin`, or `none` for code that you trust"
    )]
    NotInThisBuild {
        /// The tier asked for.
        tier: Tier,
    },
    /// The tier was tried and does not hold on this machine.
    #[error("sandbox tier `{tier}` does not hold on this machine: {reason}; {remedy}")]
    DoesNotHold {
        /// The tier asked for.
        tier: Tier,
        /// The guarantees that failed, in words.
        reason: String,
        /// What a person can do.
        remedy: String,
    },
    /// The launcher could not be started or died.
    #[error("the sandbox launcher failed: {reason}; run `squad doctor` to see what this machine allows")]
    Launcher {
        /// What happened.
        reason: String,
    },
    /// The walls could not be built; nothing of the command ran.
    #[error("the sandbox could not be set up: {reason}; run `squad doctor` to see what this machine allows")]
    Setup {
        /// The failing step and what the kernel said.
        reason: String,
    },
    /// The Docker daemon refused something; nothing of the command ran.
    #[error("cannot {action}: {reason}; run `squad doctor` to see what this machine allows")]
    Docker {
        /// What was tried.
        action: String,
        /// What the daemon said.
        reason: String,
    },
    /// A path of the workspace cannot be used.
    #[error("`{path}` cannot be used in a sandbox: {reason}")]
    Path {
        /// The host path.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A granted host is malformed.
    #[error("`{host}` is no host name that can be granted: name it exactly or as `*.example.com`")]
    Host {
        /// The text given.
        host: String,
    },
    /// The session was destroyed before.
    #[error("the sandbox session `{id}` was destroyed; prepare a new one")]
    Destroyed {
        /// The workspace's name.
        id: String,
    },
    /// The host refused something that every run needs.
    #[error("cannot {action}: {source}")]
    Io {
        /// What was tried.
        action: String,
        /// What the system said.
        source: io::Error,
    },
}

impl SandboxError {
    pub(crate) fn io(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        move |source| Self::Io { action, source }
    }
}
