//! The Docker daemon, over its local socket.

use std::path::{Path, PathBuf};

use bollard::query_parameters::{ListContainersOptions, RemoveContainerOptions};
use bollard::{API_DEFAULT_VERSION, Docker};

use super::owner::Owner;
use crate::{SandboxError, Tier};

/// Where the daemon listens unless `DOCKER_HOST` says otherwise.
const SOCKET: &str = "/var/run/docker.sock";

/// How long the daemon may take for an answer, in seconds. Starting containers on a busy machine takes some.
const PATIENCE: u64 = 120;

/// The label by which containers of this program are known; its value is the [`Owner`].
pub(super) const LABEL: &str = "agent-squad.owner";

/// A daemon that answered.
#[derive(Debug, Clone)]
pub(crate) struct Daemon {
    pub(crate) docker: Docker,
    pub(crate) owner: Owner,
    /// Names of the registered runtimes.
    runtimes: Vec<String>,
}

impl Daemon {
    /// Connects, and removes what dead owners left behind.
    pub(crate) async fn connect(tier: Tier, host: Option<&str>) -> Result<Self, SandboxError> {
        let refuse = |reason: String, remedy: String| SandboxError::DoesNotHold { tier, reason, remedy };
        let socket = socket(tier, host)?;
        let shown = socket.display();
        if !socket.exists() {
            return Err(refuse(
                format!("there is no Docker daemon at `{shown}`"),
                "install Docker and start its service (on Debian as root: `apt-get install docker.io`), or name its socket \
                 in `DOCKER_HOST`"
                    .into(),
            ));
        }
        let failed = |error: bollard::errors::Error| {
            let reason = format!("the Docker daemon at `{shown}` does not answer: {}", chain(&error));
            let denied = reason.to_lowercase().contains("permission denied");
            let remedy = if denied {
                "become a member of its group (`usermod -aG docker $USER`, then log in again); its members have root's \
                 rights on this machine"
            } else {
                "start its service (`systemctl start docker`)"
            };
            refuse(reason, remedy.into())
        };
        let path = socket.to_string_lossy();
        let docker = Docker::connect_with_unix(&path, PATIENCE, API_DEFAULT_VERSION).map_err(failed)?;
        let docker = docker.negotiate_version().await.map_err(failed)?;
        let info = docker.info().await.map_err(failed)?;
        let options = info.security_options.unwrap_or_default();
        for (option, what) in
            [("name=rootless", "rootless mode"), ("name=userns", "user namespace remapping")]
        {
            if options.iter().any(|given| given.starts_with(option)) {
                return Err(refuse(
                    format!(
                        "the Docker daemon at `{shown}` runs in {what}, in which commands could not write the workspace"
                    ),
                    "use the tier `builtin`, or a daemon without it".into(),
                ));
            }
        }
        let runtimes = info.runtimes.unwrap_or_default().into_keys().collect();
        let daemon = Self { docker, owner: Owner::this_process(), runtimes };
        daemon.remove_orphans().await;
        Ok(daemon)
    }

    pub(crate) fn has_runtime(&self, name: &str) -> bool {
        self.runtimes.iter().any(|runtime| runtime == name)
    }

    /// Containers end with their owner. What can be left is one that was never started, or whose daemon died.
    async fn remove_orphans(&self) {
        let filters = [("label".to_owned(), vec![LABEL.to_owned()])].into();
        let options = ListContainersOptions { all: true, filters: Some(filters), ..Default::default() };
        let Ok(found) = self.docker.list_containers(Some(options)).await else { return };
        for container in found {
            let owner = container.labels.as_ref().and_then(|labels| labels.get(LABEL));
            let orphan = owner.is_none_or(|owner| self.owner.outlived(owner));
            if let Some(id) = container.id.filter(|_| orphan) {
                tracing::debug!(%id, "removing a container whose owner is gone");
                self.remove(&id).await;
            }
        }
    }

    /// Kills and removes a container; it may be gone already.
    pub(crate) async fn remove(&self, id: &str) {
        let options = RemoveContainerOptions { force: true, v: true, ..Default::default() };
        if let Err(error) = self.docker.remove_container(id, Some(options)).await {
            tracing::debug!(%id, %error, "a container is removed by somebody else");
        }
    }
}

/// A failed request, in the daemon's words.
pub(crate) fn failed(action: impl Into<String>) -> impl FnOnce(bollard::errors::Error) -> SandboxError {
    let action = action.into();
    move |error| SandboxError::Docker { action, reason: chain(&error) }
}

/// An error with its causes: the outermost often says only that a request failed.
fn chain(error: &bollard::errors::Error) -> String {
    if let bollard::errors::Error::DockerResponseServerError { message, .. } = error {
        return message.clone();
    }
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

fn socket(tier: Tier, host: Option<&str>) -> Result<PathBuf, SandboxError> {
    let Some(host) = host.filter(|host| !host.is_empty()) else { return Ok(SOCKET.into()) };
    if let Some(path) = host.strip_prefix("unix://") {
        return Ok(Path::new(path).to_path_buf());
    }
    Err(SandboxError::DoesNotHold {
        tier,
        reason: format!(
            "`DOCKER_HOST` is `{host}`, and workspaces can only be given to a daemon on this machine"
        ),
        remedy: "set it to `unix://<path of a socket>`, or unset it".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_local_socket_will_do() {
        assert_eq!(socket(Tier::Docker, None).unwrap(), Path::new(SOCKET));
        assert_eq!(socket(Tier::Docker, Some("unix:///a/b")).unwrap(), Path::new("/a/b"));
        for host in ["tcp://127.0.0.1:2375", "ssh://ada@example.com", "/a/b"] {
            let refused = socket(Tier::Gvisor, Some(host)).unwrap_err().to_string();
            assert!(refused.contains(host) && refused.contains("`gvisor`"), "{refused}");
        }
    }
}
