//! `squad swap`: another model, while it runs.

use super::input::Desk;
use crate::cli::Global;
use crate::error::CliError;
use crate::exit::Exit;
use clap::Args;
use squad_domain::execution::ExecutionState;
use squad_domain::model::ModelRef;
use squad_engine::Input;
use squad_llm::PriceBook;

const EXAMPLES: &str = "\
Examples:
  squad swap --model anthropic/claude-sonnet-4-5               # everybody of the only unfinished execution
  squad swap 3f9a1c02 --member Bea --model openai/gpt-5-mini";

/// Change the model of a member, or of everybody, while the execution goes on
///
/// It holds from the next call on; one that is under way ends as it began. Where the old model did not answer and you were
/// asked, the new one is tried.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Swap {
    /// The execution: its id or a part of it; the only unfinished one if you leave it out
    id: Option<String>,
    /// Whose model: a member's name or role; everybody's if you leave it out
    #[arg(long, value_name = "NAME|ROLE")]
    member: Option<String>,
    /// The new model, such as `anthropic/claude-sonnet-4-5`
    #[arg(long, value_name = "PROVIDER/MODEL")]
    model: ModelRef,
}

impl Swap {
    pub(crate) async fn execute(self, global: &Global) -> Result<Exit, CliError> {
        let desk = Desk::open(global, self.id.as_deref()).await?;
        check(&desk.state, &self.model)?;
        let whose = self.member.clone().unwrap_or_else(|| "everybody".to_owned());
        let done = format!("{whose} works with {} from the next call on", self.model);
        desk.say(Input::SwapModel { member: self.member, model: self.model }, &done).await
    }
}

/// A running execution keeps the prices and addresses that it was started with.
fn check(state: &ExecutionState, model: &ModelRef) -> Result<(), CliError> {
    let models = &state.spec.models;
    if PriceBook::embedded().with_overrides(&models.prices).price(model).is_none() {
        return Err(CliError::Usage(format!(
            "the price of `{model}` is not known to this execution, so no budget could hold it; an execution keeps the `prices` and `providers` that it was started with: choose a model of the price table, or one that was named in them"
        )));
    }
    if !models.providers.contains_key(&model.provider)
        && !squad_llm::known_providers().any(|(name, _)| name == model.provider)
    {
        return Err(CliError::Usage(format!(
            "`{}` is no provider that this execution knows; it keeps the `providers` that it was started with",
            model.provider
        )));
    }
    Ok(())
}
