//! `squad doctor`: what works here, and what to do about what does not.

use super::{clean, json, style};
use serde::Serialize;

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Health {
    /// It works.
    Good,
    /// It is not there, and need not be.
    Missing,
    /// It is needed, and does not work.
    Bad,
}

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    /// What.
    pub(crate) name: String,
    /// How it went.
    pub(crate) health: Health,
    /// What was found.
    pub(crate) found: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) advice: Option<String>,
}

impl Check {
    /// It works.
    pub(crate) fn good(name: &str, found: impl Into<String>) -> Self {
        Self { name: name.to_owned(), health: Health::Good, found: found.into(), advice: None }
    }

    /// It is not there, and need not be.
    pub(crate) fn missing(name: &str, found: impl Into<String>) -> Self {
        Self { name: name.to_owned(), health: Health::Missing, found: found.into(), advice: None }
    }

    /// It is needed, and does not work.
    pub(crate) fn bad(name: &str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name: name.to_owned(), health: Health::Bad, found: found.into(), advice: Some(advice.into()) }
    }
}

/// One JSON object per check.
pub(crate) fn to_json(checks: &[Check]) -> String {
    checks.iter().map(json::line).collect()
}

/// For people.
pub(crate) fn render(checks: &[Check], width: usize) -> String {
    let widest = checks.iter().map(|check| check.name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for check in checks {
        let (sign, colour) = match check.health {
            Health::Good => ("✓", style::GOOD),
            Health::Missing => ("·", style::QUIET),
            Health::Bad => ("✗", style::BAD),
        };
        let indent = " ".repeat(widest + 4);
        let name = clean::pad(&check.name, widest);
        let options =
            textwrap::Options::new(width.max(60)).initial_indent(&indent).subsequent_indent(&indent);
        let found = textwrap::fill(&clean::line(&check.found), &options);
        text.push_str(&format!("{} {name}  {}\n", style::paint(colour, sign), found.trim_start()));
        if let Some(advice) = &check.advice {
            text.push_str(&format!("{}\n", textwrap::fill(&clean::line(&format!("→ {advice}")), &options)));
        }
    }
    text
}
