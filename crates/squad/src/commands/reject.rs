//! `squad reject`: no.

use super::input::Desk;
use crate::cli::Global;
use crate::error::CliError;
use crate::exit::Exit;
use crate::pick;
use clap::Args;
use squad_domain::question::{Answer, Subject};
use squad_engine::Input;

const EXAMPLES: &str = "\
Examples:
  squad reject --reason \"do not touch the public API\"
  squad reject 3f9a1c02 --question q4 --reason \"not worth more money\"";

/// Reject a plan, so that it is made anew; or say no to another question, which ends the execution as failed
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Reject {
    /// The execution: its id or a part of it; the only unfinished one if you leave it out
    id: Option<String>,
    /// The question, such as `q3`; the open plan if you leave it out
    #[arg(long, value_name = "Q")]
    question: Option<String>,
    /// What should be different
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Reject {
    pub(crate) async fn execute(self, global: &Global) -> Result<Exit, CliError> {
        let desk = Desk::open(global, self.id.as_deref()).await?;
        let rejected = Answer::Reject { reason: self.reason };
        let question = pick::question(&desk.state, desk.id, self.question.as_deref(), |question| {
            question.accepts(&rejected).is_ok()
        })?;
        let asked = desk.state.questions.get(&question).map(|asked| &asked.question.subject);
        // Only a plan can be made anew. Saying no to anything else leaves no way on.
        let (answer, done) = match asked {
            Some(Subject::PlanApproval { .. }) | None => (rejected, "rejected; the squad plans anew"),
            Some(_) => (Answer::Stop, "stopped"),
        };
        desk.say(Input::Answer { question, answer }, done).await
    }
}
