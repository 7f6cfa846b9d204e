//! Tools of others: MCP servers that a person configured, and the tools that they offer.

use crate::role::Role;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

/// What names of tools of others begin with: `mcp__<server>__<tool>`.
pub const PREFIX: &str = "mcp__";
/// Characters that the name of a server may have, so that there is room for those of its tools: providers take at most
/// 64 for all three parts.
const NAME_LIMIT: usize = 24;
/// Seconds that a call may take where nobody says otherwise.
const TIMEOUT_SECONDS: u64 = 60;

/// What a person calls an MCP server: part of its tools' names, so only lower-case letters, digits, `-` and single `_`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct McpName(String);

impl McpName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for McpName {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
        let edge = |c: char| c == '_';
        let fits = (1..=NAME_LIMIT).contains(&text.len())
            && text.bytes().all(plain)
            && !text.contains("__")
            && !text.starts_with(edge)
            && !text.ends_with(edge);
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!(
                "an MCP server's name has at most {NAME_LIMIT} lower-case letters, digits, `-` and single `_` between them"
            ))
        }
    }
}

impl TryFrom<String> for McpName {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<McpName> for String {
    fn from(name: McpName) -> Self {
        name.0
    }
}

impl fmt::Display for McpName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// An MCP server: where it is, and who may use what of it. Never holds a secret, only the names of variables that do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct McpServer {
    /// The address of a server that speaks streamable HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The environment variable that holds a bearer token for `url`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_env: Option<String>,
    /// A program that speaks on its standard input and output, with its arguments. It is the person's own program: it
    /// runs outside of the sandbox.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Environment variables that are handed to `command`; it sees no other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// The tools to offer, as the server names them; `None`: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<BTreeSet<String>>,
    /// The roles to offer them to; `None`: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<BTreeSet<Role>>,
    /// Seconds that connecting, or one call, may take.
    #[serde(default = "timeout_seconds")]
    pub timeout_seconds: u64,
}

const fn timeout_seconds() -> u64 {
    TIMEOUT_SECONDS
}

/// The servers of an execution, by name.
pub type McpServers = BTreeMap<McpName, McpServer>;

impl McpServer {
    /// Whether it can be used as it is written.
    ///
    /// # Errors
    /// What is wrong, in words for the person who wrote it.
    pub fn check(&self) -> Result<(), String> {
        match (&self.url, self.command.first().map(|program| program.trim())) {
            (Some(_), Some(_)) => Err("give either `url` or `command`, not both".to_owned()),
            (None, None) => {
                Err("give a `url`, or a `command` such as `[\"my-server\", \"--stdio\"]`".to_owned())
            }
            (None, Some("")) => Err("the first entry of `command` is the program; it is empty".to_owned()),
            (None, Some(_)) if self.token_env.is_some() => {
                Err("`token_env` belongs to `url`; hand variables to a `command` with `env`".to_owned())
            }
            (Some(_), None) if !self.env.is_empty() => Err("`env` belongs to `command`".to_owned()),
            (Some(url), None) => check_url(url),
            (None, Some(_)) => Ok(()),
        }?;
        if self.timeout_seconds == 0 { Err("`timeout_seconds` is at least 1".to_owned()) } else { Ok(()) }
    }

    /// Whether a member of that role is offered its tools.
    #[must_use]
    pub fn serves(&self, role: Role) -> bool {
        self.roles.as_ref().is_none_or(|roles| roles.contains(&role))
    }
}

/// The address goes into the log, so it holds no password; and a token goes to nobody but its server.
fn check_url(url: &str) -> Result<(), String> {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let Some(rest) = rest else { return Err("`url` begins with `http://` or `https://`".to_owned()) };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() {
        return Err("`url` names no host".to_owned());
    }
    if authority.contains('@') {
        return Err("`url` must not hold a name or password; put the token into a variable and name it in `token_env`".to_owned());
    }
    Ok(())
}

/// A tool of another, as the server described it when the execution began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct McpTool {
    /// What members call: `mcp__<server>__<tool>`.
    pub name: String,
    /// What the server calls it.
    pub tool: String,
    /// In the server's words, bounded.
    pub description: String,
    /// The JSON Schema of its arguments, an object.
    pub schema: Value,
    /// Whether the server says that calling it again changes nothing more, so that a call which a crash cut off may be
    /// made again.
    #[serde(default)]
    pub repeatable: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(text: &str) -> Result<(), String> {
        serde_json::from_str::<McpServer>(text).map_err(|error| error.to_string())?.check()
    }

    #[test]
    fn names_leave_the_separator_alone() {
        for good in ["docs", "git-hub", "a_b", "x9"] {
            assert!(good.parse::<McpName>().is_ok(), "{good}");
        }
        for bad in ["", "a__b", "_a", "a_", "A", "a b", "a/b", "é", &"x".repeat(25)] {
            assert!(bad.parse::<McpName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_server_is_one_thing_and_holds_no_secret() {
        assert_eq!(server(r#"{"url": "https://mcp.example/mcp", "token_env": "DOCS_TOKEN"}"#), Ok(()));
        assert_eq!(server(r#"{"command": ["my-server"], "env": ["MY_TOKEN"]}"#), Ok(()));
        for bad in [
            "{}",
            r#"{"url": "https://a.example", "command": ["x"]}"#,
            r#"{"url": "ftp://a.example"}"#,
            r#"{"url": "https:///mcp"}"#,
            r#"{"url": "https://me:secret@a.example/mcp"}"#,
            r#"{"command": [" "]}"#,
            r#"{"command": ["x"], "token_env": "T"}"#,
            r#"{"url": "https://a.example", "env": ["T"]}"#,
            r#"{"url": "https://a.example", "timeout_seconds": 0}"#,
        ] {
            assert!(server(bad).is_err(), "{bad}");
        }
    }
}
