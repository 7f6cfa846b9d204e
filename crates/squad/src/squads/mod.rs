//! Squads by name or from a file: what `--squad` takes.
//!
//! ```toml
//! name = "Pair"
//! description = "A developer who builds and a tech lead who plans and reviews."
//!
//! [[members]]
//! name = "Bea"
//! role = "backend_developer"
//! specialization = "rust_axum"
//! model = "anthropic/claude-sonnet-4-5"   # or `profile`, with lists per purpose
//! budget = 1.50
//! ```

mod format;
#[cfg(test)]
mod tests;

use crate::located::{self, Text, dotted};
use format::SquadFile;
use squad_agents::Prompts;
use squad_domain::ids::SquadId;
use squad_domain::squad::Squad;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// The squad that works where nobody says otherwise.
pub(crate) const DEFAULT: &str = "default";

macro_rules! templates {
    ($($name:literal),+) => {
        &[$(($name, include_str!(concat!("../../templates/", $name, ".toml")))),+]
    };
}

/// The templates that ship with the binary.
const TEMPLATES: &[(&str, &str)] =
    templates!("default", "solo", "pair", "web", "platform", "data_ml", "research");

/// A squad, and what it is for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Template {
    /// What `--squad` takes.
    pub(crate) key: String,
    /// One sentence.
    pub(crate) description: String,
    /// Who is in it.
    pub(crate) squad: Squad,
}

/// Why a squad cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TemplateError {
    /// No template of that name.
    #[error("there is no squad template `{name}`; there are {known}, or give a file ending in `.toml`")]
    Unknown {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The file cannot be read.
    #[error("cannot read the squad file `{path}`: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Something in it does not fit.
    #[error("{origin}:{line}: {message}")]
    Line {
        /// The file, or the template.
        origin: String,
        /// From 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
}

/// The squad that `--squad` names: a template, or a file.
///
/// # Errors
/// Names the line of what does not fit.
pub(crate) fn load(name: &str, prompts: &Prompts) -> Result<Template, TemplateError> {
    if let Some((key, text)) = TEMPLATES.iter().find(|(key, _)| *key == name) {
        return parse(key, key, text, prompts);
    }
    let path = Path::new(name);
    if path.extension().is_none_or(|extension| extension != "toml") {
        let known = TEMPLATES.iter().map(|(key, _)| format!("`{key}`")).collect::<Vec<_>>().join(", ");
        return Err(TemplateError::Unknown { name: name.to_owned(), known });
    }
    let text = std::fs::read_to_string(path)
        .map_err(|source| TemplateError::Read { path: path.to_owned(), source })?;
    // The same file is the same squad, from wherever it is named.
    let identity = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    parse(name, &identity.to_string_lossy(), &text, prompts)
}

/// Reads a text as if it stood in a file.
#[cfg(test)]
pub(crate) fn check_text(text: &str) -> Result<(), TemplateError> {
    parse("team.toml", "team.toml", text, &Prompts::embedded()).map(drop)
}

/// All templates that ship with the binary.
pub(crate) fn shipped(prompts: &Prompts) -> Result<Vec<Template>, TemplateError> {
    TEMPLATES.iter().map(|(key, text)| parse(key, key, text, prompts)).collect()
}

fn parse(origin: &str, identity: &str, text: &str, prompts: &Prompts) -> Result<Template, TemplateError> {
    let fail = |line, message| TemplateError::Line { origin: origin.to_owned(), line, message };
    let (spans, table) = Text::parse(text).map_err(|(line, message)| fail(line, message))?;
    let file: SquadFile = located::read(&table).map_err(|misfit| {
        let unknown = matches!(misfit, located::Misfit::Unknown(_));
        let (path, message) = misfit.parts();
        let message = if unknown { message } else { format!("`{}`: {message}", dotted(&path)) };
        fail(spans.line(&path), message)
    })?;
    let at = |index: usize, key: &str| spans.line(&["members".to_owned(), index.to_string(), key.to_owned()]);
    let (name, description) = (file.name.clone(), file.description.clone());
    let members =
        file.into_members(prompts).map_err(|(index, key, message)| fail(at(index, key), message))?;
    let squad = Squad { id: SquadId(Uuid::new_v5(&Uuid::NAMESPACE_OID, identity.as_bytes())), name, members };
    squad.check().map_err(|error| fail(culprit(&squad, &at), error.to_string()))?;
    Ok(Template { key: origin.to_owned(), description, squad })
}

/// The line of the first member with whom the squad cannot work.
fn culprit(squad: &Squad, at: &dyn Fn(usize, &str) -> usize) -> usize {
    let works = |count: usize| {
        let some = Squad { members: squad.members[..count].to_vec(), ..squad.clone() };
        some.check().is_ok()
    };
    (1..=squad.members.len()).find(|count| !works(*count)).map_or(1, |count| at(count - 1, "name"))
}
