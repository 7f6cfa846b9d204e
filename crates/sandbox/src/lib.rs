//! Where code that a model wrote runs: one trait, its tiers, limits and egress.
//!
//! [`select`] probes a tier for real and gives a [`Sandbox`]; [`Sandbox::prepare`] opens a [`Session`] on one workspace;
//! [`Session::exec`] runs commands in it. Nothing of the server's environment enters, the network is off unless hosts
//! are granted, and the whole process tree dies on time-out, cancel, drop and the death of the server.
//!
//! What never happens here: no command runs outside a session, no tier falls back to a weaker one, and git metadata is
//! never writable from inside.

mod builtin;
mod channel;
mod container;
mod egress;
mod error;
mod launcher;
mod limits;
mod output;
mod probe;
mod result;
mod sandbox;
mod select;
mod spec;
mod tier;
mod toolchain;

pub use builtin::{BuiltinSandbox, SANDBOX_ID, WORKSPACE_INSIDE, workspace_owner};
pub use container::{ContainerSandbox, DockerConfig};
pub use egress::{EgressEvent, EgressLog, EgressPolicy};
pub use error::SandboxError;
pub use launcher::policy::Enforcement;
pub use launcher::{LAUNCHER_COMMAND, launcher_main};
pub use limits::Limits;
pub use output::Output;
pub use probe::{Check, ProbeReport};
pub use result::{ExecResult, ExitStatus};
pub use sandbox::{Sandbox, Session};
pub use select::{SandboxConfig, select};
pub use spec::{Command, ExecOptions, OutputSink, ReadOnlyMount, WorkspaceSpec};
pub use tier::{Tier, TierChoice, UnknownTier};
pub use toolchain::HostEnvironment;
