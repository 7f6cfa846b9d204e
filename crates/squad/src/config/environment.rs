//! `SQUAD_*` variables: `SQUAD_BUDGET` sets `budget`, `SQUAD_LIMITS__REVIEW_ROUNDS` sets `limits.review_rounds`.

use super::layers::{Layer, Origin, nested};
use super::{Config, ConfigError, KEYS};
use squad_templates::located;

/// Ours, but no configuration: the filter of the log, and what is secret.
const OTHERS: [&str; 4] = ["SQUAD_LOG", "SQUAD_MASTER_KEY", "SQUAD_OLD_MASTER_KEYS", "SQUAD_SMTP_URL"];

/// The layer of the variables, and the names of those that look like ours and mean nothing.
pub(super) fn read(variables: &[(String, String)]) -> Result<(Layer, Vec<String>), ConfigError> {
    let mut table = toml::Table::new();
    let mut names = std::collections::BTreeMap::new();
    let mut ignored = Vec::new();
    let mut sorted: Vec<_> = variables.iter().filter(|(name, _)| name.starts_with("SQUAD_")).collect();
    sorted.sort();
    for (name, text) in sorted {
        let path: Vec<String> =
            name["SQUAD_".len()..].to_lowercase().split("__").map(ToOwned::to_owned).collect();
        if text.is_empty() || OTHERS.contains(&name.as_str()) {
            continue;
        }
        if !KEYS.iter().any(|key| Some(key.name) == path.first().map(String::as_str)) {
            ignored.push(name.clone());
            continue;
        }
        let value =
            fitting(&path, text).map_err(|message| ConfigError::Given { origin: name.clone(), message })?;
        super::layers::merge(&mut table, nested(&path, value));
        names.insert(path, name.clone());
    }
    let origin = |path: &[String]| {
        // A variable that sets a whole list is the origin of all in it.
        let name = (1..=path.len()).rev().find_map(|length| names.get(&path[..length]));
        Origin::Variable(name.cloned().unwrap_or_default())
    };
    Ok((Layer::new(table, origin), ignored))
}

/// A variable is text; the key says whether a number, a list or text is meant.
fn fitting(path: &[String], text: &str) -> Result<toml::Value, String> {
    let list: Vec<toml::Value> =
        text.split(',').map(|item| toml::Value::String(item.trim().to_owned())).collect();
    let candidates = [
        Some(toml::Value::String(text.to_owned())),
        text.parse().ok().map(toml::Value::Integer),
        text.parse().ok().map(toml::Value::Boolean),
        Some(toml::Value::Array(list)),
    ];
    let mut first = None;
    for value in candidates.into_iter().flatten() {
        match check(path, &value) {
            Ok(_) => return Ok(value),
            Err(message) => {
                first.get_or_insert(message);
            }
        }
    }
    Err(first.unwrap_or_default())
}

fn check(path: &[String], value: &toml::Value) -> Result<Config, String> {
    located::read(&nested(path, value.clone())).map_err(|misfit| misfit.parts().1)
}
