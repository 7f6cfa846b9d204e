//! The report: what an execution did, and which event proves each claim.
//!
//! Pure: it reads the log and the state that the log folds into, nothing else, so that the same log gives the same
//! report on any machine and at any later time. Every claim names the `seq` of the event behind it, and what nobody
//! checked is said as plainly as what was checked.

mod build;
mod markdown;
#[cfg(test)]
mod tests;
mod trail;
mod unverified;
pub mod words;

use serde::{Deserialize, Serialize};
use squad_domain::Timestamp;
use squad_domain::execution::Status;
use squad_domain::execution::event::Delivery;
use squad_domain::ids::{CommitId, ExecutionId, MemberName, QuestionId, SubtaskId};
use squad_domain::model::Usage;
use squad_domain::money::MicroUsd;
use squad_domain::review::{ReviewComment, ReviewVerdict};
use squad_domain::role::Role;
use squad_domain::tests_run::TestCommand;

/// What an execution did, and what proves it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Which execution.
    pub execution_id: ExecutionId,
    /// Where it stands. Only `completed` means that the engine saw the tests pass.
    pub status: Status,
    /// Why it stands there.
    pub reason: String,
    /// The task's title.
    pub task: String,
    /// The repository as it was given: a path, or a URL without credentials.
    pub repository: String,
    /// The squad's name.
    pub squad: String,
    /// The analysis in the squad's words.
    pub summary: Option<String>,
    /// The branch, its commits and the size of the change, where it was delivered.
    pub delivery: Option<Delivery>,
    /// The engine's own runs of the tests.
    pub tests: Tests,
    /// What had to be true at the end.
    pub criteria: Vec<Criterion>,
    /// The plan, and who did what.
    pub subtasks: Vec<SubtaskLine>,
    /// Every review, in order.
    pub reviews: Vec<ReviewLine>,
    /// What could go wrong, in the squad's words.
    pub risks: Vec<String>,
    /// Questions, to members and to people, with their answers.
    pub questions: Vec<QuestionLine>,
    /// What each member used.
    pub members: Vec<MemberLine>,
    /// What each model used.
    pub models: Vec<ModelLine>,
    /// What all of them used.
    pub total: Spent,
    /// What it might have cost at most.
    pub budget: Option<MicroUsd>,
    /// Whether any words came from a script instead of a model.
    pub scripted: bool,
    /// The sandbox tier that was in use.
    pub sandbox: Option<String>,
    /// When it was asked for.
    #[serde(with = "time::serde::rfc3339")]
    pub started_at: Timestamp,
    /// The last event of it.
    #[serde(with = "time::serde::rfc3339")]
    pub ended_at: Timestamp,
    /// From the first event to the last, in milliseconds.
    pub elapsed_ms: u64,
    /// How much of that it waited for a person, in milliseconds.
    pub waited_ms: u64,
    /// What a person should know about the repository.
    pub notes: Vec<String>,
    /// What nobody checked. Empty only where there is nothing left to say.
    pub not_verified: Vec<String>,
}

/// The engine's own runs of the tests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tests {
    /// The command that opens the gate, and who chose it.
    pub command: Option<TestCommand>,
    /// On the base, before anything changed.
    pub before: Option<TestLine>,
    /// On the result. The last run, passed or not.
    pub after: Option<TestLine>,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestLine {
    /// The event that recorded it.
    pub seq: u64,
    /// What was run.
    pub command: String,
    /// On which commit.
    pub commit: CommitId,
    /// Its exit status; `None` where it did not exit by itself.
    pub exit_code: Option<i32>,
    /// How it ended in words.
    pub ended: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

impl TestLine {
    /// Whether it exited with 0.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.exit_code == Some(0)
    }
}

/// How well a criterion is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Somebody who did not write it judged it, and the engine saw the tests pass on the result.
    Proven,
    /// The engine saw the tests pass on the result, but nobody but the author looked at this criterion.
    TestsOnly,
    /// Not shown.
    Open,
}

/// An event that speaks for a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Its place in the log.
    pub seq: u64,
    /// What it says.
    pub what: String,
}

/// Something that had to be true at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Criterion {
    /// In the squad's words.
    pub text: String,
    /// The sub-task that it belongs to; `None`: the task.
    pub subtask: Option<SubtaskId>,
    /// How well it is proved.
    pub standing: Standing,
    /// By which events.
    pub proof: Vec<Proof>,
}

/// A sub-task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubtaskLine {
    /// Its id.
    pub id: SubtaskId,
    /// One line.
    pub title: String,
    /// Who did it.
    pub member: Option<MemberName>,
    /// Rounds of work.
    pub rounds: u32,
    /// How far it is, in words: `merged`, `being worked on`, …
    pub stage: String,
    /// What was done, in the member's words.
    pub summary: String,
}

/// A review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewLine {
    /// The event that recorded it.
    pub seq: u64,
    /// Who reviewed.
    pub reviewer: MemberName,
    /// What; `None`: the merged whole.
    pub subtask: Option<SubtaskId>,
    /// Which round, from 1.
    pub round: u32,
    /// The decision.
    pub verdict: ReviewVerdict,
    /// Why.
    pub summary: String,
    /// Line by line.
    pub comments: Vec<ReviewComment>,
}

/// A question and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuestionLine {
    /// Its id.
    pub id: QuestionId,
    /// The event that asked it.
    pub seq: u64,
    /// Who asked.
    pub from: String,
    /// Whom.
    pub to: String,
    /// The words.
    pub text: String,
    /// The answer in words; `None`: it is open.
    pub answer: Option<String>,
    /// Who answered.
    pub by: Option<String>,
}

/// Calls, tokens and money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Spent {
    /// Model calls.
    pub calls: u64,
    /// Tokens.
    pub usage: Usage,
    /// Money, in millionths of a dollar.
    pub cost: MicroUsd,
}

/// What a member used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MemberLine {
    /// Who.
    pub name: MemberName,
    /// Employed as.
    pub role: Role,
    /// How much.
    pub spent: Spent,
    /// Which models answered it.
    pub models: Vec<String>,
}

/// What a model used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelLine {
    /// Which, as `provider/model`.
    pub model: String,
    /// How much.
    pub spent: Spent,
}
