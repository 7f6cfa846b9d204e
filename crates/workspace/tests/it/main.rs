//! The crate against the real git, in temporary folders.
#![expect(
    clippy::unwrap_used,
    reason = "in a test an unexpected error is a failure, and the panic says where"
)]

mod checkpoint;
mod deliver;
mod files;
mod hostile;
mod import;
mod malicious;
mod merge;
mod planted;
mod spare;
mod support;
