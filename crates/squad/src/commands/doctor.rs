//! `squad doctor`: what works here.

use crate::cli::Global;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output;
use crate::output::doctor::{Check, Health, render, to_json};
use clap::Args;
use squad_llm::{DEFAULT_PROVIDERS, Environment as _, ProbeOutcome, ProcessEnvironment, probe};
use squad_sandbox::{BuiltinSandbox, Sandbox as _, SandboxConfig};
use squad_storage::Storage;
use squad_workspace::GitVersion;
use std::collections::BTreeSet;
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  squad doctor
  squad doctor --json | jq 'select(.health == \"bad\")'";

/// How long a provider may take to list its models.
const PATIENCE: Duration = Duration::from_secs(5);
/// Models that are named.
const NAMED: usize = 3;

/// Check what works here: sandbox, database, git, models and keys; and what to do about what does not
///
/// Everything is tried for real: the sandbox is attacked, the database opened, the models listed (which costs nothing).
/// Exit status 1 says that something needed does not work.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Doctor {}

impl Doctor {
    pub(crate) async fn execute(self, global: &Global) -> Result<Exit, CliError> {
        let context = Context::new(global, Vec::new())?;
        let mut checks = vec![
            Check::good("version", env!("CARGO_PKG_VERSION")),
            Check::good("data", context.data_dir.display().to_string()),
            database(&context).await,
            git().await,
        ];
        checks.extend(sandbox().await);
        checks.extend(models(&context).await);
        output::print(&if context.json { to_json(&checks) } else { render(&checks, output::width()) });
        let bad = checks.iter().any(|check| check.health == Health::Bad);
        Ok(if bad { Exit::Failed } else { Exit::Completed })
    }
}

async fn database(context: &Context) -> Check {
    let opened = async {
        let storage = Storage::connect(&context.database_url()?).await?;
        storage.migrate().await?;
        storage.close().await;
        Ok::<_, CliError>(())
    };
    let kind = match context.loaded.config.database_url.as_deref() {
        Some(url) if url.starts_with("postgres") => "Postgres, opened",
        _ => "SQLite, opened",
    };
    match opened.await {
        Ok(()) => Check::good("database", kind),
        Err(error) => Check::bad("database", error.to_string(), "check `--data-dir` and `--database-url`"),
    }
}

async fn git() -> Check {
    match GitVersion::probe().await {
        Ok(version) => Check::good("git", version.to_string()),
        Err(error) => {
            Check::bad("git", error.to_string(), "install git, for example with `apt-get install git`")
        }
    }
}

async fn sandbox() -> Vec<Check> {
    let sandbox = BuiltinSandbox::new(SandboxConfig::default().launcher);
    let report = match sandbox.probe().await {
        Ok(report) => report,
        Err(error) => return vec![Check::bad("sandbox builtin", error.to_string(), "see the message")],
    };
    let failed: Vec<_> = report.checks.iter().filter(|check| !check.held).collect();
    if failed.is_empty() {
        return vec![Check::good(
            "sandbox builtin",
            format!("holds: {} attacks were tried", report.checks.len()),
        )];
    }
    let advice = "run it where namespaces are allowed";
    failed
        .into_iter()
        .map(|check| {
            let advice = check.remedy.clone().unwrap_or_else(|| advice.to_owned());
            Check::bad(&format!("sandbox builtin: {}", check.name), check.detail.clone(), advice)
        })
        .collect()
}

async fn models(context: &Context) -> Vec<Check> {
    let config = &context.loaded.config;
    let environment = ProcessEnvironment;
    let mut names: BTreeSet<String> = config.providers.keys().cloned().collect();
    names.extend(config.model.iter().map(|model| model.provider.clone()));
    let chosen = names.clone();
    let keyed =
        DEFAULT_PROVIDERS.iter().filter(|provider| environment.secret(provider.key_variable()).is_some());
    names.extend(keyed.map(|provider| provider.provider.to_owned()));
    names.insert("ollama".to_owned());
    let mut checks = Vec::new();
    for name in &names {
        let probed = probe(name, config.providers.get(name), &environment, PATIENCE).await;
        let label = format!("models {name}");
        checks.push(match probed.outcome {
            ProbeOutcome::Ready(models) => Check::good(&label, ready(&models)),
            ProbeOutcome::NotConfigured(why) | ProbeOutcome::Failed(why)
                if !chosen.contains(name) && name == "ollama" =>
            {
                Check::missing(&label, format!("not running here ({why})"))
            }
            ProbeOutcome::NotConfigured(why) => {
                Check::bad(&label, why.clone(), "set the variable, or choose another model")
            }
            ProbeOutcome::Failed(why) => Check::bad(&label, why.clone(), "check the key and the address"),
        });
    }
    let usable = checks.iter().any(|check| check.health == Health::Good);
    if !usable {
        let variables: Vec<&str> =
            DEFAULT_PROVIDERS.iter().map(squad_llm::DefaultProvider::key_variable).collect();
        checks.push(Check::missing(
            "models",
            format!("no key is set; set one of {}, or use `squad demo`", variables.join(", ")),
        ));
    }
    checks
}

fn ready(models: &[String]) -> String {
    let named: Vec<&str> = models.iter().take(NAMED).map(String::as_str).collect();
    match models.len() {
        0 => "answers, and names no model".to_owned(),
        count if count > NAMED => format!("{count} models: {}, …", named.join(", ")),
        count => format!("{count} models: {}", named.join(", ")),
    }
}
