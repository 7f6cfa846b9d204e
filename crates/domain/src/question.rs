//! Questions. Whatever waits, waits for the answer to a question: there is no other way to stand still.

use crate::ids::{LaneId, MemberName, QuestionId, StepKey, SubtaskId};
use crate::message::Actor;
use crate::money::MicroUsd;
use serde::{Deserialize, Serialize};

/// To whom a question goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// A teammate, who answers in a lane of its own.
    Member(MemberName),
    /// A person.
    Person,
}

/// What hangs on the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum Subject {
    /// A member asked through `ask_teammate` or `ask_human`; the answer is the result of that tool call.
    Tool {
        /// The lane that waits.
        lane: LaneId,
        /// The tool call that the answer finishes.
        step: StepKey,
    },
    /// The open questions of the analysis.
    Analysis,
    /// Whether the plan is good.
    PlanApproval {
        /// Which version.
        version: u32,
    },
    /// No command is known that tests this repository.
    TestCommand,
    /// A budget is used up.
    Budget {
        /// Which one, as people read it: `execution`, `member Bea`, …
        scope: String,
        /// Its limit.
        limit: MicroUsd,
        /// What is spent and reserved of it.
        used: MicroUsd,
        /// What the next call could cost.
        needed: MicroUsd,
    },
    /// No model answers, or one refuses.
    Model {
        /// The lane that waits.
        lane: LaneId,
    },
    /// A lane runs in circles.
    Loop {
        /// The lane that waits.
        lane: LaneId,
    },
    /// A lane has used up its turns.
    Turns {
        /// The lane that waits.
        lane: LaneId,
        /// How many it may take.
        limit: u32,
    },
    /// A member says that it cannot go on.
    Stuck {
        /// The lane that waits.
        lane: LaneId,
        /// The tool call that the answer finishes.
        step: StepKey,
    },
    /// Reviewer and author do not agree within the rounds that they have.
    ReviewRounds {
        /// The sub-task; `None`: the merged whole.
        subtask: Option<SubtaskId>,
    },
    /// The tests still fail after all the fixes that may be tried.
    TestRounds,
    /// Something outside of the squad failed: git, the sandbox, the disk.
    Fault {
        /// The step that failed.
        step: StepKey,
    },
}

/// A way to answer a question to a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "choice", rename_all = "snake_case")]
pub enum Answer {
    /// In words.
    Text {
        /// The words.
        text: String,
    },
    /// Yes: the plan is good; the work is good as it is.
    Approve {
        /// A remark for the squad. May be empty.
        #[serde(default)]
        note: String,
    },
    /// No, and why.
    Reject {
        /// What should be different.
        reason: String,
    },
    /// A higher limit for the execution's budget.
    RaiseBudget {
        /// The new limit, in all.
        limit: MicroUsd,
    },
    /// Once more: another try, another round, as many turns again.
    Retry {
        /// A remark for the squad. May be empty.
        #[serde(default)]
        note: String,
    },
    /// End the execution as failed.
    Stop,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Its id, `q1`, `q2`, … in the order asked.
    pub id: QuestionId,
    /// Who asks.
    pub from: Actor,
    /// To whom it goes.
    pub to: Asked,
    /// What hangs on it.
    #[serde(flatten)]
    pub subject: Subject,
    /// The words.
    pub text: String,
    /// Answers that the asker proposes. Other ones are fine too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
}

/// An answer that does not fit its question.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{question} cannot be answered so: {how}")]
pub struct UnfitAnswer {
    question: QuestionId,
    how: &'static str,
}

impl Question {
    /// Whether a person must answer.
    #[must_use]
    pub fn waits_for_person(&self) -> bool {
        self.to == Asked::Person
    }

    /// Its number, from 1: the order in which questions were asked.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.id.as_str().trim_start_matches('q').parse().unwrap_or(u32::MAX)
    }

    /// The lane that waits for the answer, where it is one lane.
    #[must_use]
    pub fn lane(&self) -> Option<&LaneId> {
        match &self.subject {
            Subject::Tool { lane, .. }
            | Subject::Model { lane }
            | Subject::Loop { lane }
            | Subject::Turns { lane, .. }
            | Subject::Stuck { lane, .. } => Some(lane),
            Subject::Analysis
            | Subject::PlanApproval { .. }
            | Subject::TestCommand
            | Subject::Budget { .. }
            | Subject::ReviewRounds { .. }
            | Subject::TestRounds
            | Subject::Fault { .. } => None,
        }
    }

    /// Checks that the answer is one that this question can take.
    ///
    /// # Errors
    /// Says which answers it does take.
    pub fn accepts(&self, answer: &Answer) -> Result<(), UnfitAnswer> {
        let how = match (&self.subject, answer) {
            (_, Answer::Stop)
            | (Subject::PlanApproval { .. } | Subject::ReviewRounds { .. }, Answer::Approve { .. })
            | (Subject::PlanApproval { .. }, Answer::Reject { .. })
            | (
                Subject::Budget { .. }
                | Subject::Model { .. }
                | Subject::Loop { .. }
                | Subject::Turns { .. }
                | Subject::ReviewRounds { .. }
                | Subject::TestRounds
                | Subject::Fault { .. },
                Answer::Retry { .. },
            )
            | (
                Subject::Tool { .. } | Subject::Analysis | Subject::TestCommand | Subject::Stuck { .. },
                Answer::Text { .. },
            ) => {
                return Ok(());
            }
            // The limits of a squad and of an organization are not this execution's own.
            (Subject::Budget { .. }, Answer::RaiseBudget { .. })
                if self.options.iter().any(|way| way == "retry") =>
            {
                "this budget is more than the execution's own: set it with `squad budget`, then retry"
            }
            (Subject::Budget { limit, .. }, Answer::RaiseBudget { limit: new }) if new > limit => {
                return Ok(());
            }
            (Subject::Budget { .. }, Answer::RaiseBudget { .. }) => {
                "the amount is the whole new budget, and has to be above the present one"
            }
            (Subject::PlanApproval { .. }, _) => "approve the plan, or reject it with a reason",
            (Subject::Budget { .. }, _) => "raise the budget, retry once it was raised elsewhere, or stop",
            (Subject::ReviewRounds { .. }, _) => {
                "approve the work as it is, retry for another round, or stop"
            }
            (Subject::TestCommand, _) => "give the command, or stop",
            (Subject::Tool { .. } | Subject::Analysis | Subject::Stuck { .. }, _) => {
                "answer in words, or stop"
            }
            _ => "retry, with a remark if you like, or stop",
        };
        Err(UnfitAnswer { question: self.id.clone(), how })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_raised_by_naming_more_than_it_is() {
        let usd = |text: &str| text.parse().expect("an amount");
        let question = Question {
            id: "q1".into(),
            from: Actor::Engine,
            to: Asked::Person,
            subject: Subject::Budget {
                scope: "execution".into(),
                limit: usd("2"),
                used: usd("1.9"),
                needed: usd("0.2"),
            },
            text: String::new(),
            options: vec![],
        };
        assert_eq!(question.accepts(&Answer::RaiseBudget { limit: usd("3") }), Ok(()));
        for less in ["2", "0.5"] {
            let refused =
                question.accepts(&Answer::RaiseBudget { limit: usd(less) }).unwrap_err().to_string();
            assert!(refused.contains("above the present one"), "{refused}");
        }
    }
}
