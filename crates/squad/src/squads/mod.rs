//! Squads by name or from a file: what `--squad` takes. Their format is in `squad_templates`.

#[cfg(test)]
mod tests;

use squad_agents::Prompts;
use squad_domain::ids::SquadId;
use squad_domain::squad::Squad;
use squad_templates::{Definition, KEYS, LineError};
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// The squad that works where nobody says otherwise.
pub(crate) const DEFAULT: &str = "default";

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

impl TemplateError {
    fn in_line(origin: &str, LineError { line, message }: LineError) -> Self {
        Self::Line { origin: origin.to_owned(), line, message }
    }
}

/// The squad that `--squad` names: a template, or a file.
///
/// # Errors
/// Names the line of what does not fit.
pub(crate) fn load(name: &str, prompts: &Prompts) -> Result<Template, TemplateError> {
    let shipped =
        squad_templates::template(name, prompts).map_err(|error| TemplateError::in_line(name, error))?;
    if let Some(definition) = shipped {
        return Ok(template(name, name, definition));
    }
    let path = Path::new(name);
    if path.extension().is_none_or(|extension| extension != "toml") {
        let known = KEYS.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
        return Err(TemplateError::Unknown { name: name.to_owned(), known });
    }
    let text = std::fs::read_to_string(path)
        .map_err(|source| TemplateError::Read { path: path.to_owned(), source })?;
    // The same file is the same squad, from wherever it is named.
    let identity = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let definition =
        squad_templates::parse(&text, prompts).map_err(|error| TemplateError::in_line(name, error))?;
    Ok(template(name, &identity.to_string_lossy(), definition))
}

/// Reads a text as if it stood in a file.
#[cfg(test)]
pub(crate) fn check_text(text: &str) -> Result<(), TemplateError> {
    let read = squad_templates::parse(text, &Prompts::embedded());
    read.map(drop).map_err(|error| TemplateError::in_line("team.toml", error))
}

/// All templates that ship with the binary.
pub(crate) fn shipped(prompts: &Prompts) -> Result<Vec<Template>, TemplateError> {
    KEYS.iter().map(|key| load(key, prompts)).collect()
}

fn template(key: &str, identity: &str, definition: Definition) -> Template {
    let id = SquadId(Uuid::new_v5(&Uuid::NAMESPACE_OID, identity.as_bytes()));
    let Definition { name, description, members } = definition;
    Template { key: key.to_owned(), description, squad: Squad { id, name, members } }
}
