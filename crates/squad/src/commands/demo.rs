//! `squad demo`: the whole way, on a bundled project, without a key.

use super::follow;
use super::run::ApproveFlag;
use crate::cli::Global;
use crate::config::Flag;
use crate::context::{Context, LOCAL_ORG};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output;
use crate::squads;
use clap::Args;
use squad_domain::execution::ExecutionSpec;
use squad_domain::model::{ModelRef, ModelSettings, Price, ProviderEndpoint, RoutingProfile};
use squad_domain::money::MicroUsd;
use squad_domain::squad::ApprovalPolicy;
use squad_domain::task::Task;
use squad_engine::{Clock as _, SystemClock};
use squad_sandbox::TierChoice;
use squad_scripted::{MODEL_NAME, SAMPLE_TASK, SAMPLE_TEST_COMMAND, Scenario, ScriptedModel, write_sample};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

const EXAMPLES: &str = "\
Examples:
  squad demo
  squad demo --approve always     # be asked for the plan, as in a real run
  squad demo --into ./shop        # keep the sample project there";

/// The first version of Node whose `node --test` the sample needs.
const NODE: u32 = 20;
/// What the demonstration may cost, in made-up dollars.
const BUDGET: MicroUsd = MicroUsd::from_micros(2_000_000);
/// Made-up prices per million tokens, so that the accounts show something; about those of a small real model.
const PRICE: (u64, u64) = (1_000_000, 5_000_000);

/// Watch a squad of five work on a sample project, without a key
///
/// The sample is a small JavaScript shop with a real bug, a missing feature and tests that fail. The model is a scripted
/// one, over real HTTP: the words are from a script, everything else is real, and the money is made up.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Demo {
    /// Where to put the sample project: a new or empty folder
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
    /// Whether you want to see the plan before it is worked on
    #[arg(long, value_name = "always|never", default_value = "never")]
    approve: ApproveFlag,
    /// How commands are kept apart from this machine
    #[arg(long, value_name = "auto|builtin|docker|gvisor|kubernetes|none")]
    sandbox: Option<TierChoice>,
}

impl Demo {
    pub(crate) async fn execute(self, global: &Global) -> Result<Exit, CliError> {
        let sandbox = self.sandbox.map(|tier| Flag::new("--sandbox", "sandbox", tier.to_string()));
        let context = Context::new(global, sandbox.into_iter().collect())?;
        check_node()?;
        let engine = context.engine(context.loaded.config.sandbox).await?;
        let folder = match &self.into {
            Some(folder) => std::path::absolute(folder).unwrap_or_else(|_| folder.clone()),
            None => {
                let id = SystemClock::default().new_id().simple().to_string();
                context.data_dir.join("demo").join(&id[id.len() - 8..])
            }
        };
        write_sample(&folder)?;
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        let model = ScriptedModel::start(Scenario::demo(), free).await?;
        let spec = self.spec(&context, &folder, &model.base_url)?;
        let id = engine.start(spec, &context.person).await?;
        let exit = follow::drive(&context, &engine, id).await?;
        if exit == Exit::Completed && !context.json {
            output::print(&format!(
                "\nthe result is a branch in the sample project:\n      git -C {} log --stat --oneline main..\n",
                folder.display()
            ));
        }
        Ok(exit)
    }

    fn spec(&self, context: &Context, folder: &Path, base_url: &str) -> Result<ExecutionSpec, CliError> {
        let model: ModelRef = MODEL_NAME.parse().expect("the scripted model's name is one");
        let endpoint = ProviderEndpoint { base_url: Some(base_url.to_owned()), api_key_env: None };
        let (input, output) = PRICE;
        let price = Price {
            input: MicroUsd::from_micros(input),
            output: MicroUsd::from_micros(output),
            cached_input: None,
            cache_write: None,
        };
        Ok(ExecutionSpec {
            org: LOCAL_ORG,
            task: Task {
                title: SAMPLE_TASK.title.to_owned(),
                description: SAMPLE_TASK.description.to_owned(),
            },
            repository: folder.to_string_lossy().into_owned(),
            squad: squads::load(squads::DEFAULT, &context.prompts()?)?.squad,
            models: ModelSettings {
                profile: RoutingProfile::single(model.clone()),
                providers: BTreeMap::from([(model.provider.clone(), endpoint)]),
                prices: BTreeMap::from([(model, price)]),
            },
            approval: match self.approve {
                ApproveFlag::Always => ApprovalPolicy::Always,
                ApproveFlag::Never => ApprovalPolicy::Never,
            },
            budget: Some(BUDGET),
            test_command: Some(SAMPLE_TEST_COMMAND.to_owned()),
            setup_command: None,
            setup_hosts: Vec::new(),
            mcp: std::collections::BTreeMap::new(),
            branch: None,
            sandbox: context.loaded.config.sandbox.to_string(),
            limits: context.loaded.config.limits.clone(),
        })
    }
}

/// The sample's tests need Node, and nothing else.
fn check_node() -> Result<(), CliError> {
    let install = format!(
        "the demonstration's sample project needs Node {NODE} or newer; install it with `apt-get install nodejs` where that is new enough, or from https://nodejs.org"
    );
    let found = Command::new("node").arg("--version").output();
    let version = found
        .ok()
        .filter(|output| output.status.success())
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let Some(version) = version else {
        return Err(CliError::Missing(format!("`node` is not there: {install}")));
    };
    let major: Option<u32> =
        version.trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok());
    match major {
        Some(major) if major >= NODE => Ok(()),
        _ => Err(CliError::Missing(format!("`node` is {version}: {install}"))),
    }
}
