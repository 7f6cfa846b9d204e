//! Layers: tables with the place that each value comes from, and how the later ones win.

use super::{Config, ConfigError};
use squad_sandbox::{Tier, TierChoice};
use squad_templates::located::{self, dotted};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nobody set it.
    Default,
    /// A file.
    File {
        /// Which.
        path: PathBuf,
        /// From 1.
        line: usize,
    },
    /// An environment variable.
    Variable(String),
    /// A flag.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

type Origins = BTreeMap<Vec<String>, Origin>;

/// One place that sets values.
pub(super) struct Layer {
    table: toml::Table,
    origins: Origins,
}

impl Layer {
    pub(super) fn new(table: toml::Table, origin: impl Fn(&[String]) -> Origin) -> Self {
        let mut origins = Origins::new();
        leaves(&table, &mut Vec::new(), &mut |path, _| {
            origins.insert(path.to_vec(), origin(path));
        });
        Self { table, origins }
    }

    /// The first value at or below a key of the first level, and where it comes from.
    pub(super) fn origin_under(&self, key: &str) -> Option<(String, &Origin)> {
        let found = self.origins.iter().find(|(path, _)| path.first().is_some_and(|first| first == key));
        found.map(|(path, origin)| (dotted(path), origin))
    }
}

/// Calls `visit` with every value that is no table.
fn leaves(table: &toml::Table, path: &mut Vec<String>, visit: &mut dyn FnMut(&[String], &toml::Value)) {
    for (key, value) in table {
        path.push(key.clone());
        match value {
            toml::Value::Table(inner) => leaves(inner, path, visit),
            value => visit(path, value),
        }
        path.pop();
    }
}

/// The layers so far, merged.
#[derive(Default)]
pub(super) struct Layers {
    table: toml::Table,
    origins: Origins,
}

impl Layers {
    /// Adds a layer that wins over those before it.
    pub(super) fn add(&mut self, layer: Layer) {
        // Who names one model means that one, not the lists that a weaker layer has for single purposes.
        if layer.table.contains_key("model") && !layer.table.contains_key("profile") {
            self.table.remove("profile");
            self.origins.retain(|path, _| path.first().is_none_or(|key| key != "profile"));
        }
        merge(&mut self.table, layer.table);
        self.origins.extend(layer.origins);
    }

    pub(super) fn finish(self, ignored: Vec<String>) -> Result<Loaded, ConfigError> {
        let config = located::read::<Config>(&self.table).map_err(|misfit| {
            let (path, message) = misfit.parts();
            let origin = self.origins.get(&path).map_or_else(|| dotted(&path), ToString::to_string);
            ConfigError::Given { origin, message }
        })?;
        for (name, server) in &config.mcp {
            let path = ["mcp".to_owned(), name.to_string()];
            let first = self.origins.iter().find(|(key, _)| key.starts_with(&path));
            let origin = first.map_or_else(|| dotted(&path), |(_, origin)| origin.to_string());
            server.check().map_err(|message| ConfigError::Given {
                origin,
                message: format!("`mcp.{name}`: {message}"),
            })?;
        }
        let loaded = Loaded { config, origins: self.origins, ignored };
        let origin = loaded.origin("sandbox");
        if loaded.config.sandbox == TierChoice::Tier(Tier::None) && !matches!(origin, Origin::Flag(_)) {
            return Err(ConfigError::UnguardedSandbox { origin: origin.to_string() });
        }
        Ok(loaded)
    }
}

pub(super) fn merge(into: &mut toml::Table, from: toml::Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(more)) => merge(inner, more),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

/// A value that a flag sets.
#[derive(Debug, Clone)]
pub(crate) struct Flag {
    /// `--price`.
    pub(crate) name: &'static str,
    /// The key that it sets.
    pub(crate) key: Vec<String>,
    /// To what.
    pub(crate) value: toml::Value,
}

impl Flag {
    /// A flag that sets a key of the first level.
    pub(crate) fn new(name: &'static str, key: &str, value: impl Into<toml::Value>) -> Self {
        Self { name, key: vec![key.to_owned()], value: value.into() }
    }
}

pub(super) fn flags(flags: Vec<Flag>) -> Result<Layer, ConfigError> {
    let mut table = toml::Table::new();
    let mut origins = Origins::new();
    for flag in flags {
        let one = nested(&flag.key, flag.value);
        located::read::<Config>(&one).map_err(|misfit| ConfigError::Given {
            origin: flag.name.to_owned(),
            message: misfit.parts().1,
        })?;
        leaves(&one, &mut Vec::new(), &mut |path, _| {
            origins.insert(path.to_vec(), Origin::Flag(flag.name));
        });
        merge(&mut table, one);
    }
    Ok(Layer { table, origins })
}

/// `value` under the keys of `path`.
pub(super) fn nested(path: &[String], value: toml::Value) -> toml::Table {
    let mut table = toml::Table::new();
    if let Some((first, rest)) = path.split_first() {
        let value = if rest.is_empty() { value } else { toml::Value::Table(nested(rest, value)) };
        table.insert(first.clone(), value);
    }
    table
}

/// The configuration, and where it comes from.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// All layers merged.
    pub(crate) config: Config,
    origins: Origins,
    /// Variables that look like ours and mean nothing.
    pub(crate) ignored: Vec<String>,
}

/// One value as `squad config show` prints it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub(crate) struct Setting {
    /// `limits.review_rounds`.
    pub(crate) key: String,
    /// Its value, as one would write it in the file; `None`: not set.
    pub(crate) value: Option<String>,
    /// Where it comes from.
    pub(crate) source: String,
}

impl Loaded {
    /// Where a key of the first level comes from.
    pub(crate) fn origin(&self, key: &str) -> Origin {
        self.origins.get([key.to_owned()].as_slice()).cloned().unwrap_or(Origin::Default)
    }

    /// Every value that is set, defaults among them, in the order of the keys.
    pub(crate) fn settings(&self) -> Vec<Setting> {
        let table =
            toml::Table::try_from(&self.config).expect("configuration that was read from TOML is TOML");
        let mut settings = Vec::new();
        for key in super::KEYS {
            let Some(value) = table.get(key.name) else {
                settings.push(Setting {
                    key: key.name.to_owned(),
                    value: None,
                    source: "not set".to_owned(),
                });
                continue;
            };
            let one = nested(&[key.name.to_owned()], value.clone());
            leaves(&one, &mut Vec::new(), &mut |path, value| {
                let empty = value.as_array().is_some_and(Vec::is_empty);
                let origin = self.origins.get(path).cloned().unwrap_or(Origin::Default);
                if !empty {
                    settings.push(Setting {
                        key: dotted(path),
                        value: Some(masked(value)),
                        source: origin.to_string(),
                    });
                }
            });
        }
        settings
    }
}

/// The value as TOML; the password in a URL is left out.
fn masked(value: &toml::Value) -> String {
    let toml::Value::String(text) = value else { return value.to_string() };
    let hidden = text.split_once("://").and_then(|(scheme, rest)| {
        let authority = rest.split('/').next().unwrap_or(rest);
        let (account, host) = authority.rsplit_once('@')?;
        let (user, _) = account.split_once(':')?;
        Some(format!("{scheme}://{user}:***@{host}{}", &rest[authority.len()..]))
    });
    toml::Value::String(hidden.unwrap_or_else(|| text.clone())).to_string()
}
