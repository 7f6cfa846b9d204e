//! Configuration: `squad.toml`, then `SQUAD_*` variables, then flags. Each later one wins, key by key.
//!
//! Every layer is a TOML table with the place that each of its values comes from; merging them and reading the result
//! is all there is, so that `squad config show` and the run itself cannot disagree. No key ever holds a secret: those
//! are read from the variables that `api_key_env` names.

mod environment;
mod error;
mod file;
mod keys;
mod layers;
mod lease;
mod models;
mod server;

pub(crate) use error::ConfigError;
pub(crate) use keys::{Config, KEYS};
pub(crate) use layers::{Flag, Loaded, Origin};
pub(crate) use lease::LeaseSeconds;
pub(crate) use server::{Registration, Server};
pub(crate) use squad_templates::Dollars;

use layers::Layers;
use std::path::Path;

/// Where configuration is looked for.
pub(crate) struct Places<'a> {
    /// The folder in which squad was called.
    pub(crate) current: &'a Path,
    /// The user's own folder for configuration.
    pub(crate) user: Option<&'a Path>,
    /// All environment variables.
    pub(crate) variables: Vec<(String, String)>,
}

/// Reads every layer and merges them.
///
/// # Errors
/// Names the file and line, the variable or the flag of what cannot be used.
pub(crate) fn load(places: &Places<'_>, flags: Vec<Flag>) -> Result<Loaded, ConfigError> {
    let mut layers = Layers::default();
    for path in file::find(places.current, places.user) {
        let layer = file::read(&path)?;
        file::check(&path, &layer, places.user)?;
        layers.add(layer);
    }
    let (variables, ignored) = environment::read(&places.variables)?;
    layers.add(variables);
    layers.add(layers::flags(flags)?);
    layers.finish(ignored)
}

/// Reads a text as if it stood in a file.
#[cfg(test)]
pub(crate) fn check_text(text: &str) -> Result<(), ConfigError> {
    file::parse(Path::new("squad.toml"), text).map(drop)
}

#[cfg(test)]
mod tests;
