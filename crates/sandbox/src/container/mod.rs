//! Tiers `docker` and `gvisor`: commands in containers of a Docker daemon.
//!
//! ```text
//! squad ── Docker daemon ── runtime ──► process 1 (ours: runs, kills, cleans up) ── fork ──► command
//! ```
//!
//! The daemon builds the walls; what is in them (mounts, limits, environment, system call filter) is the same policy as
//! in tier `builtin`. Process 1 is our own program, whose input the daemon closes when squad dies.

mod body;
mod daemon;
mod disk;
mod image;
mod owner;
mod program;
mod running;
mod session;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::OnceCell;

use self::body::{Plan, body};
use self::daemon::{Daemon, failed};
use self::program::Program;
use self::running::Running;
pub(crate) use self::session::ContainerSession;
use crate::builtin::{
    HOME_INSIDE, blocking, checked, hand_over, nodes, nodes_without_system, shell, workspace_owner,
};
use crate::egress::EgressPolicy;
use crate::launcher::policy::Node;
use crate::toolchain::{Toolchains, environment, environment_of_image};
use crate::{
    EgressLog, HostEnvironment, Limits, ProbeReport, Sandbox, SandboxConfig, SandboxError, Session, Tier,
    WorkspaceSpec,
};

/// The name under which the runtime of tier `gvisor` is registered with the daemon.
const GVISOR_RUNTIME: &str = "runsc";

/// Commands in containers of a Docker daemon on this machine.
#[derive(Debug, Clone)]
pub struct ContainerSandbox {
    pub(crate) tier: Tier,
    pub(crate) launcher: PathBuf,
    pub(crate) docker: DockerConfig,
    toolchains: Arc<Toolchains>,
    egress: EgressPolicy,
    log: EgressLog,
    daemon: Arc<OnceCell<Arc<Daemon>>>,
}

/// Where the Docker daemon is, and what containers are made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DockerConfig {
    /// The daemon's socket as `unix://<path>`; without it, `/var/run/docker.sock`.
    pub host: Option<String>,
    /// An image whose root commands get in place of the host's system and toolchains. It must be there already: nothing is
    /// downloaded.
    pub image: Option<String>,
}

impl DockerConfig {
    /// The daemon that `DOCKER_HOST` names, and the host's own toolchains.
    pub fn of_this_process() -> Self {
        Self { host: std::env::var("DOCKER_HOST").ok(), image: None }
    }
}

/// What the containers of a session are made of.
struct Ready {
    image: String,
    program: Program,
    nodes: Vec<Node>,
    environment: Vec<(String, String)>,
    /// The words before the command's line.
    shell: Vec<String>,
}

impl ContainerSandbox {
    /// Containers of the daemon's usual runtime: tier `docker`.
    pub fn docker(config: &SandboxConfig) -> Self {
        Self::new(Tier::Docker, config)
    }

    /// Containers with a kernel of their own in user space: tier `gvisor`.
    pub fn gvisor(config: &SandboxConfig) -> Self {
        Self::new(Tier::Gvisor, config)
    }

    fn new(tier: Tier, config: &SandboxConfig) -> Self {
        Self {
            tier,
            launcher: config.launcher.clone(),
            docker: config.docker.clone(),
            toolchains: Arc::new(Toolchains::discover(&HostEnvironment::of_this_process())),
            egress: config.egress.clone(),
            log: config.egress_log.clone(),
            daemon: Arc::default(),
        }
    }

    /// Takes toolchains from this environment instead of the process' own.
    #[must_use]
    pub fn with_host_environment(mut self, environment: &HostEnvironment) -> Self {
        self.toolchains = Arc::new(Toolchains::discover(environment));
        self
    }

    async fn daemon(&self) -> Result<&Arc<Daemon>, SandboxError> {
        let connect = || async {
            let daemon = Daemon::connect(self.tier, self.docker.host.as_deref()).await?;
            if self.tier == Tier::Gvisor && !daemon.has_runtime(GVISOR_RUNTIME) {
                return Err(without_gvisor(find_program(GVISOR_RUNTIME).as_deref()));
            }
            Ok(Arc::new(daemon))
        };
        self.daemon.get_or_try_init(connect).await
    }

    /// A new container that waits for commands.
    async fn start(&self, ready: &Ready, limits: &Limits) -> Result<Running, SandboxError> {
        let daemon = self.daemon().await?;
        let plan = Plan {
            image: &ready.image,
            runtime: (self.tier == Tier::Gvisor).then_some(GVISOR_RUNTIME),
            program: &ready.program,
            nodes: &ready.nodes,
            limits,
            user: user(),
            owner: &daemon.owner,
        };
        Running::start(daemon.clone(), body(&plan)).await
    }

    pub(crate) async fn open(&self, spec: WorkspaceSpec) -> Result<ContainerSession, SandboxError> {
        let daemon = self.daemon().await?;
        let (toolchains, for_cache) = (self.toolchains.clone(), self.docker.image.is_none());
        let spec = blocking(move || {
            let spec = checked(spec)?;
            hand_over(&spec.root, true)?;
            if let Some(cache) = &spec.cache_dir {
                hand_over(cache, false)?;
                if for_cache {
                    toolchains.prepare_cache(cache)?;
                }
            }
            Ok(spec)
        })
        .await?;
        let egress_port = (!spec.hosts.is_empty()).then_some(crate::builtin::EGRESS_PORT);
        let home = Path::new(HOME_INSIDE);
        let ready = match &self.docker.image {
            Some(image) => {
                let found = daemon.docker.inspect_image(image).await;
                let found = found.map_err(failed(format!("use the image `{image}`")))?;
                let variables = found.config.and_then(|config| config.env).unwrap_or_default();
                Ready {
                    image: image.clone(),
                    program: Program::new(&self.launcher, true)?,
                    nodes: nodes_without_system(&spec),
                    environment: environment_of_image(&variables, home, egress_port),
                    shell: SHELL_OF_IMAGE.map(String::from).into(),
                }
            }
            None => {
                let nodes = nodes(&spec, &self.toolchains, user())?;
                Ready {
                    image: image::ensure(&daemon.docker, &nodes).await?,
                    program: Program::new(&self.launcher, false)?,
                    nodes,
                    environment: environment(&self.toolchains, home, egress_port),
                    shell: vec![shell().into(), "-c".into()],
                }
            }
        };
        ContainerSession::open(self.clone(), spec, ready)
    }
}

/// `bash` where an image has it. The line itself comes after these words, as `$0`.
const SHELL_OF_IMAGE: [&str; 3] = [
    "/bin/sh",
    "-c",
    "if command -v bash >/dev/null 2>&1; then exec bash -c \"$0\"; fi; exec /bin/sh -c \"$0\"",
];

/// Who everything in a container is on the host: a user without rights, or the one who runs squad.
fn user() -> (u32, u32) {
    workspace_owner()
        .unwrap_or_else(|| (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw()))
}

fn without_gvisor(installed: Option<&Path>) -> SandboxError {
    let remedy = match installed {
        Some(path) => format!(
            "it is installed as `{path}`: register it with `{path} install` as root, or add `\"runtimes\": {{\"runsc\": \
             {{\"path\": \"{path}\"}}}}` to `/etc/docker/daemon.json`; then restart Docker (`systemctl restart docker`)",
            path = path.display()
        ),
        None => "install a current gVisor (https://gvisor.dev/docs/user_guide/install), run `runsc install` as root, and \
                 restart Docker (`systemctl restart docker`)"
            .into(),
    };
    SandboxError::DoesNotHold {
        tier: Tier::Gvisor,
        reason: "the Docker daemon has no runtime named `runsc`".into(),
        remedy,
    }
}

fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

#[async_trait]
impl Sandbox for ContainerSandbox {
    fn tier(&self) -> Tier {
        self.tier
    }

    async fn prepare(&self, spec: WorkspaceSpec) -> Result<Arc<dyn Session>, SandboxError> {
        Ok(Arc::new(self.open(spec).await?))
    }

    async fn probe(&self) -> Result<ProbeReport, SandboxError> {
        crate::probe::containers(self).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unregistered_gvisor_is_refused_with_what_to_do_exactly() {
        let installed = without_gvisor(Some(Path::new("/usr/bin/runsc"))).to_string();
        for part in [
            "`/usr/bin/runsc install`",
            r#""runtimes": {"runsc": {"path": "/usr/bin/runsc"}}"#,
            "restart docker",
        ] {
            assert!(installed.contains(part), "{part}: {installed}");
        }
        assert!(without_gvisor(None).to_string().contains("gvisor.dev"));
    }
}
