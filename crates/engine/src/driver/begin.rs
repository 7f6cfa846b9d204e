//! The beginning and the end of steps, as events.

use super::Driver;
use super::launch::{Effect, Launch};
use crate::collaboration;
use crate::delegation;
use crate::outside::Rare;
use crate::perform::{Call, Fault, ToolRun, Work};
use squad_agents::tools::{self, Control, Invocation};
use squad_domain::execution::decide::{Step, condense_upto, loop_question};
use squad_domain::execution::guard::GuardAction;
use squad_domain::execution::{EventBody, ExecutionState, Lane, LanePhase, NewEvent, Status};
use squad_domain::ids::{LaneId, StepKey, SubtaskId};
use squad_domain::mcp::McpName;
use squad_domain::message::Actor;
use squad_domain::model::Purpose;
use squad_domain::plan::Subtask;
use squad_domain::question::{Asked, Question, Subject};
use squad_storage::BudgetScope;

/// A step that begins: what the log says about it, and what has to be launched once it is said. A step without
/// anything to launch is over with its events.
pub(super) struct Begun {
    pub(super) events: Vec<NewEvent>,
    pub(super) launch: Option<Launch>,
}

impl Begun {
    fn at_once(events: Vec<NewEvent>) -> Self {
        Self { events, launch: None }
    }

    fn launch(events: Vec<NewEvent>, key: StepKey, effect: Effect) -> Self {
        Self { events, launch: Some(Launch::new(key, effect)) }
    }
}

impl Driver {
    pub(super) fn begin(&self, step: Step) -> Begun {
        let state = &self.state;
        let key = step.key();
        match (step, key) {
            (Step::Transition { to, reason }, _) => {
                Begun::at_once(vec![NewEvent::engine(EventBody::StateChanged {
                    from: state.status,
                    to,
                    reason,
                })])
            }
            (Step::Ask(question), _) => Begun::at_once(ask(question)),
            (Step::AddFix { cause }, _) => Begun::at_once(collaboration::fix(state, cause)),
            (Step::Guard { lane, action }, _) => Begun::at_once(guard(state, &lane, action)),
            (Step::Assign { subtasks }, key) => Begun::at_once(assign(state, &subtasks, key.as_ref())),
            (Step::CallModel { key, lane, purpose, condense_upto }, _) => {
                self.begin_call(key, &lane, purpose, condense_upto)
            }
            (Step::RunTool { key, lane, started }, _) => self.begin_tool(key, &lane, started),
            (Step::RunTests { stage, commit }, Some(key)) => {
                let command = state.test_command.as_ref().map(|known| known.command.clone());
                let events = vec![NewEvent::engine(EventBody::TestsStarted {
                    stage,
                    commit: commit.clone(),
                    command,
                })];
                Begun::launch(events, key, Effect::Rare(Rare::Tests { stage, commit }))
            }
            (Step::Prepare, Some(key)) => Begun::launch(Vec::new(), key, Effect::Rare(Rare::Prepare)),
            (Step::OpenLane(plan), Some(key)) => {
                Begun::launch(Vec::new(), key, Effect::Rare(Rare::OpenLane(plan)))
            }
            (Step::Merge { subtask }, Some(key)) => {
                Begun::launch(Vec::new(), key, Effect::Rare(Rare::Merge(subtask)))
            }
            (Step::Deliver, Some(key)) => Begun::launch(Vec::new(), key, Effect::Rare(Rare::Deliver)),
            (
                Step::RunTests { .. }
                | Step::Prepare
                | Step::OpenLane(_)
                | Step::Merge { .. }
                | Step::Deliver,
                None,
            ) => Begun::at_once(Vec::new()),
        }
    }

    fn begin_call(&self, key: StepKey, id: &LaneId, purpose: Purpose, condense_upto: Option<usize>) -> Begun {
        let state = &self.state;
        let Some(lane) = state.lanes.get(id) else { return Begun::at_once(Vec::new()) };
        // Kept until the question is in the log: another call may be refused in the same round.
        if let Some(refused) = self.refused.get(&key) {
            return Begun::at_once(ask(budget_question(state, lane, refused)));
        }
        let request = match condense_upto {
            Some(upto) => squad_agents::condense_request(&self.shared.prompts, state, lane, upto),
            None => squad_agents::request(&self.shared.prompts, state, lane),
        };
        let mut events = Vec::new();
        let (candidates, reserved) = match &lane.phase {
            // A call that a worker before us began keeps its candidates and its reservation.
            LanePhase::Calling { step, candidates, reserved, .. } if *step == key => {
                (candidates.clone(), *reserved)
            }
            _ => {
                let candidates = squad_agents::candidates(state, lane, purpose);
                let reserved = match self.models.router.quote(&candidates, &request) {
                    Ok(quote) => quote.worst,
                    Err(error) => {
                        return Begun::at_once(ask(model_question(state, lane, &error.to_string())));
                    }
                };
                let started = EventBody::ModelCallStarted {
                    step: key.clone(),
                    lane: id.clone(),
                    purpose,
                    candidates: candidates.clone(),
                    reserved,
                };
                events.push(NewEvent::member(&lane.member, started));
                (candidates, reserved)
            }
        };
        let call = Call {
            step: key.clone(),
            lane: id.clone(),
            member: lane.member.clone(),
            purpose,
            condense_upto,
            candidates,
            reserved,
            request,
        };
        Begun::launch(events, key, Effect::Call(Box::new(call)))
    }

    fn begin_tool(&self, key: StepKey, id: &LaneId, started: bool) -> Begun {
        let state = &self.state;
        let Some(lane) = state.lanes.get(id) else { return Begun::at_once(Vec::new()) };
        let (Some((_, call, _)), Some(member)) = (lane.current_tool(), state.member(&lane.member)) else {
            return Begun::at_once(Vec::new());
        };
        let invocation = match tools::parse(state, lane, call) {
            Ok(invocation) => invocation,
            Err(refusal) => return Begun::at_once(vec![refused(lane, &key, &call.name, refusal)]),
        };
        let work = match invocation {
            Invocation::Control(Control::SubmitWork { summary }) => Work::HandOver { summary },
            Invocation::Control(Control::SubmitTestReport(report)) => Work::Report(report),
            Invocation::Control(control) => {
                return Begun::at_once(collaboration::control(state, lane, &key, &call.name, control));
            }
            // Nobody knows whether it took effect: better said than done twice.
            Invocation::Mcp(foreign) if started && !foreign.repeatable => {
                return Begun::at_once(vec![refused(lane, &key, &call.name, cut_off(&foreign.server))]);
            }
            Invocation::Mcp(call) => Work::Mcp(call),
            other => Work::Tool(other),
        };
        let events = if started {
            Vec::new()
        } else {
            vec![NewEvent::member(
                &lane.member,
                EventBody::ToolStarted {
                    step: key.clone(),
                    lane: id.clone(),
                    tool: call.name.clone(),
                    summary: tools::summary(call),
                },
            )]
        };
        let run = ToolRun::new(state, lane, member, &call.name, key.clone(), work, started);
        Begun::launch(events, key, Effect::Tool(Box::new(run)))
    }
}

/// A question to a person, and the call for them in the conversation.
fn ask(question: Question) -> Vec<NewEvent> {
    let actor = question.from.clone();
    let mut events = Vec::new();
    if question.to == Asked::Person {
        events.push(collaboration::called_for_person(&question));
    }
    events.push(NewEvent { actor, body: EventBody::QuestionAsked { question } });
    events
}

fn guard(state: &ExecutionState, id: &LaneId, action: GuardAction) -> Vec<NewEvent> {
    let Some(lane) = state.lanes.get(id) else { return Vec::new() };
    let Some(finding) = &lane.guard.finding else { return Vec::new() };
    let mut events = vec![NewEvent::engine(EventBody::LoopDetected {
        lane: id.clone(),
        pattern: finding.pattern,
        evidence: finding.evidence.clone(),
        action,
    })];
    if action == GuardAction::Block {
        events.extend(ask(loop_question(state, lane, &finding.evidence)));
    }
    events
}

fn assign(state: &ExecutionState, ids: &[SubtaskId], key: Option<&StepKey>) -> Vec<NewEvent> {
    let planned = state.plan.as_ref().map(|plan| plan.subtasks.as_slice()).unwrap_or_default();
    let subtasks: Vec<&Subtask> = ids
        .iter()
        .filter_map(|id| {
            let known = state.subtask(id).map(|subtask| &subtask.spec);
            known.or_else(|| planned.iter().find(|subtask| subtask.id == *id))
        })
        .collect();
    let assignments = delegation::assign(state, &subtasks);
    if assignments.is_empty() {
        let fault =
            Fault("nobody in the squad may hand work over; allow a member the tool `submit_work`".to_owned());
        return key.map(|key| self::fault(state, key, &fault)).unwrap_or_default();
    }
    assignments.iter().flat_map(|assignment| collaboration::assigned(state, assignment)).collect()
}

fn refused(lane: &Lane, step: &StepKey, tool: &str, content: String) -> NewEvent {
    NewEvent::member(
        &lane.member,
        EventBody::ToolFinished {
            step: step.clone(),
            lane: lane.id.clone(),
            tool: tool.to_owned(),
            content,
            is_error: true,
            tree: None,
            duration_ms: 0,
        },
    )
}

/// What a member is told of a call that nobody saw the end of.
fn cut_off(server: &McpName) -> String {
    format!(
        "The machine was restarted while this call was under way. Whether `{server}` carried it out is not known, and it was not made again. Find out how things stand there before you repeat it."
    )
}

fn budget_question(state: &ExecutionState, lane: &Lane, refused: &super::Refused) -> Question {
    let (from, scope) = match &refused.scope {
        BudgetScope::Member(_, name) => (Actor::Member(name.clone()), format!("budget of {name}")),
        BudgetScope::Execution(_) => (Actor::Engine, "budget of this execution".to_owned()),
        BudgetScope::Squad(_) => (Actor::Engine, "budget of the squad".to_owned()),
        BudgetScope::Org(_) => (Actor::Engine, "budget of the organization".to_owned()),
    };
    // What an answer can raise is this execution's own; the others are raised where they were set.
    let own = matches!(refused.scope, BudgetScope::Member(..) | BudgetScope::Execution(_));
    let (remedy, choice) = if own {
        ("Raise it, or stop?", "raise")
    } else {
        ("Try again once it was raised, or stop?", "retry")
    };
    let text = format!(
        "The {scope} does not hold the next call of {}: {} of {} are spent or set aside, and the call could cost {}. {remedy}",
        lane.member, refused.used, refused.limit, refused.needed
    );
    Question {
        id: state.next_question(),
        from,
        to: Asked::Person,
        subject: Subject::Budget { scope, limit: refused.limit, used: refused.used, needed: refused.needed },
        text,
        options: vec![choice.to_owned(), "stop".to_owned()],
    }
}

fn model_question(state: &ExecutionState, lane: &Lane, message: &str) -> Question {
    Question {
        id: state.next_question(),
        from: Actor::Engine,
        to: Asked::Person,
        subject: Subject::Model { lane: lane.id.clone() },
        text: format!("{} gets no answer: {message}. Try again, or stop?", lane.member),
        options: vec!["retry".to_owned(), "stop".to_owned()],
    }
}

/// What follows at once from the outcome of a step, in the same transaction.
pub(super) fn followed_up(state: &ExecutionState, events: Vec<NewEvent>) -> Vec<NewEvent> {
    let mut all = Vec::with_capacity(events.len() + 2);
    for event in events {
        let mut before = Vec::new();
        let mut after = Vec::new();
        match &event.body {
            EventBody::ModelCallFinished { lane, reply, .. } => {
                let lane = state.lanes.get(lane);
                let condensing = lane.is_some_and(|lane| {
                    matches!(&lane.phase, LanePhase::Calling { purpose: Purpose::Summarize, .. })
                });
                if let Some(lane) = lane.filter(|_| !condensing)
                    && let Some(asked) = lane.question.as_ref().and_then(|id| state.questions.get(id))
                {
                    after = collaboration::answered(lane, &asked.question, reply);
                }
            }
            EventBody::ModelCallFailed { lane, message, too_long, .. } => {
                if let Some(lane) = state.lanes.get(lane)
                    && !(*too_long && can_be_squeezed(state, lane))
                {
                    after = ask(model_question(state, lane, message));
                }
            }
            EventBody::WorkSubmitted { lane, subtask, summary, .. } => {
                if let Some(lane) = state.lanes.get(lane) {
                    before.push(collaboration::completed(state, &lane.member, subtask, summary));
                }
            }
            EventBody::SubtaskMerged { subtask, .. } => after.extend(collaboration::standup(state, subtask)),
            _ => {}
        }
        all.extend(before);
        all.push(event);
        all.extend(after);
    }
    all
}

/// Whether condensing can make room for a model that finds the conversation too long.
fn can_be_squeezed(state: &ExecutionState, lane: &Lane) -> bool {
    let squeezed = Lane { room: Some(lane.context_bytes() / 2), ..lane.clone() };
    condense_upto(state, &squeezed).is_some()
}

/// What a step that failed for a reason outside of the squad becomes: a question, or the end where nothing has begun.
pub(super) fn fault(state: &ExecutionState, key: &StepKey, fault: &Fault) -> Vec<NewEvent> {
    let mut events =
        vec![NewEvent::engine(EventBody::StepFailed { step: key.clone(), message: fault.0.clone() })];
    if state.prepared.is_none() {
        let reason = fault.0.clone();
        events.push(NewEvent::engine(EventBody::StateChanged {
            from: state.status,
            to: Status::Failed,
            reason,
        }));
    } else {
        events.extend(ask(Question {
            id: state.next_question(),
            from: Actor::Engine,
            to: Asked::Person,
            subject: Subject::Fault { step: key.clone() },
            text: format!("{}. Try again, or stop?", fault.0),
            options: vec!["retry".to_owned(), "stop".to_owned()],
        }));
    }
    events
}

/// Whether the event settles the money of a call.
pub(super) fn settles(event: &NewEvent) -> bool {
    matches!(event.body, EventBody::ModelCallFinished { .. } | EventBody::ModelCallFailed { .. })
}
