//! `squad doctor`: what works here.

use crate::cli::Global;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output;
use crate::output::doctor::{Check, Health, render, to_json};
use clap::Args;
use squad_llm::{DEFAULT_PROVIDERS, Environment as _, ProbeOutcome, ProcessEnvironment, probe};
use squad_sandbox::{BuiltinSandbox, ContainerSandbox, Sandbox, Tier, TierChoice};
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
        checks.extend(sandboxes(&context).await);
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

/// Every tier, tried for real. Only the one that runs would use has to hold.
async fn sandboxes(context: &Context) -> Vec<Check> {
    let config = context.sandbox_config();
    let chosen = match context.loaded.config.sandbox {
        TierChoice::Auto => Tier::Builtin,
        TierChoice::Tier(tier) => tier,
    };
    let builtin = BuiltinSandbox::new(&config.launcher);
    let (docker, gvisor) = (ContainerSandbox::docker(&config), ContainerSandbox::gvisor(&config));
    let (builtin, docker, gvisor) =
        tokio::join!(sandbox(&builtin, chosen), sandbox(&docker, chosen), sandbox(&gvisor, chosen));
    [builtin, docker, gvisor].concat()
}

async fn sandbox(sandbox: &dyn Sandbox, chosen: Tier) -> Vec<Check> {
    let name = format!("sandbox {}", sandbox.tier());
    let report = match sandbox.probe().await {
        Ok(report) => report,
        Err(error) if sandbox.tier() == chosen => {
            return vec![Check::bad(&name, error.to_string(), "see the message")];
        }
        Err(error) => return vec![Check::missing(&name, error.to_string())],
    };
    let failed: Vec<_> = report.checks.iter().filter(|check| !check.held).collect();
    let advice = |check: &squad_sandbox::Check| {
        check.remedy.clone().unwrap_or_else(|| "run it where namespaces are allowed".to_owned())
    };
    match failed.first() {
        None => vec![Check::good(&name, format!("holds: {} attacks were tried", report.checks.len()))],
        Some(first) if sandbox.tier() != chosen => {
            let reasons: Vec<&str> = failed.iter().map(|check| check.detail.as_str()).collect();
            vec![Check {
                advice: Some(advice(first)),
                ..Check::missing(&name, format!("does not hold here: {}", reasons.join("; ")))
            }]
        }
        Some(_) => failed
            .into_iter()
            .map(|check| Check::bad(&format!("{name}: {}", check.name), check.detail.clone(), advice(check)))
            .collect(),
    }
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
