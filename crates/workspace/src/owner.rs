use serde::{Deserialize, Serialize};

/// The user that files of a workspace belong to, where the sandbox runs under another uid than the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Numeric user id on the host.
    pub uid: u32,
    /// Numeric group id on the host.
    pub gid: u32,
}
