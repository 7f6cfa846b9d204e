use ignore::gitignore::{Gitignore, GitignoreBuilder};
use serde::{Deserialize, Serialize};

use super::{FileError, RelativePath, Result};

/// Which paths a member may change and read. Patterns are written as in a `.gitignore`: `src/`, `*.md`, `docs/**/*.txt`.
///
/// What is denied can neither be changed nor read. `allow`, where it is not empty, limits what can be changed;
/// `read_allow`, where it is not empty, limits what can be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PathPolicy {
    /// Only these may be changed; empty means all.
    pub allow: Vec<String>,
    /// These may be neither changed nor read; wins over everything.
    pub deny: Vec<String>,
    /// Only these may be read; empty means all.
    pub read_allow: Vec<String>,
}

impl PathPolicy {
    /// Checks that all patterns can be read.
    ///
    /// # Errors
    /// [`FileError::InvalidPattern`] with the first bad one.
    pub fn validate(&self) -> std::result::Result<(), FileError> {
        self.compile().map(|_| ())
    }

    pub(super) fn compile(&self) -> Result<CompiledPolicy> {
        let optional =
            |patterns: &[String]| if patterns.is_empty() { Ok(None) } else { matcher(patterns).map(Some) };
        Ok(CompiledPolicy {
            allow: optional(&self.allow)?,
            deny: matcher(&self.deny)?,
            read_allow: optional(&self.read_allow)?,
        })
    }
}

pub(super) struct CompiledPolicy {
    allow: Option<Gitignore>,
    deny: Gitignore,
    read_allow: Option<Gitignore>,
}

impl CompiledPolicy {
    pub(super) fn check_change(&self, path: &RelativePath) -> Result<()> {
        self.check("change", path, self.allow.as_ref())
    }

    pub(super) fn check_read(&self, path: &RelativePath) -> Result<()> {
        self.check("read", path, self.read_allow.as_ref())
    }

    /// Whether a file found by walking may be shown.
    pub(super) fn may_read(&self, path: &str) -> bool {
        !covers(&self.deny, path) && self.read_allow.as_ref().is_none_or(|allow| covers(allow, path))
    }

    /// Whether a folder is denied as a whole, so that walking need not enter it.
    pub(super) fn denies_folder(&self, path: &str) -> bool {
        self.deny.matched_path_or_any_parents(path, true).is_ignore()
    }

    fn check(&self, action: &'static str, path: &RelativePath, allow: Option<&Gitignore>) -> Result<()> {
        let text = path.to_string();
        let denied = |reason: String| Err(FileError::Denied { action, path: text.clone(), reason });
        if let ignore::Match::Ignore(rule) = self.deny.matched_path_or_any_parents(&text, false) {
            return denied(format!("your deny list holds `{}`", rule.original()));
        }
        if allow.is_some_and(|allow| !covers(allow, &text)) {
            return denied("your list of allowed paths does not hold it".to_owned());
        }
        Ok(())
    }
}

fn covers(patterns: &Gitignore, path: &str) -> bool {
    patterns.matched_path_or_any_parents(path, false).is_ignore()
}

/// Patterns in `.gitignore` syntax.
pub(super) fn matcher(patterns: &[String]) -> Result<Gitignore> {
    let mut builder = GitignoreBuilder::new(".");
    builder.allow_unclosed_class(false);
    for pattern in patterns {
        let invalid =
            |reason: String| FileError::InvalidPattern { pattern: pattern.clone(), kind: "glob", reason };
        builder.add_line(None, pattern).map_err(|error| invalid(error.to_string()))?;
    }
    builder.build().map_err(|error| FileError::InvalidPattern {
        pattern: patterns.join(", "),
        kind: "glob",
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(allow: &[&str], deny: &[&str]) -> CompiledPolicy {
        let own = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        PathPolicy { allow: own(allow), deny: own(deny), read_allow: Vec::new() }.compile().unwrap()
    }

    #[test]
    fn deny_wins_and_allow_limits_changes_only() {
        let policy = policy(&["src/", "*.md"], &[".env*", "src/secret/**"]);
        let path = |text| RelativePath::parse(text, None).unwrap();
        for fine in ["src/a.rs", "src/deep/b.rs", "README.md", "docs/x.md"] {
            assert!(policy.check_change(&path(fine)).is_ok(), "{fine}");
        }
        for bad in ["Cargo.toml", "other/src.rs", "src/secret/key", ".env.local"] {
            assert!(policy.check_change(&path(bad)).is_err(), "{bad}");
        }
        assert!(policy.check_read(&path("Cargo.toml")).is_ok());
        assert!(policy.check_read(&path("sub/.env")).is_err());
    }

    #[test]
    fn patterns_that_cannot_be_read_are_told() {
        let policy = PathPolicy { deny: vec!["a[".to_owned()], ..PathPolicy::default() };
        assert!(policy.validate().unwrap_err().to_string().contains("`a[`"));
    }
}
