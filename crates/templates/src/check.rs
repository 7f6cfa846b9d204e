//! What holds for every member, in a file or over HTTP: what it names is there, and nothing in it is without bounds.

use squad_agents::Prompts;
use squad_domain::mcp::PREFIX;
use squad_domain::member::Member;
use squad_domain::tool::ToolName;

/// Entries that a list of a member may have.
const ENTRIES: usize = 200;
/// Longest entry of a list, in bytes: the longest name that a host may have is 253.
const ENTRY: usize = 300;
/// Longest words of an employer, in bytes.
const PROMPT: usize = 64_000;
/// Most turns that a lane may be given.
const TURNS: u32 = 100_000;

/// What does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct MemberProblem {
    /// The part of the member: `tools`.
    pub key: &'static str,
    /// Why, and what would fit.
    pub message: String,
}

fn problem(key: &'static str, message: impl Into<String>) -> MemberProblem {
    MemberProblem { key, message: message.into() }
}

/// Checks what can be told of a member alone. Its name is its squad's business
/// ([`squad_domain::squad::Squad::check`]), its paths are the engine's.
///
/// # Errors
/// The first part that does not fit.
pub fn check(member: &Member, prompts: &Prompts) -> Result<(), MemberProblem> {
    specialization(member, prompts)?;
    tools(member)?;
    profile(member)?;
    bounds(member)
}

fn specialization(member: &Member, prompts: &Prompts) -> Result<(), MemberProblem> {
    let Some(name) = &member.specialization else { return Ok(()) };
    let known = prompts.specializations(member.role);
    if known.contains(name) {
        return Ok(());
    }
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    let message = format!("the role `{}` has no specialization `{name}`; it has {known}", member.role);
    Err(problem("specialization", message))
}

fn tools(member: &Member) -> Result<(), MemberProblem> {
    let strange = |tool: &&String| tool.parse::<ToolName>().is_err() && !tool.starts_with(PREFIX);
    let Some(tool) = member.tools.iter().flatten().find(strange) else { return Ok(()) };
    let known = ToolName::ALL.iter().map(|tool| tool.slug()).collect::<Vec<_>>().join(", ");
    let message = format!(
        "there is no tool `{tool}`; the tools are {known} `mcp__<server>__<tool>` and `mcp__<server>__*`"
    );
    Err(problem("tools", message))
}

fn profile(member: &Member) -> Result<(), MemberProblem> {
    if member.profile.as_ref().is_some_and(|profile| profile.default.is_empty()) {
        return Err(problem("profile", "`default` lists no model; give at least one"));
    }
    Ok(())
}

fn bounds(member: &Member) -> Result<(), MemberProblem> {
    if member.max_turns == 0 {
        return Err(problem("max_turns", "a member without a turn can do nothing; give at least 1"));
    }
    if member.max_turns > TURNS {
        return Err(problem("max_turns", format!("is at most {TURNS}")));
    }
    let tools: Vec<&String> = member.tools.iter().flatten().collect();
    let lists = [
        ("tools", tools),
        ("allowed_paths", member.allowed_paths.iter().collect()),
        ("hosts", member.hosts.iter().collect()),
    ];
    for (key, list) in lists {
        if list.len() > ENTRIES {
            return Err(problem(key, format!("has at most {ENTRIES} entries")));
        }
        if list.iter().any(|entry| entry.len() > ENTRY) {
            return Err(problem(key, format!("has entries of at most {ENTRY} bytes")));
        }
    }
    if member.prompt.as_ref().is_some_and(|prompt| prompt.len() > PROMPT) {
        return Err(problem("prompt", format!("is at most {} kB long", PROMPT / 1000)));
    }
    Ok(())
}
