//! What a tool call means, or exactly why it means nothing.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use squad_domain::conversation::ToolCall;
use squad_domain::duty::Duty;
use squad_domain::execution::{ExecutionState, Lane};
use squad_domain::ids::MemberName;
use squad_domain::mcp::PREFIX;
use squad_domain::member::Member;
use squad_domain::message::Recipient;
use squad_domain::role::Role;
use squad_domain::tool::ToolName;

use super::catalog::{allowed, form, offered};
use super::form::{Form, compiled};
use super::{Control, Invocation, arguments, submissions};
use crate::mcp::McpCall;
use crate::prompts::DUTIES;
use crate::text::one_line;

/// Levels that `list_files` shows at most; more is for a narrower path.
const DEPTH_LIMIT: i64 = 16;
/// Results of a search of the knowledge: where nobody says, and at most.
const TOP_K: (i64, i64) = (5, 20);

/// The longest words, paths and commands, in bytes. A command beyond it could not even be started, and a message would fill
/// the conversation of whoever gets it. Contents of files are not words.
const LONGEST_WORDS: usize = 64_000;

/// Reads a tool call of `lane`.
///
/// # Errors
/// What the model is told: exactly what is wrong, and how to mend it. Nothing was done then.
pub fn parse(state: &ExecutionState, lane: &Lane, call: &ToolCall) -> Result<Invocation, String> {
    let member = state
        .member(&lane.member)
        .ok_or_else(|| format!("`{}` is not in this squad any more; nothing was done", lane.member))?;
    if call.name.trim().starts_with(PREFIX) {
        return of_others(state, member, lane.duty, call).map(Invocation::Mcp);
    }
    let tool = permitted(state, member, lane.duty, &call.name)?;
    let arguments = arguments::fit(&form(tool), &call.arguments)?;
    let invocation =
        read(state, member, tool, arguments).map_err(|reason| format!("{reason}; nothing was done"))?;
    Ok(invocation)
}

/// A call of a tool that an MCP server has, if this member may use it.
fn of_others(
    state: &ExecutionState,
    member: &Member,
    duty: Duty,
    call: &ToolCall,
) -> Result<McpCall, String> {
    let name = call.name.trim();
    let found = state.mcp_tools(member).find(|(_, _, tool)| tool.name == name);
    let Some((server, _, tool)) = found else {
        let names = offered(state, member, duty).into_iter().map(|tool| tool.name).collect();
        return Err(format!(
            "no tool `{}` is offered to you; offered to you now: {}",
            one_line(name, 80),
            nearest(name, names)
        ));
    };
    // It was compiled when it was listed; one that cannot be is left for the server to judge.
    let validator = compiled(&tool.schema).or_else(|_| compiled(&Value::Bool(true)))?;
    let form = Form { name: &tool.name, schema: &tool.schema, validator: &validator, ours: false };
    let Value::Object(arguments) = arguments::fit(&form, &call.arguments)? else {
        return Err("the arguments must be one JSON object; nothing was done".to_owned());
    };
    Ok(McpCall { server: server.clone(), tool: tool.tool.clone(), arguments, repeatable: tool.repeatable })
}

/// The tool of that name, if this member may use it now.
fn permitted(state: &ExecutionState, member: &Member, duty: Duty, name: &str) -> Result<ToolName, String> {
    let names: Vec<String> = offered(state, member, duty).into_iter().map(|tool| tool.name).collect();
    let Ok(tool) = name.trim().parse::<ToolName>() else {
        return Err(format!(
            "there is no tool `{}`; offered to you now: {}",
            one_line(name, 60),
            nearest(name, names)
        ));
    };
    if !duty.tools().contains(&tool) {
        let duties: Vec<String> = DUTIES
            .iter()
            .filter(|duty| duty.tools().contains(&tool))
            .map(|duty| format!("`{duty}`"))
            .collect();
        return Err(format!(
            "`{tool}` is not part of the duty `{duty}`; it belongs to {}; offered to you now: {}",
            duties.join(", "),
            nearest(name, names)
        ));
    }
    if !allowed(member, duty, tool) {
        let others: Vec<&str> = state
            .spec
            .squad
            .members
            .iter()
            .filter(|other| other.name != member.name && other.may_use(tool.slug()))
            .map(|other| other.name.as_str())
            .collect();
        let who = if others.is_empty() {
            "nobody in this squad may".to_owned()
        } else {
            format!("{} may", others.join(", "))
        };
        return Err(format!(
            "your employer does not let you use `{tool}`; {who}; offered to you now: {}",
            nearest(name, names)
        ));
    }
    Ok(tool)
}

/// The names, the most similar to `name` first.
fn nearest(name: &str, mut names: Vec<String>) -> String {
    let wanted: String = name.chars().take(60).collect::<String>().to_lowercase();
    names.sort_by(|a, b| strsim::jaro_winkler(&wanted, b).total_cmp(&strsim::jaro_winkler(&wanted, a)));
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[derive(Deserialize)]
struct ListArguments {
    path: String,
    depth: i64,
}

#[derive(Deserialize)]
struct ReadArguments {
    path: String,
    start_line: Option<i64>,
    end_line: Option<i64>,
}

#[derive(Deserialize)]
struct SearchArguments {
    pattern: String,
    glob: Option<String>,
    max_results: Option<i64>,
}

#[derive(Deserialize)]
struct EditArguments {
    path: String,
    old_text: String,
    new_text: String,
    #[serde(default)]
    replace_all: bool,
}

#[derive(Deserialize)]
struct WriteArguments {
    path: String,
    content: String,
}

#[derive(Deserialize)]
struct PathArgument {
    path: Option<String>,
}

#[derive(Deserialize)]
struct RunArguments {
    command: String,
    timeout_seconds: Option<i64>,
}

#[derive(Deserialize)]
struct KnowledgeArguments {
    query: String,
    top_k: Option<i64>,
}

#[derive(Deserialize)]
struct RememberArguments {
    text: String,
    #[serde(default)]
    tags: Vec<String>,
}

#[derive(Deserialize)]
struct MessageArguments {
    to: String,
    content: String,
}

#[derive(Deserialize)]
struct QuestionArguments {
    to: String,
    question: String,
}

#[derive(Deserialize)]
struct HumanArguments {
    question: String,
    #[serde(default)]
    options: Vec<String>,
}

#[derive(Deserialize)]
struct ReasonArgument {
    reason: String,
}

fn read(
    state: &ExecutionState,
    member: &Member,
    tool: ToolName,
    arguments: Value,
) -> Result<Invocation, String> {
    Ok(match tool {
        ToolName::ListFiles => {
            let ListArguments { path, depth } = typed(arguments)?;
            Invocation::List { path, depth: clamp(depth, 1, DEPTH_LIMIT) }
        }
        ToolName::ReadFile => {
            let ReadArguments { path, start_line, end_line } = typed(arguments)?;
            // Zero and below are what models write for "from the beginning" and "to the end".
            let line = |line: i64| usize::try_from(line).ok().filter(|line| *line > 0);
            let (start_line, end_line) = (start_line.and_then(line), end_line.and_then(line));
            if let (Some(start), Some(end)) = (start_line, end_line)
                && end < start
            {
                return Err(format!("`end_line` {end} is before `start_line` {start}"));
            }
            Invocation::Read { path: told("path", path)?, start_line, end_line }
        }
        ToolName::SearchCode => {
            let SearchArguments { pattern, glob, max_results } = typed(arguments)?;
            if pattern.is_empty() {
                return Err("`pattern` is empty".to_owned());
            }
            let max_results = max_results.map(|count| clamp(count, 1, 1000));
            Invocation::Search { pattern, glob: glob.filter(|glob| !glob.trim().is_empty()), max_results }
        }
        ToolName::EditFile => {
            let EditArguments { path, old_text, new_text, replace_all } = typed(arguments)?;
            Invocation::Edit { path: told("path", path)?, old_text, new_text, replace_all }
        }
        ToolName::WriteFile => {
            let WriteArguments { path, content } = typed(arguments)?;
            Invocation::Write { path: told("path", path)?, content }
        }
        ToolName::DeleteFile => {
            let PathArgument { path } = typed(arguments)?;
            Invocation::Delete { path: told("path", path.unwrap_or_default())? }
        }
        ToolName::RunCommand => {
            let RunArguments { command, timeout_seconds } = typed(arguments)?;
            let timeout_seconds = timeout_seconds
                .filter(|seconds| *seconds > 0)
                .map(|seconds| clamp(seconds, 1, i64::MAX) as u64);
            Invocation::Run { command: told("command", command)?, timeout_seconds }
        }
        ToolName::ViewDiff => {
            let PathArgument { path } = typed(arguments)?;
            Invocation::ViewDiff { path: path.filter(|path| !matches!(path.trim(), "" | "." | "/")) }
        }
        ToolName::SearchKnowledge => {
            let KnowledgeArguments { query, top_k } = typed(arguments)?;
            Invocation::SearchKnowledge {
                query: told("query", query)?,
                top_k: clamp(top_k.unwrap_or(TOP_K.0), 1, TOP_K.1),
            }
        }
        _ => Invocation::Control(control(state, member, tool, arguments)?),
    })
}

fn control(
    state: &ExecutionState,
    member: &Member,
    tool: ToolName,
    arguments: Value,
) -> Result<Control, String> {
    Ok(match tool {
        ToolName::Remember => {
            let RememberArguments { text, tags } = typed(arguments)?;
            Control::Remember { text: told("text", text)?, tags: submissions::filled(tags) }
        }
        ToolName::SendMessage => {
            let MessageArguments { to, content } = typed(arguments)?;
            Control::SendMessage { to: recipient(state, member, &to)?, content: told("content", content)? }
        }
        ToolName::AskTeammate => {
            let QuestionArguments { to, question } = typed(arguments)?;
            let to = teammate(state, member, &to)?;
            Control::AskTeammate { to, question: told("question", question)? }
        }
        ToolName::AskHuman => {
            let HumanArguments { question, options } = typed(arguments)?;
            Control::AskHuman { question: told("question", question)?, options: submissions::filled(options) }
        }
        ToolName::ReportBlocked => {
            let ReasonArgument { reason } = typed(arguments)?;
            Control::ReportBlocked { reason: told("reason", reason)? }
        }
        _ => submissions::read(state, tool, arguments)?,
    })
}

/// The arguments in their types. The schema has been checked, so this fails only on what no schema says, such as a line
/// number beyond all numbers.
pub(super) fn typed<T: DeserializeOwned>(arguments: Value) -> Result<T, String> {
    serde_json::from_value(arguments).map_err(|error| format!("the arguments do not fit: {error}"))
}

/// A text that says something, and that others can read.
pub(super) fn told(name: &str, text: String) -> Result<String, String> {
    if text.trim().is_empty() {
        Err(format!("`{name}` is empty"))
    } else if text.len() > LONGEST_WORDS {
        Err(format!(
            "`{name}` has {} bytes, and {LONGEST_WORDS} are allowed; say it shorter, or write it into a file and name that",
            text.len()
        ))
    } else {
        Ok(text)
    }
}

#[expect(
    clippy::cast_sign_loss,
    clippy::cast_possible_truncation,
    reason = "the lower bound is above zero, and line counts fit any usize"
)]
fn clamp(number: i64, least: i64, most: i64) -> usize {
    number.clamp(least, most) as usize
}

fn recipient(state: &ExecutionState, member: &Member, to: &str) -> Result<Recipient, String> {
    let plain = to.trim().trim_start_matches('@').to_lowercase();
    match plain.as_str() {
        "everyone" | "all" | "everybody" | "team" | "squad" => Ok(Recipient::Everyone),
        "you" | "person" | "human" | "user" => Ok(Recipient::Person),
        _ => teammate(state, member, to).map(Recipient::Member),
    }
}

/// The teammate that a name or a role means.
fn teammate(state: &ExecutionState, member: &Member, to: &str) -> Result<MemberName, String> {
    let squad = &state.spec.squad;
    let wanted = to.trim().trim_start_matches('@');
    if let Some(found) = squad.find(wanted, Some(&member.name)) {
        return Ok(found.name.clone());
    }
    let others: Vec<String> = squad
        .members
        .iter()
        .filter(|other| other.name != member.name)
        .map(|other| format!("{} (`{}`)", other.name, other.role))
        .collect();
    let there = if others.is_empty() {
        "you work alone; decide yourself, or use `ask_human`".to_owned()
    } else {
        format!("your teammates are {}", others.join(", "))
    };
    let own_role = wanted.parse::<Role>().is_ok_and(|role| role == member.role);
    if wanted.eq_ignore_ascii_case(member.name.as_str()) || own_role {
        Err(format!("`to` names yourself; {there}"))
    } else {
        Err(format!("nobody in your squad is `{}`; {there}", one_line(wanted, 60)))
    }
}
