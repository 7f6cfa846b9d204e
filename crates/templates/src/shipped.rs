//! The squads that ship.

use crate::format::{Definition, LineError, parse};
use squad_agents::Prompts;

macro_rules! templates {
    ($($name:literal),+ $(,)?) => {
        /// What the squads that ship are asked for by.
        pub const KEYS: &[&str] = &[$($name),+];

        fn text(key: &str) -> Option<&'static str> {
            match key {
                $($name => Some(include_str!(concat!("../templates/", $name, ".toml"))),)+
                _ => None,
            }
        }
    };
}

templates!("default", "solo", "pair", "web", "platform", "data_ml", "research");

/// A squad that ships.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// What it is asked for by.
    pub key: &'static str,
    /// What it is.
    pub definition: Definition,
}

/// The squad that ships under that key. `None` where there is none.
///
/// # Errors
/// Where prompts that replace ours lack a specialization that it names.
pub fn template(key: &str, prompts: &Prompts) -> Result<Option<Definition>, LineError> {
    text(key).map(|text| parse(text, prompts)).transpose()
}

/// All squads that ship.
///
/// # Errors
/// Where prompts that replace ours lack a specialization that one of them names.
pub fn shipped(prompts: &Prompts) -> Result<Vec<Template>, LineError> {
    let texts = KEYS.iter().filter_map(|key| Some((*key, text(key)?)));
    texts.map(|(key, text)| Ok(Template { key, definition: parse(text, prompts)? })).collect()
}
