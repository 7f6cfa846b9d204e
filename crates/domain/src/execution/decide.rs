//! What to do next. Pure: the same state always gives the same steps, with the same keys.

use super::guard::GuardAction;
use super::lane::{Lane, LanePhase};
use super::state::ExecutionState;
use super::status::Status;
use super::subtask::{SubtaskStage, SubtaskState};
use super::wording;
use crate::duty::Duty;
use crate::ids::{CommitId, LaneId, MemberName, QuestionId, StepKey, SubtaskId};
use crate::model::Purpose;
use crate::question::{Asked, Question, Subject};
use crate::review::{ReviewVerdict, TestVerdict};
use crate::squad::ApprovalPolicy;
use crate::tests_run::TestStage;
use std::collections::BTreeSet;

/// Something to do. Steps with a key reach outside of the log and may be under way; the others are performed at once.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Change the state.
    Transition {
        /// To what.
        to: Status,
        /// Why.
        reason: String,
    },
    /// Import the repository, look at it, prove the sandbox.
    Prepare,
    /// Run the project's tests.
    RunTests {
        /// When.
        stage: TestStage,
        /// On which commit.
        commit: CommitId,
    },
    /// Write a brief and open a lane.
    OpenLane(LanePlan),
    /// Ask a model for the lane's next turn, or to condense the lane.
    CallModel {
        /// The step.
        key: StepKey,
        /// The lane.
        lane: LaneId,
        /// `Summarize`: condense.
        purpose: Purpose,
        /// For condensing: up to which message.
        condense_upto: Option<usize>,
    },
    /// Perform the lane's next tool call.
    RunTool {
        /// The step.
        key: StepKey,
        /// The lane.
        lane: LaneId,
        /// Whether it was started before, by a worker that is gone.
        started: bool,
    },
    /// Do something about a lane that runs in circles.
    Guard {
        /// The lane.
        lane: LaneId,
        /// What.
        action: GuardAction,
    },
    /// Ask a person.
    Ask(Question),
    /// Give sub-tasks to members.
    Assign {
        /// Which.
        subtasks: Vec<SubtaskId>,
    },
    /// Merge a sub-task's work into the execution's branch.
    Merge {
        /// Which.
        subtask: SubtaskId,
    },
    /// Add a sub-task that mends what a check of the whole found.
    AddFix {
        /// What found it.
        cause: FixCause,
    },
    /// Put the branch where it belongs.
    Deliver,
}

/// What found that the merged whole is not good yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FixCause {
    /// The review of the whole.
    Review,
    /// The engine's run of the tests.
    Tests,
    /// The tester.
    Report,
}

/// A lane that is about to be opened.
#[derive(Debug, Clone, PartialEq)]
pub struct LanePlan {
    /// Its id.
    pub id: LaneId,
    /// Whose.
    pub member: MemberName,
    /// What for.
    pub duty: Duty,
    /// For which sub-task.
    pub subtask: Option<SubtaskId>,
    /// Counts from 1.
    pub round: u32,
    /// The question that it answers.
    pub question: Option<QuestionId>,
}

impl Step {
    /// The key under which a step that reaches outside of the log is known.
    #[must_use]
    pub fn key(&self) -> Option<StepKey> {
        let key = match self {
            Self::CallModel { key, .. } | Self::RunTool { key, .. } => return Some(key.clone()),
            Self::Prepare => "prepare".to_owned(),
            Self::RunTests { stage: TestStage::Before, .. } => "tests/before".to_owned(),
            Self::RunTests { stage: TestStage::After, commit } => format!("tests/after/{commit}"),
            Self::OpenLane(plan) => format!("open/{}", plan.id),
            Self::Assign { subtasks } => format!("assign/{}", subtasks.first().map_or("", SubtaskId::as_str)),
            Self::Merge { subtask } => format!("merge/{subtask}"),
            Self::AddFix { .. } | Self::Transition { .. } | Self::Guard { .. } | Self::Ask(_) => return None,
            Self::Deliver => "deliver".to_owned(),
        };
        Some(StepKey(key))
    }
}

/// What to do next. Steps that are under way already are named again: who performs them knows by their keys.
/// Nothing at all means that the execution has ended, is paused, or waits for a person.
#[must_use]
pub fn decide(state: &ExecutionState) -> Vec<Step> {
    if state.status.is_terminal() {
        return Vec::new();
    }
    if let Some(step) = stopped(state) {
        return vec![step];
    }
    if state.paused {
        return Vec::new();
    }
    let at = state.return_to.unwrap_or(state.status);
    let steps: Vec<Step> = held_back(state, phase(state, at));
    match (state.status, steps.is_empty()) {
        (Status::Blocked, true) => Vec::new(),
        (Status::Blocked, false) => vec![transition(at, "what it waited for is there")],
        (_, true) if at != Status::Pending && waits_for_person(state) => {
            vec![transition(Status::Blocked, &wording::blocked(state))]
        }
        _ => steps,
    }
}

/// A person's "stop" ends the execution wherever it stands.
fn stopped(state: &ExecutionState) -> Option<Step> {
    let mut answers = state
        .questions
        .values()
        .filter_map(|asked| asked.answer.as_ref().map(|(by, answer)| (asked, by, answer)));
    let (asked, by, _) = answers.find(|(_, _, answer)| **answer == crate::question::Answer::Stop)?;
    Some(transition(Status::Failed, &format!("{} stopped it when asked {}", by.name(), asked.question.id)))
}

fn waits_for_person(state: &ExecutionState) -> bool {
    state.open_questions().any(Question::waits_for_person)
}

/// A step that failed for a reason outside of the squad waits until a person says to try it again.
fn held_back(state: &ExecutionState, steps: Vec<Step>) -> Vec<Step> {
    let held: Vec<&StepKey> = state
        .open_questions()
        .filter_map(|question| match &question.subject {
            Subject::Fault { step } => Some(step),
            _ => None,
        })
        .collect();
    if held.is_empty() {
        return steps;
    }
    steps.into_iter().filter(|step| step.key().is_none_or(|key| !held.contains(&&key))).collect()
}

fn phase(state: &ExecutionState, at: Status) -> Vec<Step> {
    if state.prepared.is_none() {
        return vec![Step::Prepare];
    }
    match at {
        Status::Pending => vec![transition(Status::Analyzing, "the repository is there")],
        Status::Analyzing => analyzing(state),
        Status::Planning => planning(state),
        Status::Delegated => vec![transition(Status::InProgress, "every sub-task has its member")],
        Status::InProgress => in_progress(state),
        Status::Reviewing => reviewing(state),
        Status::Testing => testing(state),
        Status::Blocked | Status::Completed | Status::Failed | Status::Cancelled => Vec::new(),
    }
}

fn analyzing(state: &ExecutionState) -> Vec<Step> {
    let mut steps: Vec<Step> = baseline(state).into_iter().collect();
    match &state.analysis {
        None => {
            steps
                .extend(lane_or_open(state, plan_lane(state, "analyze", Duty::Analyze, 1, &BTreeSet::new())));
        }
        Some(analysis) => {
            let asked = state.questions.values().any(|asked| asked.question.subject == Subject::Analysis);
            if !analysis.questions.is_empty() && !asked {
                return vec![Step::Ask(analysis_question(state, &analysis.questions))];
            }
            steps.extend(open_lanes(state));
            let open = state.open_questions().any(|question| question.subject == Subject::Analysis);
            if steps.is_empty() && !open {
                steps.push(transition(Status::Planning, "it is clear what is wanted"));
            }
        }
    }
    steps
}

/// The tests as they are before anything changes; once.
fn baseline(state: &ExecutionState) -> Option<Step> {
    let base = &state.prepared.as_ref()?.base;
    let open = state.baseline.is_none() && state.no_tests.is_none();
    open.then(|| Step::RunTests { stage: TestStage::Before, commit: base.clone() })
}

/// The analysis' open questions go to the tech lead first, who passes on to a person what only a person can tell.
fn analysis_question(state: &ExecutionState, questions: &[String]) -> Question {
    let squad = &state.spec.squad;
    let analyst = squad.holder(Duty::Analyze, &BTreeSet::new()).map(|member| member.name.clone());
    let others: BTreeSet<MemberName> = analyst.iter().cloned().collect();
    let to =
        squad.holder(Duty::Agree, &others).map_or(Asked::Person, |lead| Asked::Member(lead.name.clone()));
    let text = match questions {
        [one] => one.clone(),
        many => many
            .iter()
            .enumerate()
            .map(|(n, text)| format!("{}. {text}", n + 1))
            .collect::<Vec<_>>()
            .join("\n"),
    };
    let from = analyst.map_or(crate::message::Actor::Engine, crate::message::Actor::Member);
    Question { id: state.next_question(), from, to, subject: Subject::Analysis, text, options: Vec::new() }
}

fn planning(state: &ExecutionState) -> Vec<Step> {
    let open = open_lanes(state);
    if !open.is_empty() || any_lane_open(state) {
        return open;
    }
    let round = state.planning_round;
    let nobody = BTreeSet::new();
    let drafted = state.lanes.values().any(|lane| lane.duty == Duty::Plan && lane.round == round);
    if !drafted || state.plan.is_none() {
        return lane_or_open(state, plan_lane(state, "plan", Duty::Plan, round, &nobody));
    }
    if !state.plan_settled {
        let planner: BTreeSet<MemberName> =
            state.spec.squad.holder(Duty::Plan, &nobody).iter().map(|member| member.name.clone()).collect();
        return lane_or_open(state, plan_lane(state, "agree", Duty::Agree, round, &planner));
    }
    if state.test_command.is_none()
        && state.plan.as_ref().is_none_or(|plan| plan.test_command.trim().is_empty())
    {
        let tried = state.no_tests.as_deref().unwrap_or_default();
        return ask_once(state, Subject::TestCommand, wording::test_command(tried), &[]);
    }
    if !state.plan_approved && needs_approval(state) {
        let subject = Subject::PlanApproval { version: state.plan_version };
        let text = state.plan.as_ref().map(wording::plan_approval).unwrap_or_default();
        return ask_once(state, subject, text, &["approve", "reject"]);
    }
    let unassigned =
        state.plan.as_ref().map(|plan| plan.subtasks.iter().map(|subtask| subtask.id.clone()).collect());
    if state.subtasks.is_empty() {
        return vec![Step::Assign { subtasks: unassigned.unwrap_or_default() }];
    }
    vec![transition(Status::Delegated, "the plan is settled and every sub-task has its member")]
}

fn needs_approval(state: &ExecutionState) -> bool {
    match state.spec.approval {
        ApprovalPolicy::Always => true,
        ApprovalPolicy::Never => false,
        ApprovalPolicy::OverBudget => state.estimate().is_none_or(|estimate| {
            state.spec.budget.is_some_and(|budget| budget.saturating_sub(state.cost()) < estimate)
        }),
    }
}

fn in_progress(state: &ExecutionState) -> Vec<Step> {
    let unassigned: Vec<SubtaskId> = state
        .subtasks
        .iter()
        .filter(|subtask| subtask.assignee.is_none())
        .map(|subtask| subtask.spec.id.clone())
        .collect();
    if !unassigned.is_empty() {
        return vec![Step::Assign { subtasks: unassigned }];
    }
    let mut steps = open_lanes(state);
    let mut asks = Vec::new();
    // Finished work is merged one by one, in the order of the plan; a conflict is resolved before the next merge.
    let merging = state.subtasks.iter().any(|subtask| subtask.stage == SubtaskStage::Conflicted);
    let mut merged_one = merging;
    for subtask in &state.subtasks {
        match next_of(state, subtask) {
            Some(Step::Merge { subtask }) if !merged_one => {
                let resolved_waits = state
                    .subtasks
                    .iter()
                    .any(|other| other.stage == SubtaskStage::Resolved && other.spec.id != subtask);
                if !resolved_waits {
                    merged_one = true;
                    steps.push(Step::Merge { subtask });
                }
            }
            Some(Step::Merge { .. }) | None => {}
            Some(Step::Ask(question)) => asks.push(Step::Ask(question)),
            Some(step) => steps.push(step),
        }
    }
    if let Some(ask) = asks.into_iter().next() {
        return vec![ask];
    }
    if steps.is_empty() && state.subtasks.iter().all(|subtask| subtask.stage == SubtaskStage::Merged) {
        steps.push(if whole_reviewer(state).is_some() && !reviewed_already(state) {
            transition(Status::Reviewing, "everything is merged")
        } else {
            transition(Status::Testing, "everything is merged, and nothing is left to review")
        });
    }
    bounded(state, steps)
}

/// What a sub-task needs next, apart from the steps of its open lane.
fn next_of(state: &ExecutionState, subtask: &SubtaskState) -> Option<Step> {
    let id = &subtask.spec.id;
    let assignee = subtask.assignee.as_ref()?;
    if lane_open_for(state, id) {
        return None;
    }
    let work = |round: u32| {
        Step::OpenLane(LanePlan {
            id: LaneId(format!("work/{id}/{round}")),
            member: assignee.clone(),
            duty: Duty::Work,
            subtask: Some(id.clone()),
            round,
            question: None,
        })
    };
    match subtask.stage {
        SubtaskStage::Waiting => {
            let ready = subtask
                .spec
                .depends_on
                .iter()
                .all(|need| state.subtask(need).is_some_and(|other| other.stage == SubtaskStage::Merged));
            ready.then(|| work(1))
        }
        // The lane is gone without handing over: the round is begun again.
        SubtaskStage::Working => Some(work(subtask.round + 1)),
        SubtaskStage::Submitted => match state.spec.squad.holder(Duty::Review, &[assignee.clone()].into()) {
            Some(reviewer) => Some(Step::OpenLane(LanePlan {
                id: LaneId(format!("review/{id}/{}", subtask.round)),
                member: reviewer.name.clone(),
                duty: Duty::Review,
                subtask: Some(id.clone()),
                round: subtask.round,
                question: None,
            })),
            // Nobody is there who did not write it; the gate stays.
            None => Some(Step::Merge { subtask: id.clone() }),
        },
        SubtaskStage::ChangesRequested => {
            let limit = state.spec.limits.review_rounds + subtask.granted;
            if subtask.round < limit {
                return Some(work(subtask.round + 1));
            }
            let subject = Subject::ReviewRounds { subtask: Some(id.clone()) };
            let text = wording::rounds(&subject, subtask.round);
            ask_once(state, subject, text, &["approve", "retry", "stop"]).into_iter().next()
        }
        SubtaskStage::Approved | SubtaskStage::Resolved => Some(Step::Merge { subtask: id.clone() }),
        SubtaskStage::Conflicted => {
            let resolver = state
                .spec
                .squad
                .member(assignee)
                .filter(|member| member.role.is_developer())
                .or_else(|| state.spec.squad.holder(Duty::Resolve, &BTreeSet::new()))?;
            Some(Step::OpenLane(LanePlan {
                id: LaneId(format!("resolve/{id}/{}", subtask.conflicts)),
                member: resolver.name.clone(),
                duty: Duty::Resolve,
                subtask: Some(id.clone()),
                round: subtask.conflicts,
                question: None,
            }))
        }
        SubtaskStage::Merged => None,
    }
}

/// Where one sub-task was all, and its reviewed files are the whole, a second review would read the same diff again.
fn reviewed_already(state: &ExecutionState) -> bool {
    match state.subtasks.as_slice() {
        [only] => {
            let approved =
                only.reviews.last().is_some_and(|(_, review)| review.verdict == ReviewVerdict::Approve);
            approved && only.tree.is_some() && only.tree == state.head_tree
        }
        _ => false,
    }
}

/// Who reviews the whole: the natural reviewer, unless all of it is their own work.
fn whole_reviewer(state: &ExecutionState) -> Option<MemberName> {
    let authors: BTreeSet<MemberName> =
        state.subtasks.iter().filter_map(|subtask| subtask.assignee.clone()).collect();
    state.spec.squad.holder(Duty::Review, &authors).map(|member| member.name.clone())
}

fn reviewing(state: &ExecutionState) -> Vec<Step> {
    let open = open_lanes(state);
    if !open.is_empty() || any_lane_open(state) {
        return open;
    }
    let verdict = state.whole.review.as_ref().map(|review| review.verdict);
    match (verdict, whole_reviewer(state)) {
        _ if state.whole.accepted => vec![transition(Status::Testing, "a person takes the whole as it is")],
        (Some(ReviewVerdict::Approve), _) => vec![transition(Status::Testing, "the whole is approved")],
        (_, None) => vec![transition(Status::Testing, "nobody is left to review the whole")],
        (Some(ReviewVerdict::RequestChanges), _) => fix(state, FixCause::Review),
        (None, Some(reviewer)) => {
            let round = state.whole_lanes + 1;
            vec![Step::OpenLane(LanePlan {
                id: LaneId(format!("review/whole/{round}")),
                member: reviewer,
                duty: Duty::Review,
                subtask: None,
                round: state.fixes + 1,
                question: None,
            })]
        }
    }
}

fn testing(state: &ExecutionState) -> Vec<Step> {
    let open = open_lanes(state);
    if !open.is_empty() || any_lane_open(state) {
        return open;
    }
    let Some(head) = &state.head else { return Vec::new() };
    let Some(run) = &state.whole.tests else {
        return vec![Step::RunTests { stage: TestStage::After, commit: head.clone() }];
    };
    if !run.passed() {
        return fix(state, FixCause::Tests);
    }
    let tester = state.spec.squad.holder(Duty::Test, &BTreeSet::new());
    match (&state.whole.report, tester) {
        (None, Some(tester)) => {
            let round = state.whole_lanes + 1;
            vec![Step::OpenLane(LanePlan {
                id: LaneId(format!("test/{round}")),
                member: tester.name.clone(),
                duty: Duty::Test,
                subtask: None,
                round: state.fixes + 1,
                question: None,
            })]
        }
        (Some(report), _) if report.verdict == TestVerdict::Fail => fix(state, FixCause::Report),
        _ if state.delivery.is_none() => vec![Step::Deliver],
        _ => vec![transition(Status::Completed, "the tests pass, and the branch is delivered")],
    }
}

/// Back to work with what a check found, or to a person where that was tried often enough.
fn fix(state: &ExecutionState, cause: FixCause) -> Vec<Step> {
    let limit = state.spec.limits.fix_rounds + state.fixes_granted;
    if state.fixes < limit {
        // Recorded together by the driver: the state never shows a fix without its sub-task.
        return vec![Step::AddFix { cause }];
    }
    let subject =
        if cause == FixCause::Review { Subject::ReviewRounds { subtask: None } } else { Subject::TestRounds };
    let text = wording::rounds(&subject, state.fixes);
    ask_once(state, subject, text, &["retry", "stop"])
}

/// Asks a person, unless the same question is open.
fn ask_once(state: &ExecutionState, subject: Subject, text: String, options: &[&str]) -> Vec<Step> {
    if state.open_questions().any(|question| question.subject == subject) {
        return Vec::new();
    }
    vec![Step::Ask(Question {
        id: state.next_question(),
        from: crate::message::Actor::Engine,
        to: Asked::Person,
        subject,
        text,
        options: options.iter().map(|option| (*option).to_owned()).collect(),
    })]
}

fn plan_lane(
    state: &ExecutionState,
    name: &str,
    duty: Duty,
    round: u32,
    not: &BTreeSet<MemberName>,
) -> Option<LanePlan> {
    let member = state.spec.squad.holder(duty, not)?;
    Some(LanePlan {
        id: LaneId(format!("{name}/{round}")),
        member: member.name.clone(),
        duty,
        subtask: None,
        round,
        question: None,
    })
}

/// The steps of the open lanes; where none is open and the planned one was not opened yet, opens it.
fn lane_or_open(state: &ExecutionState, plan: Option<LanePlan>) -> Vec<Step> {
    let steps = open_lanes(state);
    match plan {
        Some(plan) if steps.is_empty() && !any_lane_open(state) => vec![Step::OpenLane(plan)],
        _ => steps,
    }
}

fn any_lane_open(state: &ExecutionState) -> bool {
    state.lanes.values().any(Lane::is_open)
}

fn lane_open_for(state: &ExecutionState, subtask: &SubtaskId) -> bool {
    state
        .lanes
        .values()
        .any(|lane| lane.is_open() && lane.subtask.as_ref() == Some(subtask) && lane.duty != Duty::Answer)
}

/// The next step of every open lane, and a lane for every question to a member that has none yet.
fn open_lanes(state: &ExecutionState) -> Vec<Step> {
    let mut steps: Vec<Step> = state
        .lanes
        .values()
        .filter(|lane| lane.is_open())
        .filter_map(|lane| lane_step(state, lane))
        .collect();
    for question in state.open_questions() {
        let Asked::Member(member) = &question.to else { continue };
        let id = LaneId(format!("answer/{}", question.id));
        if state.lanes.contains_key(&id) {
            continue;
        }
        steps.push(Step::OpenLane(LanePlan {
            id,
            member: member.clone(),
            duty: Duty::Answer,
            subtask: question
                .lane()
                .and_then(|lane| state.lanes.get(lane))
                .and_then(|lane| lane.subtask.clone()),
            round: 1,
            question: Some(question.id.clone()),
        }));
    }
    bounded(state, steps)
}

/// No more lanes than allowed have a step under way; those that have one go on first.
fn bounded(state: &ExecutionState, mut steps: Vec<Step>) -> Vec<Step> {
    let limit = state.spec.limits.parallel_lanes.max(1);
    if steps.len() > limit {
        let begun = |step: &Step| match step {
            Step::CallModel { lane, .. } | Step::RunTool { lane, .. } => state
                .lanes
                .get(lane)
                .is_none_or(|lane| !matches!(lane.phase, LanePhase::Calling { .. }) && lane.turns == 0),
            Step::OpenLane(_) => true,
            _ => false,
        };
        steps.sort_by_key(begun);
        steps.truncate(limit);
    }
    steps
}

fn lane_step(state: &ExecutionState, lane: &Lane) -> Option<Step> {
    if lane.waiting.is_some() {
        return None;
    }
    match &lane.phase {
        LanePhase::Closed => None,
        LanePhase::Calling { step, purpose, .. } => Some(Step::CallModel {
            key: step.clone(),
            lane: lane.id.clone(),
            purpose: *purpose,
            condense_upto: (*purpose == Purpose::Summarize).then(|| condense_upto(state, lane)).flatten(),
        }),
        LanePhase::Tools { .. } => {
            let (key, _, started) = lane.current_tool()?;
            Some(Step::RunTool { key, lane: lane.id.clone(), started })
        }
        LanePhase::Ready => ready_step(state, lane),
    }
}

fn ready_step(state: &ExecutionState, lane: &Lane) -> Option<Step> {
    let member = state.member(&lane.member)?;
    if lane.guard.finding.is_some() {
        let profile = member.profile.as_ref().unwrap_or(&state.spec.models.profile);
        let can_escalate = !profile.escalation.is_empty() && !lane.escalated;
        return Some(Step::Guard { lane: lane.id.clone(), action: lane.guard.action(can_escalate) });
    }
    if lane.turns >= member.max_turns + lane.granted {
        let subject = Subject::Turns { lane: lane.id.clone(), limit: member.max_turns };
        let text = wording::turns(lane.member.as_str(), lane.duty.slug(), lane.turns);
        return ask_once(state, subject, text, &["retry", "stop"]).into_iter().next();
    }
    if budget_stop(state, &lane.member) {
        return None;
    }
    let condense = condense_upto(state, lane);
    let purpose = if condense.is_some() { Purpose::Summarize } else { lane.duty.purpose() };
    Some(Step::CallModel { key: lane.next_call(), lane: lane.id.clone(), purpose, condense_upto: condense })
}

/// Up to which message the lane is to be condensed before its next call. A quarter of the room stays for the latest
/// turns, word by word. `None`: it fits, or there is nothing to gain.
#[must_use]
pub fn condense_upto(state: &ExecutionState, lane: &Lane) -> Option<usize> {
    let room = lane.room.unwrap_or(state.spec.limits.context_bytes);
    (lane.context_bytes() > room).then(|| lane.condense_upto(room / 4)).flatten()
}

/// Whether an open question about a budget holds the member's calls back: its own budget's, or the execution's.
fn budget_stop(state: &ExecutionState, member: &MemberName) -> bool {
    state.open_questions().any(|question| {
        matches!(question.subject, Subject::Budget { .. })
            && match &question.from {
                crate::message::Actor::Member(name) => name == member,
                _ => true,
            }
    })
}

/// The question that a lane in circles asks of a person.
#[must_use]
pub fn loop_question(state: &ExecutionState, lane: &Lane, evidence: &str) -> Question {
    Question {
        id: state.next_question(),
        from: crate::message::Actor::Engine,
        to: Asked::Person,
        subject: Subject::Loop { lane: lane.id.clone() },
        text: wording::circles(lane.member.as_str(), evidence),
        options: vec!["retry".to_owned(), "stop".to_owned()],
    }
}

fn transition(to: Status, reason: &str) -> Step {
    Step::Transition { to, reason: reason.to_owned() }
}
