//! `squad run`: a task and a repository in, a branch whose tests pass out.

use super::follow;
use crate::cli::Global;
use crate::config::{ConfigError, Flag};
use crate::context::{self, Context, LOCAL_ORG};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::{self, clean};
use crate::squads;
use clap::{Args, ValueEnum};
use squad_domain::execution::ExecutionSpec;
use squad_domain::model::ModelRef;
use squad_domain::money::MicroUsd;
use squad_domain::task::Task;
use squad_llm::ProcessEnvironment;
use squad_sandbox::TierChoice;
use squad_storage::{ExecutionFilter, Storage};
use squad_workspace::{BranchName, Source};
use std::io::Read as _;
use std::str::FromStr;

const EXAMPLES: &str = "\
Examples:
  squad run --repo . --task \"The total ignores the discount\" --model anthropic/claude-sonnet-4-5
  squad run --repo https://github.com/you/shop --task @ticket.md --budget 2.50 --approve never
  squad run --repo . --task \"Add a badge\" --model ollama/qwen3-coder --price 0/0 --squad pair
  squad run --repo . --task @ticket.md --model openai-compatible/my-model \\
            --base-url http://127.0.0.1:8080/v1 --price 0.20/0.60 --json
  squad run --repo . --task @ticket.md --detach     # a `squad worker` does it";

/// Bytes of a task: a third of what a member's whole conversation may have by default.
const TASK_BYTES: u64 = 100_000;
/// Unfinished executions that are looked through for a branch.
const MANY: u64 = 100_000;

/// Let a squad work on a task in a git repository
///
/// The result is a new branch in that repository; your checkout, index, stashes and branches stay as they are. The
/// squad's plan is shown to you first, unless you pass `--approve never`. Interrupt it whenever you like: `squad resume`
/// goes on where it was, and nothing that is paid for is paid again.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, args_override_self = true)]
pub(crate) struct Run {
    /// The repository: a folder or a URL
    #[arg(long, value_name = "PATH|URL")]
    repo: String,
    /// What you want, in your own words; `@file` reads it from a file, `@-` from standard input
    #[arg(long, value_name = "TEXT|@FILE")]
    task: String,
    /// Who works on it: a template (see `squad templates`) or a file ending in `.toml`
    #[arg(long, value_name = "TEMPLATE|FILE.TOML")]
    squad: Option<String>,
    /// The model for everything, such as `anthropic/claude-sonnet-4-5`
    #[arg(long, value_name = "PROVIDER/MODEL")]
    model: Option<ModelRef>,
    /// The address of the model's server, where it is not the provider's usual one
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// The environment variable that holds the key, where it is not the provider's usual one
    #[arg(long, value_name = "VAR")]
    api_key_env: Option<String>,
    /// What the model costs in US dollars per million tokens, if the table does not know it; `0/0` says free on purpose
    #[arg(long, value_name = "INPUT/OUTPUT")]
    price: Option<PriceFlag>,
    /// What it may cost in all, in US dollars; at the limit it asks you
    #[arg(long, value_name = "USD")]
    budget: Option<MicroUsd>,
    /// Whether you want to see the plan before it is worked on
    #[arg(long, value_name = "always|never")]
    approve: Option<ApproveFlag>,
    /// The command whose exit status decides whether it is done; found in the repository if you do not give it
    #[arg(long, value_name = "CMD")]
    test_command: Option<String>,
    /// The branch to make; made from the task if you do not give it
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
    /// How commands are kept apart from this machine; never falls back to something weaker
    #[arg(long, value_name = "auto|builtin|docker|gvisor|kubernetes|none")]
    sandbox: Option<TierChoice>,
    /// Only start it, for a `squad worker` to take up; prints its id, and ends with status 0
    #[arg(long)]
    detach: bool,
}

/// `--price 3/15`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PriceFlag {
    input: MicroUsd,
    output: MicroUsd,
}

#[cfg(test)]
impl PriceFlag {
    /// Both, in micro-dollars.
    pub(crate) const fn micros(self) -> (u64, u64) {
        (self.input.micros(), self.output.micros())
    }
}

impl FromStr for PriceFlag {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (input, output) = text
            .split_once('/')
            .ok_or("write `input/output` in US dollars per million tokens, for example `3/15`")?;
        let amount = |text: &str| text.parse::<MicroUsd>().map_err(|error| error.to_string());
        Ok(Self { input: amount(input)?, output: amount(output)? })
    }
}

/// `--approve`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ApproveFlag {
    /// Show every plan to a person first.
    Always,
    /// Work on the plan as the squad settles it.
    Never,
}

impl ApproveFlag {
    /// The flag as configuration.
    pub(crate) fn flag(self) -> Flag {
        let word = match self {
            Self::Always => "always",
            Self::Never => "never",
        };
        Flag::new("--approve", "approval", word)
    }
}

impl Run {
    pub(crate) async fn execute(self, global: &Global) -> Result<Exit, CliError> {
        let context = Context::new(global, self.flags()?)?;
        let spec = self.spec(&context)?;
        let branch = self.branch.as_deref().map(str::parse::<BranchName>).transpose()?;
        let source = source(&self.repo)?;
        if self.detach {
            notes(&context, &source.check(branch.as_ref()).await?);
            // Nothing is driven here: the sandbox is tried where the worker runs.
            let storage = context.storage().await?;
            if let Some(branch) = &branch {
                not_promised(&storage, &source, branch).await?;
            }
            let desk = context.desk().await?;
            let id = desk.start(spec, &context.person).await?;
            return follow::leave(&context, &desk, id).await;
        }
        // Trying the sandbox takes as long as all the rest: the repository is looked at meanwhile. What is wrong with
        // either is said at once.
        let checked = async { Ok::<_, CliError>(source.check(branch.as_ref()).await?) };
        let (checked, sandbox) = tokio::try_join!(checked, context.sandbox(context.loaded.config.sandbox))?;
        notes(&context, &checked);
        let engine = context.engine_in(sandbox).await?;
        if let Some(branch) = &branch {
            not_promised(engine.storage(), &source, branch).await?;
        }
        let id = engine.start(spec, &context.person).await?;
        follow::drive(&context, &engine, id).await
    }

    /// What is typed, as configuration.
    fn flags(&self) -> Result<Vec<Flag>, ConfigError> {
        let mut flags = Vec::new();
        let mut text = |name, key, value: Option<String>| {
            flags.extend(value.map(|value| Flag::new(name, key, value)));
        };
        text("--squad", "squad", self.squad.clone());
        text("--model", "model", self.model.as_ref().map(ToString::to_string));
        text("--budget", "budget", self.budget.map(exact));
        text("--test-command", "test_command", self.test_command.clone());
        text("--sandbox", "sandbox", self.sandbox.map(|tier| tier.to_string()));
        flags.extend(self.approve.map(ApproveFlag::flag));
        let nested = |name: &'static str, path: &[&str], value: String| Flag {
            name,
            key: path.iter().map(|part| (*part).to_owned()).collect(),
            value: value.into(),
        };
        let model = |flag| self.model.as_ref().ok_or(ConfigError::NeedsModel { flag });
        if let Some(url) = &self.base_url {
            let provider = &model("--base-url")?.provider;
            flags.push(nested("--base-url", &["providers", provider, "base_url"], url.clone()));
        }
        if let Some(variable) = &self.api_key_env {
            let provider = &model("--api-key-env")?.provider;
            flags.push(nested("--api-key-env", &["providers", provider, "api_key_env"], variable.clone()));
        }
        if let Some(price) = self.price {
            let name = model("--price")?.to_string();
            let mut entry = toml::Table::new();
            entry.insert("input".to_owned(), exact(price.input).into());
            entry.insert("output".to_owned(), exact(price.output).into());
            flags.push(Flag { name: "--price", key: vec!["prices".to_owned(), name], value: entry.into() });
        }
        Ok(flags)
    }

    fn spec(&self, context: &Context) -> Result<ExecutionSpec, CliError> {
        let config = &context.loaded.config;
        let name = config.squad.as_deref().unwrap_or(squads::DEFAULT);
        let squad = squads::load(name, &context.prompts()?)?.squad;
        let task = Task::from_text(&text_or_file(&self.task)?);
        if task.title.is_empty() {
            return Err(CliError::Usage(
                "the task is empty; say what you want, in a sentence or more".to_owned(),
            ));
        }
        let models = config.models(&ProcessEnvironment)?;
        squad_engine::check_prices(&models, &squad)?;
        Ok(ExecutionSpec {
            org: LOCAL_ORG,
            task,
            repository: source(&self.repo)?.to_string(),
            squad,
            models,
            approval: config.approval,
            budget: config.budget.map(|dollars| dollars.0),
            test_command: config.test_command.clone(),
            setup_command: config.setup_command.clone(),
            setup_hosts: config.setup_hosts.clone(),
            mcp: config.mcp.clone(),
            branch: self.branch.clone(),
            sandbox: config.sandbox.to_string(),
            limits: config.limits.clone(),
        })
    }
}

/// What a person should know of the checkout, where no log will tell it.
fn notes(context: &Context, notes: &[String]) {
    if !context.shows_a_log() {
        notes.iter().for_each(|note| output::remark(&format!("note: {}", clean::line(note))));
    }
}

/// Two runs that were promised the same branch would meet at the end, with one of them paid for nothing.
async fn not_promised(storage: &Storage, source: &Source, branch: &BranchName) -> Result<(), CliError> {
    let unfinished = ExecutionFilter { unfinished: true, ..ExecutionFilter::default() };
    let rows = storage.executions(MANY, unfinished).await?;
    for row in rows.iter().filter(|row| row.branch.as_deref() == Some(branch.as_str())) {
        if row.repository.parse::<Source>()?.is_same(source).await {
            let short = row.id.short();
            return Err(CliError::Usage(format!(
                "execution {short} is unfinished and will make the branch `{branch}` in this repository; choose another `--branch`, or end that one first (`squad resume {short}`, `squad cancel {short}`)"
            )));
        }
    }
    Ok(())
}

/// Dollars without rounding.
fn exact(amount: MicroUsd) -> String {
    format!("{}.{:06}", amount.micros() / 1_000_000, amount.micros() % 1_000_000)
}

/// The repository, so that it can be found from any folder.
fn source(text: &str) -> Result<Source, CliError> {
    let current = std::env::current_dir().map_err(|source| CliError::File {
        action: "find the folder",
        path: ".".into(),
        source,
    })?;
    let source = text.parse::<Source>()?.resolved(&current);
    let Source::Local(path) = &source else { return Ok(source) };
    let real = path.canonicalize().map_err(|source| {
        CliError::Usage(format!("there is no repository at `{}`: {source}", path.display()))
    })?;
    // The log keeps it, and a log is text.
    context::text(real.as_os_str(), "--repo")?;
    Ok(Source::Local(real))
}

/// The text itself, or what the file says that it names.
fn text_or_file(text: &str) -> Result<String, CliError> {
    let given = match text.strip_prefix('@') {
        None => text.as_bytes().to_owned(),
        Some(path) => read_at_most(path, TASK_BYTES + 1)
            .map_err(|source| CliError::Usage(format!("cannot read the task from `{path}`: {source}")))?,
    };
    if given.len() as u64 > TASK_BYTES {
        return Err(CliError::Usage(format!(
            "the task is longer than {} kB, and every call would carry all of it; say what is wanted in fewer words, and put long material into the repository",
            TASK_BYTES / 1000
        )));
    }
    String::from_utf8(given).map_err(|_| CliError::Usage(format!("the task in `{text}` is not UTF-8 text")))
}

fn read_at_most(path: &str, bytes: u64) -> std::io::Result<Vec<u8>> {
    let mut all = Vec::new();
    if path == "-" {
        std::io::stdin().take(bytes).read_to_end(&mut all)?;
    } else {
        std::fs::File::open(path)?.take(bytes).read_to_end(&mut all)?;
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_two_amounts() {
        let price: PriceFlag = "3/15.5".parse().unwrap();
        assert_eq!((price.input.micros(), price.output.micros()), (3_000_000, 15_500_000));
        assert_eq!("0/0".parse::<PriceFlag>().unwrap().input, MicroUsd::ZERO);
        for bad in ["3", "3/", "a/b", "1/2/3", "-1/2"] {
            assert!(bad.parse::<PriceFlag>().is_err(), "{bad}");
        }
        assert_eq!(exact(MicroUsd::from_micros(1)), "0.000001");
    }

    #[test]
    fn a_task_may_come_from_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ticket.md");
        std::fs::write(&path, "Fix it\n\nAll of it.").unwrap();
        assert_eq!(text_or_file(&format!("@{}", path.display())).unwrap(), "Fix it\n\nAll of it.");
        assert_eq!(text_or_file("as it is").unwrap(), "as it is");
        assert!(matches!(text_or_file("@/nowhere/x"), Err(CliError::Usage(_))));
    }
}
