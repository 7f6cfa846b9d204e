//! Questions in place: what a person is asked while a run goes on in front of them.

use super::clean;
use inquire::{InquireError, Select, Text};
use squad_domain::execution::ExecutionState;
use squad_domain::money::MicroUsd;
use squad_domain::question::{Answer, Question, Subject};
use std::fmt;

/// What the person did.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Asked {
    /// Answered.
    Answer(Answer),
    /// Does not want to be asked now.
    Later,
}

/// An answer to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Choice {
    Approve,
    Reject,
    Raise,
    Retry,
    Stop,
    Later,
    Option(String),
    Own,
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Approve => "Approve",
            Self::Reject => "Reject, and say what should be different",
            Self::Raise => "Raise the budget",
            Self::Retry => "Once more, with a remark if you like",
            Self::Stop => "Stop: end the execution as failed",
            Self::Later => "Later: leave it waiting",
            Self::Option(text) => return f.write_str(&clean::fit(text, 200)),
            Self::Own => "Something else, in your own words",
        })
    }
}

/// The answers that a question offers.
fn choices(question: &Question) -> Vec<Choice> {
    use Choice::{Approve, Later, Option, Own, Raise, Reject, Retry, Stop};
    match &question.subject {
        Subject::PlanApproval { .. } => vec![Approve, Reject, Stop, Later],
        Subject::Budget { .. } => vec![Raise, Stop, Later],
        Subject::ReviewRounds { .. } => vec![Retry, Approve, Stop, Later],
        Subject::Model { .. }
        | Subject::Loop { .. }
        | Subject::Turns { .. }
        | Subject::TestRounds
        | Subject::Fault { .. } => vec![Retry, Stop, Later],
        Subject::Tool { .. } | Subject::Analysis | Subject::Stuck { .. } | Subject::TestCommand => {
            let mut choices: Vec<Choice> = question.options.iter().cloned().map(Option).collect();
            choices.extend([Own, Stop, Later]);
            choices
        }
    }
}

/// Asks on the terminal. Blocks until the person has answered.
pub(crate) fn ask(state: &ExecutionState, question: &Question) -> Asked {
    super::print(&preface(state, question, super::width()));
    match prompt(question) {
        Ok(Some(answer)) => Asked::Answer(answer),
        Ok(None) => Asked::Later,
        // Ctrl-C, Escape, or a terminal that is gone: the cursor stands in the middle of the question.
        Err(_) => {
            super::print("\n");
            Asked::Later
        }
    }
}

/// What one should know before answering.
pub(crate) fn preface(state: &ExecutionState, question: &Question, width: usize) -> String {
    let text = clean::text(&question.text);
    match &question.subject {
        Subject::PlanApproval { .. } => plan(state, question, width),
        Subject::Budget { scope, limit, used, needed } => format!(
            "\nThe budget `{}` is used up: {used} of {limit} are spent or reserved, and the next call could cost {needed}.\n",
            clean::line(scope)
        ),
        _ => {
            let who = clean::line(question.from.name());
            format!("\n{} ({who} asks)\n{}\n", question.id, textwrap::fill(&text, width))
        }
    }
}

fn plan(state: &ExecutionState, question: &Question, width: usize) -> String {
    let Some(plan) = &state.plan else { return format!("\n{}\n", clean::text(&question.text)) };
    let mut text = format!("\nPlan, version {}", state.plan_version);
    if let Some(estimate) = state.estimate() {
        text.push_str(&format!(" (roughly {estimate} more; {} spent so far)", state.cost()));
    }
    text.push('\n');
    let mut wrapped = |first: &str, others: &str, line: &str| {
        let options = textwrap::Options::new(width).initial_indent(first).subsequent_indent(others);
        text.push_str(&textwrap::fill(&clean::line(line), options));
        text.push('\n');
    };
    for subtask in &plan.subtasks {
        let needs: Vec<&str> = subtask.depends_on.iter().map(squad_domain::ids::SubtaskId::as_str).collect();
        let after = if needs.is_empty() { String::new() } else { format!(", after {}", needs.join(", ")) };
        let head = format!("{} {} ({}{after})", subtask.id, subtask.title, subtask.role.title());
        wrapped("  ", "     ", &head);
        wrapped("     ", "     ", &subtask.description);
        for criterion in &subtask.acceptance_criteria {
            wrapped("     - ", "       ", criterion);
        }
    }
    text
}

fn prompt(question: &Question) -> Result<Option<Answer>, InquireError> {
    let title = match &question.subject {
        Subject::PlanApproval { .. } => "Is this plan good?",
        Subject::Budget { .. } => "Raise it?",
        Subject::TestCommand => "How is it tested?",
        _ => "Your answer?",
    };
    let offered = choices(question);
    let choice = match offered.as_slice() {
        // Nothing but free words: ask for them at once.
        [Choice::Own, ..] => Choice::Own,
        _ => Select::new(title, offered).with_page_size(12).prompt()?,
    };
    Ok(Some(match choice {
        Choice::Approve => Answer::Approve { note: optional("A remark for the squad (enter for none):")? },
        Choice::Retry => Answer::Retry { note: optional("A remark for the squad (enter for none):")? },
        Choice::Reject => match required("What should be different?")? {
            Some(reason) => Answer::Reject { reason },
            None => return Ok(None),
        },
        Choice::Raise => return raise(question),
        Choice::Stop => Answer::Stop,
        Choice::Option(text) => Answer::Text { text },
        Choice::Own => match required("Your answer (escape to leave it for later):")? {
            Some(text) => Answer::Text { text },
            None => return Ok(None),
        },
        Choice::Later => return Ok(None),
    }))
}

fn raise(question: &Question) -> Result<Option<Answer>, InquireError> {
    let Subject::Budget { limit, needed, .. } = &question.subject else { return Ok(None) };
    let floor = *limit + *needed;
    let typed = Text::new("New limit in US dollars, in all:")
        .with_validator(move |text: &str| {
            use inquire::validator::Validation;
            Ok(match text.parse::<MicroUsd>() {
                Err(error) => Validation::Invalid(error.to_string().into()),
                Ok(amount) if amount < floor => Validation::Invalid(
                    format!("that is not enough for the next call; give at least {floor}").into(),
                ),
                Ok(_) => Validation::Valid,
            })
        })
        .prompt()?;
    Ok(typed.parse().ok().map(|limit| Answer::RaiseBudget { limit }))
}

fn optional(title: &str) -> Result<String, InquireError> {
    Text::new(title).prompt()
}

fn required(title: &str) -> Result<Option<String>, InquireError> {
    let text = Text::new(title).prompt()?;
    Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use squad_domain::message::Actor;
    use squad_domain::question::Asked as To;

    /// What is offered must be what the question takes, or the person answers in vain.
    #[test]
    fn every_offered_answer_fits_its_question() {
        let lane = || "work/s1/1".into();
        let step = || "work/s1/1#1/tool/0".into();
        let money = || MicroUsd::from_micros(1);
        let subjects = [
            Subject::Tool { lane: lane(), step: step() },
            Subject::Analysis,
            Subject::PlanApproval { version: 1 },
            Subject::TestCommand,
            Subject::Budget { scope: "execution".into(), limit: money(), used: money(), needed: money() },
            Subject::Model { lane: lane() },
            Subject::Loop { lane: lane() },
            Subject::Turns { lane: lane(), limit: 1 },
            Subject::Stuck { lane: lane(), step: step() },
            Subject::ReviewRounds { subtask: None },
            Subject::TestRounds,
            Subject::Fault { step: step() },
        ];
        for subject in subjects {
            let question = Question {
                id: "q1".into(),
                from: Actor::Engine,
                to: To::Person,
                subject,
                text: "?".into(),
                options: vec!["a".into()],
            };
            for choice in choices(&question) {
                let note = String::new;
                let answer = match choice {
                    Choice::Approve => Answer::Approve { note: note() },
                    Choice::Reject => Answer::Reject { reason: "x".into() },
                    Choice::Raise => Answer::RaiseBudget { limit: money() + money() },
                    Choice::Retry => Answer::Retry { note: note() },
                    Choice::Stop => Answer::Stop,
                    Choice::Option(text) => Answer::Text { text },
                    Choice::Own => Answer::Text { text: "x".into() },
                    Choice::Later => continue,
                };
                assert_eq!(question.accepts(&answer), Ok(()), "{:?}", question.subject);
            }
        }
    }
}
