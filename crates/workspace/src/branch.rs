//! Branch names: checked before git sees them, so that none can be taken for an option or a revision.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// A name that `git check-ref-format --branch` accepts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BranchName(String);

impl BranchName {
    /// The name without `refs/heads/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn reference(&self) -> String {
        format!("refs/heads/{}", self.0)
    }

    /// `name-2`, `name-3`, …
    pub(crate) fn numbered(&self, number: usize) -> BranchName {
        BranchName(format!("{}-{number}", self.0))
    }

    /// The branches that would stand in this one's way: `a` and `a/b` for `a/b/c`.
    pub(crate) fn folders(&self) -> Vec<BranchName> {
        self.0.match_indices('/').map(|(at, _)| BranchName(self.0[..at].to_owned())).collect()
    }

    /// The same name without folders, for repositories that have a branch called like one of them.
    pub(crate) fn flat(&self) -> BranchName {
        BranchName(self.0.replace('/', "-"))
    }
}

/// The rules of `git-check-ref-format(1)`, plus what `git branch` refuses on top.
fn complaint(name: &str) -> Option<&'static str> {
    let forbidden = |c: char| c.is_ascii_control() || " ~^:?*[\\".contains(c);
    let mut components = name.split('/');
    if name.is_empty() {
        Some("it is empty")
    } else if name.len() > 200 {
        Some("it is longer than 200 bytes")
    } else if name.starts_with('-') {
        Some("it begins with `-`")
    } else if name == "@" || name == "HEAD" {
        Some("git uses it for something else")
    } else if name.contains(forbidden) {
        Some("it contains a space, a control character or one of `~ ^ : ? * [ \\`")
    } else if name.contains("..") || name.contains("@{") {
        Some("it contains `..` or `@{`")
    } else if name.ends_with('.') {
        Some("it ends with `.`")
    } else if components.any(|part| part.is_empty() || part.starts_with('.') || part.ends_with(".lock")) {
        Some("a part between slashes is empty, begins with `.` or ends with `.lock`")
    } else {
        None
    }
}

impl FromStr for BranchName {
    type Err = Error;
    fn from_str(name: &str) -> Result<Self, Error> {
        match complaint(name) {
            Some(reason) => Err(Error::InvalidBranch { name: name.to_owned(), reason }),
            None => Ok(Self(name.to_owned())),
        }
    }
}

impl TryFrom<String> for BranchName {
    type Error = Error;
    fn try_from(name: String) -> Result<Self, Error> {
        name.parse()
    }
}

impl From<BranchName> for String {
    fn from(name: BranchName) -> String {
        name.0
    }
}

impl fmt::Display for BranchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A short part of a branch name made from a title: lower-case words joined by `-`, at most 40 bytes, never empty.
pub fn slug(title: &str) -> String {
    const LIMIT: usize = 40;
    let mut slug = String::new();
    for word in title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        let separator = usize::from(!slug.is_empty());
        if slug.len() + separator + word.len() > LIMIT {
            if slug.is_empty() {
                slug.push_str(&word[..LIMIT]);
            }
            break;
        }
        if separator == 1 {
            slug.push('-');
        }
        slug.push_str(word);
    }
    if slug.is_empty() { "task".to_owned() } else { slug.to_ascii_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_are_those_of_git() {
        let names = [
            "main",
            "squad/add-login-1a2b",
            "a.b",
            "-x",
            "a..b",
            "a b",
            ".a",
            "a/.b",
            "a.lock",
            "a.lock/b",
            "a/",
            "/a",
            "a//b",
            "a@{b",
            "a~1",
            "a^",
            "a:b",
            "a?",
            "a*",
            "a[b",
            "a\\b",
            "a.",
            "ä",
            "HEAD",
            "a\u{7f}",
            "a\nb",
            "",
        ];
        for name in names {
            let git = std::process::Command::new("git")
                .args(["check-ref-format", "--branch", name])
                .output()
                .unwrap();
            assert_eq!(name.parse::<BranchName>().is_ok(), git.status.success(), "{name:?}");
        }
        assert!("@".parse::<BranchName>().is_err(), "it means `HEAD` wherever a revision is asked for");
    }

    #[test]
    fn slugs_are_short_plain_and_never_empty() {
        assert_eq!(slug("Add a login page (OAuth)!"), "add-a-login-page-oauth");
        assert_eq!(slug("--force; rm -rf /"), "force-rm-rf");
        assert_eq!(slug("日本語"), "task");
        assert_eq!(slug(&"x".repeat(90)).len(), 40);
        let long = slug("one two three four five six seven eight nine ten");
        assert!(long.len() <= 40 && !long.ends_with('-'), "{long}");
        assert!(format!("squad/{}", slug("..lock.")).parse::<BranchName>().is_ok());
    }
}
