use std::fmt;

use super::{FileError, Result};

/// A path inside a workspace: plain names only, no `..`, no `.git`. The root itself is the empty list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RelativePath {
    parts: Vec<String>,
}

impl RelativePath {
    /// Reads what a model wrote. Absolute paths are understood only below `mount`.
    pub(crate) fn parse(text: &str, mount: Option<&str>) -> Result<Self> {
        let outside = || FileError::Outside { path: text.to_owned() };
        if text.contains('\0') {
            return Err(outside());
        }
        let mut inner = text.trim();
        if let Some(mount) = mount
            && let Some(rest) = inner.strip_prefix(mount.trim_end_matches('/'))
            && (rest.is_empty() || rest.starts_with('/'))
        {
            inner = rest.trim_start_matches('/');
        }
        if inner.starts_with('/') && inner != "/" {
            return Err(outside());
        }
        let mut parts: Vec<String> = Vec::new();
        for part in inner.split('/') {
            match part {
                "" | "." => {}
                // Without links the lexical parent is the real one.
                ".." => {
                    parts.pop().ok_or_else(outside)?;
                }
                part if is_git_data(part) => return Err(FileError::GitData { path: text.to_owned() }),
                part => parts.push(part.to_owned()),
            }
        }
        Ok(Self { parts })
    }

    pub(crate) fn parts(&self) -> &[String] {
        &self.parts
    }

    /// The folders and the last name; `None` for the root.
    pub(crate) fn split_last(&self) -> Option<(&[String], &str)> {
        self.parts.split_last().map(|(last, folders)| (folders, last.as_str()))
    }
}

impl fmt::Display for RelativePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.parts.is_empty() { "." } else { "" })?;
        f.write_str(&self.parts.join("/"))
    }
}

/// What HFS+ ignores in names, as git has it in `utf8.c`.
const IGNORED: [std::ops::RangeInclusive<char>; 4] =
    ['\u{200c}'..='\u{200f}', '\u{202a}'..='\u{202e}', '\u{206a}'..='\u{206f}', '\u{feff}'..='\u{feff}'];

/// `.git` in every spelling that some file system takes for it.
pub(super) fn is_git_data(name: &str) -> bool {
    // Windows: a stream of the folder. macOS: characters that its file system does not see.
    let name = name.split(':').next().unwrap_or(name);
    let seen: String = name.chars().filter(|c| !IGNORED.iter().any(|range| range.contains(c))).collect();
    let plain = seen.trim_end_matches(['.', ' ']);
    plain.eq_ignore_ascii_case(".git") || plain.eq_ignore_ascii_case("git~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn no_text_leads_out_or_into_git(text in "([./~a\\\\ \u{0}\u{200c}]|\\.\\./|\\.[gG][iI][tT]|git~1|/workspace/?|é){0,9}") {
            if let Ok(path) = RelativePath::parse(&text, Some("/workspace")) {
                for part in path.parts() {
                    assert!(!matches!(part.as_str(), "" | "." | "..") && !part.contains(['/', '\0']), "{text:?}");
                    // A space in front makes another name everywhere.
                    assert!(!part.trim_end().eq_ignore_ascii_case(".git"), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn paths_stay_inside_and_out_of_git() {
        let parse = |text| RelativePath::parse(text, Some("/workspace")).map(|path| path.to_string());
        assert_eq!(parse("./src//a.rs").unwrap(), "src/a.rs");
        assert_eq!(parse("src/x/../a.rs").unwrap(), "src/a.rs");
        assert_eq!(parse("/workspace/src/a.rs").unwrap(), "src/a.rs");
        for root in ["", ".", "/", "/workspace", "a/.."] {
            assert_eq!(parse(root).unwrap(), ".", "{root}");
        }
        for bad in ["..", "a/../..", "/etc/passwd", "/workspaces/x", "/workspace/../etc", "a\0b"] {
            assert!(matches!(parse(bad), Err(FileError::Outside { .. })), "{bad}");
        }
        for bad in [
            ".git",
            ".git/config",
            "sub/.GIT/hooks/x",
            ".git./x",
            "git~1/config",
            "a/../.git",
            ".g\u{200c}it/config",
            ".git::$INDEX_ALLOCATION/x",
        ] {
            assert!(matches!(parse(bad), Err(FileError::GitData { .. })), "{bad}");
        }
        assert_eq!(parse(".github/workflows/ci.yml").unwrap(), ".github/workflows/ci.yml");
    }
}
