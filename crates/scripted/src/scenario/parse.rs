//! Reading a scenario's TOML, with errors that name the line and what to do.

use std::ops::Range;
use std::time::Duration;

use regex::Regex;
use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error;
use toml::Spanned;

use super::{Call, Fault, FaultKind, Scenario, Scene, Selector, Turn, UsageOverride};
use crate::reply::Finish;

/// Why a scenario could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line} of the scenario: {problem}")]
pub struct ScenarioError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong and what to do about it.
    pub problem: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScenario {
    #[serde(default)]
    delay_ms: u64,
    #[serde(default)]
    chunk_ms: u64,
    #[serde(default)]
    scene: Vec<Spanned<RawScene>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScene {
    name: Option<String>,
    member: Option<String>,
    role: Option<String>,
    duty: Option<String>,
    subtask: Option<String>,
    round: Option<u32>,
    model: Option<String>,
    when: Option<Spanned<String>>,
    #[serde(default)]
    repeat: bool,
    delay_ms: Option<u64>,
    say: Option<String>,
    #[serde(default)]
    calls: Vec<RawCall>,
    #[serde(default)]
    turn: Vec<Spanned<RawTurn>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawTurn {
    say: Option<String>,
    #[serde(default)]
    calls: Vec<RawCall>,
    delay_ms: Option<u64>,
    expect: Option<Spanned<String>>,
    finish: Option<RawFinish>,
    usage: Option<RawUsage>,
    status: Option<u16>,
    retry_after: Option<u64>,
    message: Option<String>,
    #[serde(default)]
    truncate: bool,
    #[serde(default)]
    reset: bool,
    stall_ms: Option<u64>,
    malformed_args: Option<String>,
    times: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCall {
    tool: String,
    #[serde(default)]
    args: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawFinish {
    Length,
    ContentFilter,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawUsage {
    input: Option<u64>,
    cached: Option<u64>,
    output: Option<u64>,
}

/// The text that is read, to turn places into lines.
struct Source<'a>(&'a str);

impl Source<'_> {
    fn error(&self, span: &Range<usize>, problem: impl Into<String>) -> ScenarioError {
        let before = self.0.as_bytes().iter().take(span.start).filter(|byte| **byte == b'\n').count();
        ScenarioError { line: before + 1, problem: problem.into() }
    }

    fn regex(&self, key: &str, pattern: &Spanned<String>) -> Result<Regex, ScenarioError> {
        Regex::new(pattern.get_ref()).map_err(|error| {
            // The library draws an arrow under the pattern; its last line is the reason.
            let drawn = error.to_string();
            let reason = drawn.lines().last().unwrap_or_default().trim_start_matches("error: ");
            let problem = format!(
                "`{key}` is not a regular expression ({reason}); escape special characters with `\\`"
            );
            self.error(&pattern.span(), problem)
        })
    }
}

/// See [`Scenario::parse`].
pub(super) fn parse(text: &str) -> Result<Scenario, ScenarioError> {
    let source = Source(text);
    let raw: RawScenario = toml::from_str(text).map_err(|error| {
        let problem =
            format!("{}; the keys are described at `squad_scripted::scenario`", error.message().trim());
        source.error(&error.span().unwrap_or_default(), problem)
    })?;
    if raw.scene.is_empty() {
        return Err(source.error(&(0..0), "there is no scene; add at least one `[[scene]]`"));
    }
    let thinking = Duration::from_millis(raw.delay_ms);
    let scenes = raw
        .scene
        .into_iter()
        .enumerate()
        .map(|(index, scene)| read_scene(&source, index, scene, thinking))
        .collect::<Result<_, _>>()?;
    Ok(Scenario { chunk_pause: Duration::from_millis(raw.chunk_ms), scenes })
}

fn read_scene(
    source: &Source<'_>,
    index: usize,
    raw: Spanned<RawScene>,
    thinking: Duration,
) -> Result<Scene, ScenarioError> {
    let span = raw.span();
    let mut raw = raw.into_inner();
    let short = raw.say.is_some() || !raw.calls.is_empty();
    if short && !raw.turn.is_empty() {
        let problem = "the scene has both `say` or `calls` of its own and `[[scene.turn]]`; \
                       move the former into a first `[[scene.turn]]`";
        return Err(source.error(&span, problem));
    }
    if short {
        let only =
            RawTurn { say: raw.say.take(), calls: std::mem::take(&mut raw.calls), ..RawTurn::default() };
        raw.turn.push(Spanned::new(span.clone(), only));
    }
    if raw.turn.is_empty() {
        return Err(source.error(&span, "the scene has no turn; add `say`, `calls` or a `[[scene.turn]]`"));
    }
    let thinking = raw.delay_ms.map_or(thinking, Duration::from_millis);
    let name = raw.name.take().unwrap_or_else(|| default_name(index, &raw));
    let when = raw.when.map(|when| source.regex("when", &when)).transpose()?;
    let turns =
        raw.turn.into_iter().map(|turn| read_turn(source, turn, thinking)).collect::<Result<Vec<_>, _>>()?;
    let fits = Selector {
        member: raw.member,
        role: raw.role,
        duty: raw.duty,
        subtask: raw.subtask,
        round: raw.round,
        model: raw.model,
        when,
    };
    Ok(Scene { name, fits, repeat: raw.repeat, turns })
}

/// A scene without a name is called by what it is for, such as `work s1 Bea round 2`.
fn default_name(index: usize, raw: &RawScene) -> String {
    let told = [&raw.duty, &raw.subtask, &raw.member, &raw.role, &raw.model];
    let mut words: Vec<String> =
        told.into_iter().flatten().filter(|word| !word.is_empty()).cloned().collect();
    words.extend(raw.round.map(|round| format!("round {round}")));
    if words.is_empty() { format!("scene {}", index + 1) } else { words.join(" ") }
}

fn read_turn(source: &Source<'_>, raw: Spanned<RawTurn>, thinking: Duration) -> Result<Turn, ScenarioError> {
    let span = raw.span();
    let raw = raw.into_inner();
    let silent = raw.say.is_none() && raw.calls.is_empty();
    if raw.malformed_args.is_some() && raw.calls.is_empty() {
        return Err(
            source.error(&span, "`malformed_args` needs a call whose arguments it replaces; add `calls`")
        );
    }
    let fault = read_fault(source, &span, &raw)?;
    let always_refused = matches!(&fault, Some(Fault { kind: FaultKind::Status { .. }, times: None }));
    if silent && !always_refused {
        return Err(source.error(&span, "the turn answers nothing; add `say` or `calls`"));
    }
    let usage = raw.usage.unwrap_or_default();
    Ok(Turn {
        say: raw.say,
        calls: raw.calls.into_iter().map(|call| Call { tool: call.tool, args: call.args }).collect(),
        delay: raw.delay_ms.map_or(thinking, Duration::from_millis),
        expect: raw.expect.map(|pattern| source.regex("expect", &pattern)).transpose()?,
        finish: raw.finish.map(|finish| match finish {
            RawFinish::Length => Finish::Length,
            RawFinish::ContentFilter => Finish::ContentFilter,
        }),
        usage: UsageOverride { input: usage.input, cached: usage.cached, output: usage.output },
        fault,
    })
}

fn read_fault(
    source: &Source<'_>,
    span: &Range<usize>,
    raw: &RawTurn,
) -> Result<Option<Fault>, ScenarioError> {
    if raw.status.is_some_and(|status| !(400..=599).contains(&status)) {
        return Err(source.error(span, "`status` is a fault and must lie between 400 and 599"));
    }
    if raw.retry_after.is_some() && raw.status.is_none() {
        return Err(source.error(span, "`retry_after` goes with a `status`; add one, such as `status = 429`"));
    }
    if raw.message.is_some() && raw.status.is_none() {
        return Err(source.error(span, "`message` goes with a `status`; add one, such as `status = 404`"));
    }
    let status = raw.status.map(|status| FaultKind::Status {
        status,
        retry_after: raw.retry_after,
        message: raw.message.clone(),
    });
    let mut kinds = [
        status,
        raw.truncate.then_some(FaultKind::Truncate),
        raw.reset.then_some(FaultKind::Reset),
        raw.stall_ms.map(|pause| FaultKind::Stall(Duration::from_millis(pause))),
        raw.malformed_args.clone().map(FaultKind::MalformedArgs),
    ]
    .into_iter()
    .flatten();
    match (kinds.next(), kinds.next()) {
        (Some(_), Some(_)) => Err(source.error(span, "the turn has two faults; keep one of them")),
        (Some(kind), None) => Ok(Some(Fault { kind, times: raw.times })),
        (None, _) if raw.times.is_some() => {
            Err(source.error(span, "`times` counts a fault; add one, such as `status = 429`, or remove it"))
        }
        (None, _) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(text: &str, line: usize, part: &str) {
        let error = Scenario::parse(text).unwrap_err();
        assert_eq!(error.line, line, "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }

    #[test]
    fn an_error_names_the_line_and_the_remedy() {
        refused("delay_ms = 3", 1, "add at least one `[[scene]]`");
        refused("[[scene]]\nduty = 'work'\nsya = 'hello'", 3, "unknown field `sya`, expected one of");
        refused("[[scene]]\nsay = 'a'\n\n[[scene]]\nduty = 'work'", 4, "the scene has no turn");
        refused("[[scene]]\nsay = 'a'\nwhen = '('", 3, "`when` is not a regular expression (unclosed group)");
        refused("[[scene]]\nsay = 'a'\n[[scene.turn]]\nsay = 'b'", 1, "both");
        refused("[[scene]]\n[[scene.turn]]\ndelay_ms = 3", 2, "answers nothing");
        refused("[[scene]]\n[[scene.turn]]\nsay = 'a'\ntimes = 3", 2, "`times` counts a fault");
        refused("[[scene]]\n[[scene.turn]]\nstatus = 429\nreset = true", 2, "two faults");
        refused("[[scene]]\n[[scene.turn]]\nsay = 'a'\nstatus = 200", 2, "between 400 and 599");
        refused("[[scene]]\n[[scene.turn]]\nsay = 'a'\nretry_after = 2", 2, "goes with a `status`");
        refused("[[scene]]\n[[scene.turn]]\nsay = 'a'\nmessage = 'no'", 2, "goes with a `status`");
        refused("[[scene]]\n[[scene.turn]]\nsay = 'a'\nmalformed_args = '{'", 2, "add `calls`");
        refused("[[scene]]\n[[scene.turn]]\nstatus = 429\ntimes = 1", 2, "answers nothing");
        refused("[[scene]\nsay = 'a'", 1, "scenario");
    }

    #[test]
    fn a_scene_without_a_name_is_called_by_what_it_is_for() {
        let text = "[[scene]]\nduty = 'work'\nsubtask = 's1'\nround = 2\nsay = 'a'\n[[scene]]\nsay = 'b'";
        let scenario = Scenario::parse(text).unwrap();
        let names: Vec<_> = scenario.scenes.iter().map(|scene| scene.name.as_str()).collect();
        assert_eq!(names, ["work s1 round 2", "scene 2"]);
    }
}
