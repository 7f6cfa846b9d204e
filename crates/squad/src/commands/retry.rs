//! `squad retry`: once more.

use super::input::Desk;
use crate::cli::Global;
use crate::error::CliError;
use crate::exit::Exit;
use crate::pick;
use clap::Args;
use squad_domain::question::Answer;
use squad_engine::Input;

const EXAMPLES: &str = "\
Examples:
  squad retry                                       # no model answered: try again
  squad retry 3f9a1c02 --note \"look at the fixtures\"  # tests still fail: one more fix";

/// Grant another try: of a model that does not answer, a step that failed, a review, a fix, more turns
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Retry {
    /// The execution: its id or a part of it; the only unfinished one if you leave it out
    id: Option<String>,
    /// The question, such as `q3`, where several are open
    #[arg(long, value_name = "Q")]
    question: Option<String>,
    /// A remark for the squad
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

impl Retry {
    pub(crate) async fn execute(self, global: &Global) -> Result<Exit, CliError> {
        let desk = Desk::open(global, self.id.as_deref()).await?;
        let answer = Answer::Retry { note: self.note.unwrap_or_default() };
        let question = pick::question(&desk.state, desk.id, self.question.as_deref(), |question| {
            question.accepts(&answer).is_ok()
        })?;
        desk.say(Input::Answer { question, answer }, "once more").await
    }
}
