//! The file format of squads, and its errors by line.

use crate::check::{MemberProblem, check};
use crate::dollars::Dollars;
use crate::located::{self, Text, dotted};
use serde::Deserialize;
use squad_agents::Prompts;
use squad_domain::ids::SquadId;
use squad_domain::member::{DEFAULT_MAX_TURNS, Member};
use squad_domain::model::{ModelRef, RoutingProfile};
use squad_domain::role::Role;
use squad_domain::squad::Squad;
use std::collections::BTreeSet;
use uuid::Uuid;

/// A squad as a file has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// What it is for; may be empty.
    pub description: String,
    /// Who is in it. They can work together.
    pub members: Vec<Member>,
}

/// What does not fit in a file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct LineError {
    /// From 1.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
}

#[derive(Debug, Deserialize)]
struct SquadFile {
    name: String,
    #[serde(default)]
    description: String,
    members: Vec<MemberEntry>,
}

#[derive(Debug, Deserialize)]
struct MemberEntry {
    name: String,
    role: Role,
    specialization: Option<String>,
    model: Option<ModelRef>,
    profile: Option<RoutingProfile>,
    tools: Option<BTreeSet<String>>,
    #[serde(default)]
    allowed_paths: Vec<String>,
    #[serde(default)]
    hosts: Vec<String>,
    budget: Option<Dollars>,
    max_turns: Option<u32>,
    prompt: Option<String>,
}

impl MemberEntry {
    fn into_member(self, prompts: &Prompts) -> Result<Member, MemberProblem> {
        let profile = match (self.model, self.profile) {
            (Some(_), Some(_)) => {
                let message = "give either `model` or `profile`, not both".to_owned();
                return Err(MemberProblem { key: "model", message });
            }
            (Some(model), None) => Some(RoutingProfile::single(model)),
            (None, profile) => profile,
        };
        let member = Member {
            specialization: self.specialization,
            profile,
            tools: self.tools,
            allowed_paths: self.allowed_paths,
            hosts: self.hosts,
            budget: self.budget.map(|dollars| dollars.0),
            max_turns: self.max_turns.unwrap_or(DEFAULT_MAX_TURNS),
            prompt: self.prompt,
            ..Member::new(&self.name, self.role)
        };
        check(&member, prompts)?;
        Ok(member)
    }
}

/// Reads a squad from the text of a file.
///
/// # Errors
/// Names the line of what does not fit.
pub fn parse(text: &str, prompts: &Prompts) -> Result<Definition, LineError> {
    let fail = |line, message| LineError { line, message };
    let (spans, table) = Text::parse(text).map_err(|(line, message)| fail(line, message))?;
    let file: SquadFile = located::read(&table).map_err(|misfit| {
        let unknown = matches!(misfit, located::Misfit::Unknown(_));
        let (path, message) = misfit.parts();
        let message = if unknown { message } else { format!("`{}`: {message}", dotted(&path)) };
        fail(spans.line(&path), message)
    })?;
    let at = |index: usize, key: &str| spans.line(&["members".to_owned(), index.to_string(), key.to_owned()]);
    let members = file.members.into_iter().enumerate();
    let members = members.map(|(index, entry)| {
        entry.into_member(prompts).map_err(|problem| fail(at(index, problem.key), problem.message))
    });
    let members = members.collect::<Result<Vec<_>, _>>()?;
    let squad = Squad { id: SquadId(Uuid::nil()), name: file.name, members };
    squad.check().map_err(|error| fail(culprit(&squad, &at), error.to_string()))?;
    Ok(Definition { name: squad.name, description: file.description, members: squad.members })
}

/// The line of the first member with whom the squad cannot work.
fn culprit(squad: &Squad, at: &dyn Fn(usize, &str) -> usize) -> usize {
    let works = |count: usize| {
        let some = Squad { members: squad.members[..count].to_vec(), ..squad.clone() };
        some.check().is_ok()
    };
    (1..=squad.members.len()).find(|count| !works(*count)).map_or(1, |count| at(count - 1, "name"))
}
