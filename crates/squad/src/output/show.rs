//! `squad show`: where an execution stands, why it does not move, what was planned, said, done and spent.

use super::story::Story;
use super::waiting::{self, Cause, Holder};
use super::{clean, json, report, style};
use serde::Serialize;
use squad_domain::Timestamp;
use squad_domain::execution::{ApplyError, Event, ExecutionState, Status, SubtaskStage};
use squad_domain::ids::ExecutionId;
use squad_engine::report::{Report, words};

/// Lines of the timeline that are shown where nobody asks for all of them.
const RECENT: usize = 20;

/// What is shown.
pub(crate) struct View<'a> {
    /// Which execution.
    pub(crate) id: ExecutionId,
    /// Where it stands.
    pub(crate) state: &'a ExecutionState,
    /// Its whole log.
    pub(crate) events: &'a [Event],
    /// Who has it.
    pub(crate) holder: Option<&'a Holder>,
    /// Now.
    pub(crate) now: Timestamp,
    /// Whether to show the whole timeline.
    pub(crate) all_events: bool,
    /// Columns.
    pub(crate) width: usize,
}

#[derive(Serialize)]
struct Shown<'a> {
    report: &'a Report,
    waits_for: &'a [Cause],
    worker: Option<&'a Holder>,
    paused: bool,
}

impl View<'_> {
    fn causes(&self) -> Vec<Cause> {
        waiting::causes(self.state, self.events, self.holder, &self.id.short())
    }

    /// One JSON object.
    pub(crate) fn to_json(&self) -> String {
        let report = Report::build(self.id, self.state, self.events);
        let causes = self.causes();
        json::line(&Shown {
            report: &report,
            waits_for: &causes,
            worker: self.holder,
            paused: self.state.paused,
        })
    }

    /// For people.
    ///
    /// # Errors
    /// Where the log cannot be followed.
    pub(crate) fn render(&self) -> Result<String, ApplyError> {
        let built = Report::build(self.id, self.state, self.events);
        let mut text = self.head(&built);
        text.push_str(&self.moving());
        text.push_str(&self.plan());
        let ended = self.state.status.is_terminal();
        if !ended {
            text.push_str(&heading("Members"));
            text.push_str(&report::members(&built));
        }
        text.push_str(&self.timeline()?);
        // Of an ended execution the report says it all, the members' costs among it.
        if ended {
            text.push_str(&report::render(&built, self.width));
        }
        Ok(text)
    }

    fn head(&self, built: &Report) -> String {
        let state = self.state;
        let (sign, colour) = style::status(state.status);
        let budget = state.spec.budget.map(|budget| format!(" of {budget}")).unwrap_or_default();
        let paused = if state.paused { " · paused" } else { "" };
        let scripted = if super::tell::is_scripted(state) {
            format!("{}\n", style::paint(style::WAITING, super::tell::SCRIPTED_LABEL))
        } else {
            String::new()
        };
        format!(
            "{}\n{} · {} · {}{budget}{paused}\n{}\n{scripted}",
            style::paint(style::STRONG, &clean::fit(&state.spec.task.title, self.width)),
            style::paint(colour, &format!("{sign} {}", words::status(state.status))),
            words::duration(built.elapsed_ms),
            state.cost(),
            style::paint(
                style::QUIET,
                &format!(
                    "execution {} · {} · {}",
                    self.id,
                    clean::line(&state.spec.repository),
                    clean::line(&state.spec.squad.name)
                )
            ),
        )
    }

    /// Why it does not move, or what moves.
    fn moving(&self) -> String {
        if self.state.status.is_terminal() {
            return String::new();
        }
        let causes = self.causes();
        if causes.is_empty() {
            let worker = self
                .holder
                .map(|holder| format!(" by worker {}", clean::line(&holder.worker)))
                .unwrap_or_default();
            let mut text = heading("It is moving");
            text.push_str(&format!("  worked on{worker}; last event {}\n", self.ago(self.state.at)));
            for line in waiting::under_way(self.state) {
                text.push_str(&format!("  {line}\n"));
            }
            return text;
        }
        let mut text = heading("Why isn't it moving?");
        for cause in causes {
            let options =
                textwrap::Options::new(self.width.max(40)).initial_indent("  ").subsequent_indent("    ");
            let line = format!("{}, since {}", clean::line(&cause.cause), self.ago(cause.since));
            for row in textwrap::wrap(&line, options) {
                text.push_str(&format!("{}\n", style::paint(style::WAITING, &row)));
            }
            for command in &cause.commands {
                text.push_str(&format!("      {}\n", clean::line(command)));
            }
        }
        text
    }

    fn ago(&self, at: Timestamp) -> String {
        let ms = u64::try_from((self.now - at).whole_milliseconds()).unwrap_or(0);
        format!("{} ago", words::duration(ms / 1_000 * 1_000))
    }

    fn plan(&self) -> String {
        let state = self.state;
        let mut text = String::new();
        if state.subtasks.is_empty() {
            let Some(plan) = &state.plan else { return text };
            text.push_str(&heading(&format!("Plan (version {})", state.plan_version)));
            for subtask in &plan.subtasks {
                text.push_str(&format!(
                    "  ○ {} {} ({})\n",
                    subtask.id,
                    clean::line(&subtask.title),
                    subtask.role.title()
                ));
            }
            return text;
        }
        text.push_str(&heading("Plan"));
        for subtask in &state.subtasks {
            let (sign, colour) = match subtask.stage {
                SubtaskStage::Merged => ("✓", style::GOOD),
                SubtaskStage::Waiting => ("○", style::QUIET),
                SubtaskStage::ChangesRequested | SubtaskStage::Conflicted => ("↺", style::WAITING),
                _ => ("●", style::RUNNING),
            };
            let member =
                subtask.assignee.as_ref().map_or("nobody yet".to_owned(), |name| clean::line(name.as_str()));
            let round = if subtask.round > 1 { format!(", round {}", subtask.round) } else { String::new() };
            text.push_str(&format!(
                "  {} {} {} · {member} · {}{round}\n",
                style::paint(colour, sign),
                subtask.spec.id,
                clean::line(&subtask.spec.title),
                words::stage(subtask.stage),
            ));
        }
        text
    }

    fn timeline(&self) -> Result<String, ApplyError> {
        let mut story = Story::default();
        let mut lines = Vec::new();
        for event in self.events {
            lines.extend(story.next(event)?);
        }
        let skipped = if self.all_events { 0 } else { lines.len().saturating_sub(RECENT) };
        let mut text = heading("Timeline");
        if skipped > 0 {
            let note = format!("  … {skipped} earlier lines: squad show {} --events", self.id.short());
            text.push_str(&format!("{}\n", style::paint(style::QUIET, &note)));
        }
        for line in lines.iter().skip(skipped) {
            if self.all_events {
                // The numbers that the report refers to.
                text.push_str(&style::paint(style::QUIET, &format!("{:>6}", format!("#{}", line.seq))));
            }
            text.push_str(&line.render(Some(self.width)));
        }
        Ok(text)
    }
}

/// What is said where a run ends without having ended the execution. Empty for one that has ended. `elsewhere`: another
/// process drives it, and goes on by itself.
pub(crate) fn how_to_go_on(
    state: &ExecutionState,
    events: &[Event],
    id: ExecutionId,
    elsewhere: bool,
) -> String {
    let short = id.short();
    let holder = Holder { worker: String::new(), alive: true };
    let causes = waiting::causes(state, events, Some(&holder), &short);
    let mut text = String::new();
    if state.status.is_terminal() {
        return text;
    }
    if causes.is_empty() && elsewhere {
        return format!(
            "execution {short} goes on without you; look again with:\n      squad watch {short}\n"
        );
    }
    if causes.is_empty() {
        text.push_str(&format!(
            "execution {short} is not finished; it stays as it is until you take it up again:\n"
        ));
    } else {
        let what = if state.status == Status::Blocked { "waits for you" } else { "stands still" };
        text.push_str(&format!("execution {short} {what}:\n"));
    }
    for cause in &causes {
        text.push_str(&format!("  {}\n", clean::line(&cause.cause)));
        cause.commands.iter().for_each(|command| text.push_str(&format!("      {}\n", clean::line(command))));
    }
    let resume = format!("squad resume {short}");
    if !elsewhere && !causes.iter().any(|cause| cause.commands.contains(&resume)) {
        let then = if causes.is_empty() { "" } else { "then go on with:\n" };
        text.push_str(&format!("{then}      {resume}\n"));
    }
    text
}

fn heading(text: &str) -> String {
    format!("\n{}\n", style::paint(style::STRONG, text))
}
