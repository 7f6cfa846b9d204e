//! What commands work with: configuration, database, engine, who is asking, and what kind of screen there is.

use crate::cli::Global;
use crate::config::{self, Flag, Loaded, Origin, Places};
use crate::error::CliError;
use crate::leftovers;
use crate::output::{self, clean};
use etcetera::BaseStrategy;
use squad_agents::Prompts;
use squad_domain::ids::OrgId;
use squad_engine::{Clock, Engine, EngineConfig, SystemClock};
use squad_sandbox::{BuiltinSandbox, DockerConfig, Sandbox, SandboxConfig, Tier, TierChoice};
use squad_storage::Storage;
use std::ffi::OsStr;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;
use uuid::Uuid;

/// The organization of whoever works without a server.
pub(crate) const LOCAL_ORG: OrgId = OrgId(Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0001));

/// Said wherever something is driven without walls, whatever else is printed.
const UNGUARDED: &str = "warning: no sandbox (`--sandbox none`): commands of the models and the project's tests run straight on this machine, with your rights, your files and your network";

/// What commands work with.
pub(crate) struct Context {
    /// The configuration.
    pub(crate) loaded: Loaded,
    /// Whether to print JSON.
    pub(crate) json: bool,
    /// Where database, workspaces and reports are.
    pub(crate) data_dir: PathBuf,
    /// Who is asking.
    pub(crate) person: String,
}

impl Context {
    /// Reads the configuration; `flags` are those of the command itself.
    ///
    /// # Errors
    /// Where it cannot be used.
    pub(crate) fn new(global: &Global, mut flags: Vec<Flag>) -> Result<Self, CliError> {
        if let Some(folder) = &global.data_dir {
            let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
            flags.push(Flag::new("--data-dir", "data_dir", text(folder.as_os_str(), "--data-dir")?));
        }
        if let Some(url) = &global.database_url {
            flags.push(Flag::new("--database-url", "database_url", url.clone()));
        }
        let current = std::env::current_dir().map_err(|source| CliError::File {
            action: "find the folder",
            path: ".".into(),
            source,
        })?;
        let user = base_folders().map(|folders| folders.config_dir().join("squad"));
        let variables = own_variables()?;
        let places = Places { current: &current, user: user.as_deref(), variables };
        let loaded = config::load(&places, flags)?;
        let data_dir = match &loaded.config.data_dir {
            Some(folder) => expanded(folder),
            None => base_folders()
                .map(|folders| folders.data_dir())
                .ok_or_else(|| {
                    CliError::Missing(
                        "there is no home folder to keep data in; give one with `--data-dir`".to_owned(),
                    )
                })?
                .join("squad"),
        };
        let person = ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
        Ok(Self {
            loaded,
            json: global.json,
            data_dir,
            person: person.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| "you".to_owned()),
        })
    }

    /// The database, with its tables.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub(crate) async fn storage(&self) -> Result<Storage, CliError> {
        let storage = Storage::connect(&self.database_url()?).await?;
        storage.migrate().await?;
        Ok(storage)
    }

    /// The database for those who look at what is there, or speak to it: nothing is made where nothing is.
    ///
    /// # Errors
    /// Where there is none, or it cannot be opened.
    pub(crate) async fn existing(&self) -> Result<Storage, CliError> {
        let storage = Storage::open(&self.address()).await?;
        storage.migrate().await?;
        Ok(storage)
    }

    /// The database's address, with the folder for it.
    pub(crate) fn database_url(&self) -> Result<String, CliError> {
        // Clones, caches and reports go there, wherever the database is.
        make_private(&self.data_dir)
            .map_err(|source| CliError::DataFolder { path: self.data_dir.clone(), source })?;
        Ok(self.address())
    }

    fn address(&self) -> String {
        let own = || squad_storage::sqlite_url(&self.data_dir.join("squad.db"));
        self.loaded.config.database_url.clone().unwrap_or_else(own)
    }

    /// The words of the members.
    pub(crate) fn prompts(&self) -> Result<Prompts, CliError> {
        match &self.loaded.config.prompts {
            Some(folder) => Ok(Prompts::with_overrides(&expanded(folder))?),
            None => Ok(Prompts::embedded()),
        }
    }

    /// An engine that reads and takes input, and drives nothing: no sandbox is tried.
    ///
    /// # Errors
    /// Where the database cannot be opened.
    pub(crate) async fn desk(&self) -> Result<Engine, CliError> {
        let sandbox = BuiltinSandbox::new(SandboxConfig::default().launcher);
        self.with(self.existing().await?, Arc::new(sandbox))
    }

    /// An engine that starts executions and takes input, and leaves driving to others: no sandbox is tried.
    ///
    /// # Errors
    /// Where the database cannot be opened.
    pub(crate) async fn serving(&self) -> Result<Engine, CliError> {
        let sandbox = BuiltinSandbox::new(SandboxConfig::default().launcher);
        self.with(self.storage().await?, Arc::new(sandbox))
    }

    /// An engine that drives, on a sandbox that was shown to hold.
    ///
    /// # Errors
    /// Where the sandbox does not hold, or the database cannot be opened.
    pub(crate) async fn engine(&self, tier: TierChoice) -> Result<Engine, CliError> {
        self.engine_in(self.sandbox(tier).await?).await
    }

    /// A sandbox that was shown to hold. Nothing is made for it in the data folder.
    ///
    /// # Errors
    /// Where it does not.
    pub(crate) async fn sandbox(&self, tier: TierChoice) -> Result<Arc<dyn Sandbox>, CliError> {
        check_temporary()?;
        Ok(squad_sandbox::select(tier, &self.sandbox_config()).await?)
    }

    /// An engine that drives, in that sandbox.
    ///
    /// # Errors
    /// Where the database cannot be opened.
    pub(crate) async fn engine_in(&self, sandbox: Arc<dyn Sandbox>) -> Result<Engine, CliError> {
        if sandbox.tier() == Tier::None {
            output::remark(UNGUARDED);
        }
        let engine = self.with(self.storage().await?, sandbox)?;
        tokio::spawn({
            let (engine, data_dir) = (engine.clone(), self.data_dir.clone());
            async move { leftovers::remove(&engine, &data_dir).await }
        });
        Ok(engine)
    }

    /// What every tier is told.
    pub(crate) fn sandbox_config(&self) -> SandboxConfig {
        let image = self.loaded.config.sandbox_image.clone();
        SandboxConfig {
            docker: DockerConfig { image, ..DockerConfig::of_this_process() },
            ..SandboxConfig::default()
        }
    }

    fn with(&self, storage: Storage, sandbox: Arc<dyn Sandbox>) -> Result<Engine, CliError> {
        let mut config = EngineConfig::new(self.data_dir.clone(), storage, sandbox, worker_name());
        config.prompts = self.prompts()?;
        config.lease = self.loaded.config.lease_seconds.duration();
        Ok(Engine::new(config))
    }

    /// Whether the person at the terminal sees the log, and in it what is told of the repository.
    pub(crate) fn shows_a_log(&self) -> bool {
        !self.json && std::io::stdout().is_terminal()
    }

    /// Whether nobody said where the data is.
    pub(crate) fn is_default_place(&self) -> bool {
        ["data_dir", "database_url"].iter().all(|key| self.loaded.origin(key) == Origin::Default)
    }

    /// Whether a person can be asked here and now.
    pub(crate) fn is_interactive(&self) -> bool {
        !self.json && std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
    }
}

/// The sandbox, git and SQLite all need a place for temporary files; each would say so in its own way, and late.
fn check_temporary() -> Result<(), CliError> {
    let folder = std::env::temp_dir();
    tempfile::tempfile_in(&folder).map(drop).map_err(|source| {
        CliError::Usage(format!(
            "the folder for temporary files `{}` cannot be used: {source}; set `TMPDIR` to one that can",
            folder.display()
        ))
    })
}

/// The variables that are text. Of ours, all have to be.
fn own_variables() -> Result<Vec<(String, String)>, CliError> {
    let mut variables = Vec::new();
    for (name, value) in std::env::vars_os() {
        match (name.into_string(), value.into_string()) {
            (Ok(name), Ok(value)) => variables.push((name, value)),
            (Ok(name), Err(value)) if name.starts_with("SQUAD_") => drop(text(&value, &name)?),
            _ => {}
        }
    }
    Ok(variables)
}

/// What goes into the configuration or into a log has to be text.
pub(crate) fn text(raw: &OsStr, origin: &str) -> Result<String, CliError> {
    raw.to_str().map(ToOwned::to_owned).ok_or_else(|| {
        CliError::Usage(format!(
            "{origin}: `{}` is not UTF-8; use another name",
            clean::line(&raw.to_string_lossy())
        ))
    })
}

/// Unique among the workers of a database, and readable: `laptop-4711-9f3c`.
fn worker_name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_else(|_| "worker".to_owned());
    let id = SystemClock::default().new_id().simple().to_string();
    format!("{}-{}-{}", host.trim(), std::process::id(), &id[id.len() - 4..])
}

/// Makes a folder that holds clones of private code: nobody else on this machine looks into it. Where squad is root,
/// the sandbox's own user has to pass through to its files, without being able to list them.
fn make_private(folder: &std::path::Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let mode = if squad_sandbox::workspace_owner().is_some() { 0o711 } else { 0o700 };
    std::fs::DirBuilder::new().recursive(true).mode(mode).create(folder)
}

/// Where this system keeps a user's configuration and data; `None` where the user has no home folder.
fn base_folders() -> Option<impl BaseStrategy> {
    etcetera::choose_base_strategy().ok()
}

/// `~` is the person's own folder, in files as in a shell.
fn expanded(path: &std::path::Path) -> PathBuf {
    match (path.strip_prefix("~"), etcetera::home_dir().ok()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn nobody_else_can_list_the_data_folder() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("data");
        make_private(&folder).unwrap();
        let mode = folder.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o066, 0, "{mode:o}");
    }
}
