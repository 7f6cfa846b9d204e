//! The toolchains of the host, as commands inside see them: read-only, at their own paths, without credentials.

mod cache;
mod credentials;
mod environment;
mod roots;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub(crate) use environment::environment;
pub use roots::HostEnvironment;

use crate::SandboxError;
use crate::launcher::policy::{Node, NodeKind};

/// What is shown of the host's toolchains.
#[derive(Debug, Clone)]
pub(crate) struct Toolchains {
    host: HostEnvironment,
    roots: BTreeSet<PathBuf>,
    masks: Vec<PathBuf>,
}

impl Toolchains {
    pub(crate) fn discover(host: &HostEnvironment) -> Self {
        let roots = roots::find(host);
        let masks = roots.iter().flat_map(|root| credentials::find(root)).collect();
        Self { host: host.clone(), roots, masks }
    }

    pub(crate) fn add_nodes(&self, nodes: &mut Vec<Node>) {
        for root in &self.roots {
            let kind = NodeKind::Bind {
                source: root.canonicalize().unwrap_or_else(|_| root.clone()),
                writable: false,
            };
            nodes.push(Node { target: root.clone(), kind });
        }
        nodes.extend(self.masks.iter().map(|mask| Node { target: mask.clone(), kind: NodeKind::Mask }));
    }

    /// Links what the user's package caches already hold into the project's private cache.
    pub(crate) fn fill_cache(&self, cache: &Path) -> Result<(), SandboxError> {
        match self.host.tool_home("CARGO_HOME", ".cargo") {
            Some(cargo) => cache::link_cargo(&cargo, cache),
            None => Ok(()),
        }
    }

    /// Whether a host path is seen inside.
    fn shows(&self, path: &Path) -> bool {
        let system = ["/usr", "/bin", "/sbin", "/nix/store"];
        system.iter().any(|root| path.starts_with(root))
            || self.roots.iter().any(|root| path.starts_with(root))
    }
}
