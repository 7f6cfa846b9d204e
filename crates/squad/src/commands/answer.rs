//! `squad answer`: in words.

use super::input::Desk;
use crate::cli::Global;
use crate::error::CliError;
use crate::exit::Exit;
use crate::pick;
use clap::Args;
use squad_domain::question::Answer as Given;
use squad_engine::Input;

const EXAMPLES: &str = "\
Examples:
  squad answer 3f9a1c02 \"a rate between 0 and 1\"
  squad answer 3f9a1c02 q3 \"npm test\"";

/// Answer a question that a member asked
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, override_usage = "squad answer [OPTIONS] <ID> [QUESTION] <TEXT>")]
pub(crate) struct Answer {
    /// The execution: its id or a part of it
    id: String,
    /// The question, such as `q3`, where several are open; then your answer
    #[arg(value_names = ["QUESTION", "TEXT"], num_args = 1..=2, required = true)]
    words: Vec<String>,
}

impl Answer {
    pub(crate) async fn execute(self, global: &Global) -> Result<Exit, CliError> {
        let desk = Desk::open(global, Some(&self.id)).await?;
        let (named, text) = match self.words.as_slice() {
            [question, text] => (Some(question.as_str()), text.clone()),
            [text] => (None, text.clone()),
            _ => (None, self.words.join(" ")),
        };
        if text.trim().is_empty() {
            return Err(CliError::Usage("the answer is empty; say something".to_owned()));
        }
        let answer = Given::Text { text };
        let question =
            pick::question(&desk.state, desk.id, named, |question| question.accepts(&answer).is_ok())?;
        let done = format!("answered {question}");
        desk.say(Input::Answer { question, answer }, &done).await
    }
}
