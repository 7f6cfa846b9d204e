//! Where a repository is that somebody names, told by its name alone.

use crate::EngineError;
use squad_workspace::Source;

/// Where a repository is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A folder of this machine.
    Here,
    /// Behind a URL.
    Elsewhere,
}

/// Where the repository is that somebody names.
///
/// # Errors
/// Where it is neither a path nor a URL that is offered, or holds credentials.
pub fn place(repository: &str) -> Result<Place, EngineError> {
    let source = repository.parse::<Source>().map_err(|error| EngineError::Repository(error.to_string()))?;
    Ok(match source {
        Source::Local(_) => Place::Here,
        Source::Url(_) => Place::Elsewhere,
    })
}
