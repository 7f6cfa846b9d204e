//! `squad approve`: yes.

use super::input::Desk;
use crate::cli::Global;
use crate::error::CliError;
use crate::exit::Exit;
use crate::pick;
use clap::Args;
use squad_domain::money::MicroUsd;
use squad_domain::question::{Answer, Question, Subject};
use squad_engine::Input;

const EXAMPLES: &str = "\
Examples:
  squad approve                                # the plan of the only unfinished execution
  squad approve 3f9a1c02 --note \"keep it small\"
  squad approve 3f9a1c02 --budget 5            # the budget is reached: at most 5 dollars in all";

/// Approve a plan, take work as it is, or raise a budget
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Approve {
    /// The execution: its id or a part of it; the only unfinished one if you leave it out
    id: Option<String>,
    /// The question, such as `q3`, where several are open
    #[arg(long, value_name = "Q")]
    question: Option<String>,
    /// A remark for the squad
    #[arg(long, value_name = "TEXT", conflicts_with = "budget")]
    note: Option<String>,
    /// The new limit in US dollars, in all; also before it is reached (see `squad budget`)
    #[arg(long, value_name = "USD")]
    budget: Option<MicroUsd>,
}

impl Approve {
    pub(crate) async fn execute(self, global: &Global) -> Result<Exit, CliError> {
        let desk = Desk::open(global, self.id.as_deref()).await?;
        let answer = match self.budget {
            Some(limit) => Answer::RaiseBudget { limit },
            None => Answer::Approve { note: self.note.unwrap_or_default() },
        };
        let asked_for_money = |question: &Question| matches!(question.subject, Subject::Budget { .. });
        if let (Some(limit), None) = (self.budget, &self.question)
            && !desk.state.open_questions().any(asked_for_money)
        {
            // Nobody has asked yet; it holds all the same.
            let done = format!("the execution may spend {limit} in all");
            return desk.say(Input::SetBudget { member: None, limit }, &done).await;
        }
        let question = pick::question(&desk.state, desk.id, self.question.as_deref(), |question| {
            question.accepts(&answer).is_ok()
        })?;
        let budget =
            desk.state.questions.get(&question).is_some_and(|asked| asked_for_money(&asked.question));
        let done = if budget { "budget raised" } else { "approved" };
        desk.say(Input::Answer { question, answer }, done).await
    }
}
