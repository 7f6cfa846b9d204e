//! What each event says to people, in their words. Events that say nothing to them say nothing here.

use super::clean;
use super::line::{Line, Tone};
use squad_domain::duty::Duty;
use squad_domain::execution::event::Attempt;
use squad_domain::execution::guard::{GuardAction, LoopPattern};
use squad_domain::execution::{Event, EventBody, ExecutionState, Status};
use squad_domain::ids::{MemberName, StepKey, SubtaskId};
use squad_domain::mcp;
use squad_domain::message::{Actor, MessageKind};
use squad_domain::plan::Plan;
use squad_domain::question::{Asked, Subject};
use squad_domain::review::{Review, ReviewVerdict, TestVerdict};
use squad_domain::tests_run::{TestRun, TestStage};
use squad_domain::tool::{Effect, ToolName};
use squad_engine::report::words;
use std::collections::HashMap;

/// The provider whose words come from a script.
pub(crate) const SCRIPTED_PROVIDER: &str = "scripted";
/// How a scripted model is labelled, everywhere.
pub(crate) const SCRIPTED_LABEL: &str =
    "scripted model: the words are from a script, everything else is real";

/// `state` has the event in it already.
pub(crate) fn tell(
    state: &ExecutionState,
    summaries: &HashMap<StepKey, String>,
    event: &Event,
) -> Option<Line> {
    let (tone, text, details) = match &event.body {
        EventBody::ExecutionCreated { .. } => created(state),
        EventBody::StateChanged { to, reason, .. } => changed(*to, reason),
        EventBody::WorkspacePrepared { .. } => prepared(state),
        EventBody::McpToolsFound { server, tools, left_out } => (
            Tone::Quiet,
            match tools.len() {
                1 => format!("the MCP server `{server}` offers one tool"),
                count => format!("the MCP server `{server}` offers {count} tools"),
            },
            left_out.iter().map(|line| format!("left out: {line}")).collect(),
        ),
        EventBody::TestsFinished { run, .. } => tests(run),
        EventBody::NoTestsFound { tried } => {
            (Tone::Quiet, "no test command is known yet".to_owned(), tried.clone())
        }
        EventBody::LaneOpened { duty, subtask, round, question, .. } => (
            Tone::Plain,
            opened(
                state,
                *duty,
                subtask.as_ref(),
                *round,
                question.as_ref().map(squad_domain::ids::QuestionId::as_str),
            )?,
            vec![],
        ),
        EventBody::ModelCallFinished { attempts, model, .. } => retried(attempts, &model.to_string())?,
        EventBody::ModelCallFailed { message, .. } => (Tone::Bad, message.clone(), vec![]),
        EventBody::ToolFinished { step, tool, is_error, content, .. } => {
            tool_finished(summaries.get(step), tool, *is_error, content)?
        }
        EventBody::AnalysisSubmitted { analysis, .. } => (
            Tone::Plain,
            format!("analysis: {}", analysis.summary),
            analysis.acceptance_criteria.iter().map(|criterion| format!("- {criterion}")).collect(),
        ),
        EventBody::PlanSubmitted { plan, version, .. } => planned(state, plan, *version),
        EventBody::SubtaskAdded { subtask, cause } => {
            (Tone::Plain, format!("adds {}: {} ({cause})", subtask.id, subtask.title), vec![])
        }
        EventBody::SubtaskAssigned { subtask, member, score, reasons } => (
            Tone::Plain,
            format!("gives {subtask} to {member} (score {score}: {})", reasons.join(", ")),
            vec![],
        ),
        EventBody::WorkSubmitted { subtask, summary, .. } => {
            (Tone::Plain, format!("hands over {subtask}: {summary}"), vec![])
        }
        EventBody::ReviewSubmitted { subtask, review, .. } => reviewed(subtask.as_ref(), review),
        EventBody::SubtaskMerged { subtask, commit, .. } => {
            (Tone::Good, format!("merged {subtask} ({})", words::short_commit(commit.as_str())), vec![])
        }
        EventBody::MergeConflicted { subtask, files, .. } => {
            (Tone::Bad, format!("{subtask} does not merge by itself: {}", files.join(", ")), vec![])
        }
        EventBody::TestReportSubmitted { report, .. } => {
            let (tone, verdict) = match report.verdict {
                TestVerdict::Pass => (Tone::Good, "pass"),
                TestVerdict::Fail => (Tone::Bad, "fail"),
            };
            (tone, format!("test report: {verdict}. {}", report.summary), report.failures.clone())
        }
        EventBody::MessageSent { message } => said(message)?,
        EventBody::QuestionAsked { question } => match &question.to {
            Asked::Member(member) => (Tone::Plain, format!("asks {member}: “{}”", question.text), vec![]),
            Asked::Person => asked_person(question),
        },
        EventBody::QuestionAnswered { question, answer } => {
            (Tone::Plain, format!("answers {question}: {}", words::answer(answer)), vec![])
        }
        EventBody::LoopDetected { pattern, evidence, action, .. } => circles(*pattern, evidence, *action),
        EventBody::NetworkRequested { host, port, allowed, .. } => {
            let what = if *allowed { "reached" } else { "was refused" };
            (
                if *allowed { Tone::Quiet } else { Tone::Bad },
                format!("a command {what} {host}:{port}"),
                vec![],
            )
        }
        EventBody::StepFailed { step, message } => {
            (Tone::Bad, format!("step {step} failed: {message}"), vec![])
        }
        EventBody::Paused {} => (Tone::Waiting, "paused the execution".to_owned(), vec![]),
        EventBody::Resumed {} => (Tone::State, "lets the execution go on".to_owned(), vec![]),
        EventBody::ModelSwapped { member, model } => {
            let whose = member.as_ref().map_or("everybody".to_owned(), ToString::to_string);
            (Tone::Plain, format!("changes the model of {whose} to {model}"), vec![])
        }
        EventBody::BudgetSet { member, limit } => {
            let whose = member.as_ref().map_or("the execution".to_owned(), ToString::to_string);
            (Tone::Plain, format!("sets the budget of {whose} to {limit}"), vec![])
        }
        EventBody::TakenUp { worker } => {
            (Tone::State, format!("taken up where it was, by worker {worker}"), vec![])
        }
        EventBody::Delivered { delivery } => (
            Tone::Good,
            format!(
                "delivered branch {} at {}",
                delivery.branch,
                words::short_commit(delivery.commit.as_str())
            ),
            vec![],
        ),
        EventBody::LaneClosed { .. }
        | EventBody::TestsStarted { .. }
        | EventBody::ModelCallStarted { .. }
        | EventBody::ToolStarted { .. }
        | EventBody::Remembered { .. }
        | EventBody::Condensed { .. } => return None,
    };
    Some(Line {
        seq: event.seq,
        elapsed_ms: u64::try_from((event.at - state.created_at).whole_milliseconds()).unwrap_or(0),
        who: who(state, event),
        tone,
        text: clean::line(&text),
        details: details
            .iter()
            .flat_map(|detail| clean::text(detail).lines().map(ToOwned::to_owned).collect::<Vec<_>>())
            .collect(),
    })
}

type Said = (Tone, String, Vec<String>);

/// Whom the event is about: the member of its lane, or who caused it.
fn who(state: &ExecutionState, event: &Event) -> String {
    let opened = match &event.body {
        EventBody::LaneOpened { member, .. } => Some(member),
        EventBody::LoopDetected { lane, .. } => state.lanes.get(lane).map(|lane| &lane.member),
        _ => None,
    };
    match (opened, &event.actor) {
        (Some(name), _) | (None, Actor::Member(name)) => member(state, name),
        (None, Actor::Engine) => "squad".to_owned(),
        (None, Actor::Person(name)) => clean::line(name),
    }
}

/// `Bea BE`.
pub(crate) fn member(state: &ExecutionState, name: &MemberName) -> String {
    let initials = state.member(name).map_or("", |member| member.role.initials());
    clean::line(&format!("{name} {initials}"))
}

fn created(state: &ExecutionState) -> Said {
    let spec = &state.spec;
    let members: Vec<String> = spec
        .squad
        .members
        .iter()
        .map(|member| format!("{} ({})", member.name, member.role.title()))
        .collect();
    let models: Vec<String> = spec.models.profile.default.iter().map(ToString::to_string).collect();
    let mut details = vec![
        format!("in {}", spec.repository),
        format!("with {}: {}", spec.squad.name, members.join(", ")),
        format!(
            "on {}{}",
            models.join(", then "),
            spec.budget.map(|budget| format!(", for at most {budget}")).unwrap_or_default()
        ),
    ];
    if is_scripted(state) {
        details.push(SCRIPTED_LABEL.to_owned());
    }
    (Tone::Plain, format!("asks for: {}", spec.task.title), details)
}

/// Whether any words come from a script.
pub(crate) fn is_scripted(state: &ExecutionState) -> bool {
    let profile = &state.spec.models.profile;
    let members = state.spec.squad.members.iter().filter_map(|member| member.profile.as_ref());
    members
        .chain(std::iter::once(profile))
        .flat_map(|profile| &profile.default)
        .any(|model| model.provider == SCRIPTED_PROVIDER)
}

fn changed(to: Status, reason: &str) -> Said {
    let tone = match to {
        Status::Completed => Tone::Good,
        Status::Failed => Tone::Bad,
        Status::Blocked => Tone::Waiting,
        _ => Tone::State,
    };
    let (sign, _) = super::style::status(to);
    (tone, format!("{sign} {}: {reason}", words::status(to)), vec![])
}

fn prepared(state: &ExecutionState) -> Said {
    let Some(prepared) = &state.prepared else { return (Tone::Plain, String::new(), vec![]) };
    let branch = prepared.base_branch.as_ref().map(|branch| format!(" ({branch})")).unwrap_or_default();
    let tests = state.test_command.as_ref().map_or("no test command known yet".to_owned(), |test| {
        format!("tests: `{}`, {}", test.command, words::source(test.source))
    });
    let tier = match prepared.tier.as_str() {
        "none" => "NO SANDBOX: commands of the models run on this machine".to_owned(),
        tier => format!("sandbox {tier}"),
    };
    let base = words::short_commit(prepared.base.as_str());
    let tone = if prepared.tier == "none" { Tone::Bad } else { Tone::Plain };
    (tone, format!("repository ready at {base}{branch}; {tier}; {tests}"), prepared.notes.clone())
}

fn tests(run: &TestRun) -> Said {
    let when = match run.stage {
        TestStage::Before => "before",
        TestStage::After => "after",
    };
    let took = words::duration(run.duration_ms);
    let text = format!("tests {when}: $ {} → {} · {took}", run.command, run.ended);
    match (run.stage, run.passed()) {
        (TestStage::After, true) => (Tone::Good, format!("✓ {text}"), vec![]),
        (TestStage::After, false) => (Tone::Bad, format!("✗ {text}"), vec![]),
        // What fails before is often the task itself.
        (TestStage::Before, _) => (Tone::Plain, text, vec![]),
    }
}

fn opened(
    state: &ExecutionState,
    duty: Duty,
    subtask: Option<&SubtaskId>,
    round: u32,
    question: Option<&str>,
) -> Option<String> {
    let title = subtask
        .and_then(|id| state.subtask(id))
        .map(|subtask| format!(": {}", subtask.spec.title))
        .unwrap_or_default();
    let id = subtask.map_or("the whole", SubtaskId::as_str);
    let again = if round > 1 { format!(", round {round}") } else { String::new() };
    Some(match duty {
        Duty::Analyze => "reads the task and the repository".to_owned(),
        Duty::Plan => format!("drafts the plan{again}"),
        Duty::Agree => "looks through the plan".to_owned(),
        Duty::Work => format!("works on {id}{title}{again}"),
        Duty::Review => format!("reviews {id}{title}{again}"),
        Duty::Resolve => format!("resolves the conflict of {id}{title}"),
        Duty::Test => "tests the whole".to_owned(),
        Duty::Answer => return question.map(|id| format!("thinks about {id}")),
    })
}

/// Worth a line only where it did not go smoothly.
fn retried(attempts: &[Attempt], model: &str) -> Option<Said> {
    let (_, failed) = attempts.split_last()?;
    let first = failed.first()?;
    let text =
        format!("{} did not answer ({}); {model} did, at try {}", first.model, first.outcome, attempts.len());
    Some((Tone::Quiet, text, vec![]))
}

fn tool_finished(summary: Option<&String>, tool: &str, is_error: bool, content: &str) -> Option<Said> {
    let effect = tool.parse::<ToolName>().map(ToolName::effect);
    let summary = summary.map_or("", String::as_str);
    // The first line of a command's result says how it ended, that of an error why.
    let first = content.lines().next().unwrap_or_default();
    match (effect, is_error) {
        (Ok(Effect::Command), _) => {
            Some((Tone::Plain, format!("{summary} → {}", clean::fit(first, 100)), vec![]))
        }
        (_, true) => {
            let call = if summary.is_empty() { tool.to_owned() } else { format!("{tool} {summary}") };
            Some((Tone::Quiet, format!("{call}: {}", clean::fit(first, 100)), vec![]))
        }
        // Handing over has an event of its own.
        (Ok(Effect::Files), false) if !tool.starts_with("submit_") => {
            let verb = match tool {
                "write_file" => "writes",
                "delete_file" => "deletes",
                _ => "edits",
            };
            Some((Tone::Plain, format!("{verb} {summary}"), vec![]))
        }
        // What reaches somebody else's server is always shown.
        (Err(()), false) if tool.starts_with(mcp::PREFIX) => {
            Some((Tone::Plain, format!("{tool} {summary}"), vec![]))
        }
        _ => None,
    }
}

fn planned(state: &ExecutionState, plan: &Plan, version: u32) -> Said {
    let lines = plan.subtasks.iter().map(|subtask| {
        let needs: Vec<&str> = subtask.depends_on.iter().map(SubtaskId::as_str).collect();
        let after = if needs.is_empty() { String::new() } else { format!(", after {}", needs.join(", ")) };
        format!("{}: {} ({}{after})", subtask.id, subtask.title, subtask.role.title())
    });
    let text = if state.plan_settled {
        format!("settles the plan (version {version})")
    } else {
        match plan.subtasks.len() {
            1 => "drafts a plan of one sub-task".to_owned(),
            count => format!("drafts a plan of {count} sub-tasks"),
        }
    };
    // The draft is shown where it becomes the plan; twice the same list helps nobody.
    let details = if state.plan_settled { lines.collect() } else { Vec::new() };
    (Tone::Plain, text, details)
}

fn reviewed(subtask: Option<&SubtaskId>, review: &Review) -> Said {
    let what = subtask.map_or("the whole", SubtaskId::as_str);
    let comments = review
        .comments
        .iter()
        .map(|comment| format!("{}:{} {}", comment.path, comment.line, comment.body))
        .collect();
    match review.verdict {
        ReviewVerdict::Approve => (Tone::Good, format!("approves {what}: {}", review.summary), comments),
        ReviewVerdict::RequestChanges => {
            (Tone::Waiting, format!("requests changes to {what}: {}", review.summary), comments)
        }
    }
}

/// Messages that repeat another event are left out.
fn said(message: &squad_domain::message::AgentMessage) -> Option<Said> {
    match message.kind {
        MessageKind::StatusUpdate | MessageKind::StatusRequest => {
            Some((Tone::Plain, format!("to {}: “{}”", message.to, message.content), vec![]))
        }
        MessageKind::Standup => Some((
            Tone::Quiet,
            "standup".to_owned(),
            message.content.lines().map(ToOwned::to_owned).collect(),
        )),
        _ => None,
    }
}

fn asked_person(question: &squad_domain::question::Question) -> Said {
    let mut lines = question.text.lines();
    let text = format!("asks you ({}): {}", question.id, lines.next().unwrap_or_default());
    if matches!(question.subject, Subject::PlanApproval { .. }) {
        // The plan itself was told when it was settled, right above.
        return (Tone::Waiting, text, vec![]);
    }
    let mut details: Vec<String> = lines.map(ToOwned::to_owned).collect();
    if !question.options.is_empty() {
        details.push(format!("options: {}", question.options.join(" · ")));
    }
    (Tone::Waiting, text, details)
}

fn circles(pattern: LoopPattern, evidence: &str, action: GuardAction) -> Said {
    let what = match pattern {
        LoopPattern::SameCall => "does the same again and again",
        LoopPattern::Alternating => "goes back and forth",
        LoopPattern::Monologue => "talks without doing anything",
        LoopPattern::Errors => "fails again and again",
        LoopPattern::PingPong => "asks back and forth",
    };
    let then = match action {
        GuardAction::Hint => "gets a hint",
        GuardAction::Escalate => "a stronger model takes over",
        GuardAction::Block => "you are asked",
    };
    (Tone::Waiting, format!("{what} ({evidence}): {then}"), vec![])
}
