//! One walk through the log that remembers which event speaks for what.

use super::Proof;
use squad_domain::execution::event::EventBody;
use squad_domain::execution::{Event, ExecutionState};
use squad_domain::ids::SubtaskId;
use squad_domain::question::{Answer, Subject};
use squad_domain::review::{ReviewVerdict, TestVerdict};
use squad_domain::tests_run::TestStage;
use std::collections::{BTreeMap, BTreeSet};

/// Which events speak for the result as it is now. What a later event made void is forgotten again.
#[derive(Debug, Default)]
pub(super) struct Trail {
    /// The approval of each sub-task's last work, by a reviewer or by a person.
    pub(super) approvals: BTreeMap<SubtaskId, Proof>,
    /// Sub-tasks whose last approval is a person's, against the reviewer.
    pub(super) overruled: Vec<SubtaskId>,
    /// Sub-tasks whose work did not merge by itself.
    pub(super) conflicts: BTreeSet<SubtaskId>,
    /// Each sub-task's merge.
    pub(super) merges: BTreeMap<SubtaskId, Proof>,
    /// The approval of the merged whole.
    pub(super) whole: Option<Proof>,
    /// The engine's passing run on the tip.
    pub(super) passing: Option<Proof>,
    /// The tester's passing report on the tip.
    pub(super) tester: Option<Proof>,
    /// The tester changed files after the last review.
    pub(super) tester_changed: bool,
    /// Model calls whose usage is an estimate.
    pub(super) estimated: u64,
    /// Hosts that commands reached.
    pub(super) hosts: Vec<String>,
    /// How often another worker took it up.
    pub(super) taken_up: u64,
    /// The event that asked each question, by its id.
    pub(super) asked: BTreeMap<String, u64>,
}

impl Trail {
    pub(super) fn walk(state: &ExecutionState, events: &[Event]) -> Self {
        let mut trail = Self::default();
        for event in events {
            trail.step(state, event);
        }
        trail
    }

    fn step(&mut self, state: &ExecutionState, event: &Event) {
        let proof = |what: String| Proof { seq: event.seq, what };
        let who = event.actor.name();
        match &event.body {
            // A resolved conflict is merged without another review: the approval of the work stays.
            EventBody::WorkSubmitted { subtask, .. } if !self.conflicts.contains(subtask) => {
                self.approvals.remove(subtask);
            }
            EventBody::ReviewSubmitted { subtask: Some(id), review, .. } => {
                self.overruled.retain(|other| other != id);
                if review.verdict == ReviewVerdict::Approve {
                    self.approvals.insert(id.clone(), proof(format!("{who} approved {id}")));
                }
            }
            EventBody::ReviewSubmitted { subtask: None, review, .. } => {
                let approved = review.verdict == ReviewVerdict::Approve;
                self.whole = approved.then(|| proof(format!("{who} approved the whole")));
                self.tester_changed = false;
            }
            EventBody::MergeConflicted { subtask, .. } => {
                self.conflicts.insert(subtask.clone());
            }
            EventBody::SubtaskMerged { subtask, .. } => {
                self.merges.insert(subtask.clone(), proof(format!("{subtask} merged")));
                (self.whole, self.passing, self.tester) = (None, None, None);
            }
            EventBody::TestsFinished { run, .. } if run.stage == TestStage::After => {
                let what = || proof(format!("the engine ran `{}`: {}", run.command, run.ended));
                self.passing = run.passed().then(what);
            }
            EventBody::TestReportSubmitted { report, commit, .. } => {
                let passed = report.verdict == TestVerdict::Pass;
                self.tester = passed.then(|| proof(format!("{who} tested: pass")));
                if commit.is_some() {
                    self.passing = None;
                    self.tester_changed = true;
                }
            }
            EventBody::QuestionAsked { question } => {
                self.asked.insert(question.id.to_string(), event.seq);
            }
            EventBody::QuestionAnswered { question, answer: Answer::Approve { .. } } => {
                let subject = state.questions.get(question).map(|asked| &asked.question.subject);
                match subject {
                    Some(Subject::ReviewRounds { subtask: Some(id) }) => {
                        self.approvals.insert(id.clone(), proof(format!("{who} took {id} as it is")));
                        self.overruled.push(id.clone());
                    }
                    Some(Subject::ReviewRounds { subtask: None }) => {
                        self.whole = Some(proof(format!("{who} took the whole as it is")));
                    }
                    _ => {}
                }
            }
            EventBody::ModelCallFinished { estimated: true, .. } => self.estimated += 1,
            EventBody::NetworkRequested { host, allowed: true, .. } if !self.hosts.contains(host) => {
                self.hosts.push(host.clone());
            }
            EventBody::TakenUp { .. } => self.taken_up += 1,
            _ => {}
        }
    }
}
