//! The toolchains of the host, as commands inside see them: read-only, at their own paths, without credentials.

mod cache;
mod credentials;
mod environment;
mod roots;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub(crate) use environment::{environment, environment_of_image, environment_without_walls};
pub use roots::HostEnvironment;

use crate::launcher::policy::{Node, NodeKind};
use crate::{SandboxError, WorkspaceSpec};

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

    /// Sets up what tools want to find in the project's private cache.
    pub(crate) fn prepare_cache(&self, cache: &Path) -> Result<(), SandboxError> {
        self.cargo_home().map_or(Ok(()), |cargo| cache::prepare_cargo(&cargo, cache))
    }

    /// Packages that the user fetched before, where tools look for them in the command's home folder.
    pub(crate) fn add_packages(&self, nodes: &mut Vec<Node>, spec: &WorkspaceSpec, home: &Path) {
        let Some(cargo) = self.cargo_home() else { return };
        let private = home.join(cache::PRIVATE);
        if spec.cache_dir.is_none() {
            nodes.push(Node { target: private.clone(), kind: NodeKind::Folder });
        }
        for part in cache::shared_packages(&cargo, spec.cache_dir.as_deref(), &spec.hosts) {
            let source = cargo.join(&part);
            let source = source.canonicalize().unwrap_or(source);
            nodes
                .push(Node { target: private.join(&part), kind: NodeKind::Bind { source, writable: false } });
        }
    }

    fn cargo_home(&self) -> Option<PathBuf> {
        self.host.tool_home("CARGO_HOME", ".cargo")
    }

    /// Whether a host path is seen inside.
    fn shows(&self, path: &Path) -> bool {
        let system = ["/usr", "/bin", "/sbin", "/nix/store"];
        system.iter().any(|root| path.starts_with(root))
            || self.roots.iter().any(|root| path.starts_with(root))
    }
}
