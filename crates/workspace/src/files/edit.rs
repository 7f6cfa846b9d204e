use regex::bytes::Regex;
use serde::{Deserialize, Serialize};

use super::change::replace;
use super::{FileError, PathPolicy, Result, Root};

const FILE_LIMIT: u64 = 10 << 20;
/// Line numbers named in an error.
const NAMED_LINES: usize = 10;

/// A finished edit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edited {
    /// The path.
    pub path: String,
    /// The lines at which the replaced texts began, from 1, in the old content.
    pub lines: Vec<usize>,
}

impl std::fmt::Display for Edited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.lines[..] {
            [line] => writeln!(f, "edited `{}` at line {line}", self.path),
            _ => writeln!(
                f,
                "edited `{}` in {} places, at lines {}",
                self.path,
                self.lines.len(),
                enumerate(&self.lines)
            ),
        }
    }
}

pub(super) fn edit(
    root: &Root,
    path: &str,
    old: &str,
    new: &str,
    replace_all: bool,
    policy: &PathPolicy,
) -> Result<Edited> {
    let path = root.parse(path)?;
    policy.compile()?.check_change(&path)?;
    let nothing = |reason| Err(FileError::NothingToDo { path: path.to_string(), reason });
    if old == new {
        return nothing("the old and the new text are the same");
    }
    if old.is_empty() {
        return nothing("the old text is empty; use `write_file` to make a file");
    }
    let (content, _) = root.content(&path, FILE_LIMIT)?;
    let (mut old, mut new) = (old.to_owned(), new.to_owned());
    let mut places = occurrences(&content, &old);
    if places.is_empty() && content.windows(2).any(|pair| pair == b"\r\n") && !old.contains('\r') {
        // Models read lines without their ends; the file keeps its own kind.
        old = old.replace('\n', "\r\n");
        new = new.replace('\r', "").replace('\n', "\r\n");
        places = occurrences(&content, &old);
    }
    let lines: Vec<usize> = places.iter().map(|at| line_of(&content, *at)).collect();
    if places.is_empty() {
        let hint = hint(&String::from_utf8_lossy(&content), &old);
        return Err(FileError::NoMatch { path: path.to_string(), hint });
    }
    if places.len() > 1 && !replace_all {
        return Err(FileError::ManyMatches {
            path: path.to_string(),
            count: places.len(),
            lines: enumerate(&lines),
        });
    }
    let mut edited = Vec::with_capacity(content.len() + new.len());
    let mut done = 0;
    for at in places {
        edited.extend_from_slice(&content[done..at]);
        edited.extend_from_slice(new.as_bytes());
        done = at + old.len();
    }
    edited.extend_from_slice(&content[done..]);
    replace(root, &path, &edited)?;
    Ok(Edited { path: path.to_string(), lines })
}

/// Where the text begins, without overlaps.
fn occurrences(content: &[u8], text: &str) -> Vec<usize> {
    let pattern = Regex::new(&regex::escape(text));
    // Only a text of megabytes makes a pattern too large; it is compared as a whole.
    let Ok(pattern) = pattern else {
        return if content == text.as_bytes() { vec![0] } else { Vec::new() };
    };
    pattern.find_iter(content).map(|found| found.start()).collect()
}

fn line_of(content: &[u8], at: usize) -> usize {
    content[..at].iter().filter(|byte| **byte == b'\n').count() + 1
}

fn enumerate(lines: &[usize]) -> String {
    let mut named: Vec<String> = lines.iter().take(NAMED_LINES).map(ToString::to_string).collect();
    if lines.len() > NAMED_LINES {
        named.push("…".to_owned());
    }
    named.join(", ")
}

/// Looks for the text with all white space taken as equal, else for its first line.
fn hint(content: &str, old: &str) -> String {
    let squeeze = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let have: Vec<String> = content.lines().map(squeeze).collect();
    let want: Vec<String> = old.trim().lines().map(squeeze).collect();
    if want.first().is_none_or(String::is_empty) {
        return String::new();
    }
    if let Some(at) = have.windows(want.len()).position(|window| window == want) {
        return format!(", but lines {}-{} differ from it only in white space", at + 1, at + want.len());
    }
    match have.iter().position(|line| *line == want[0]) {
        Some(at) => format!(", but its first line stands at line {} with other lines after it", at + 1),
        None => String::new(),
    }
}
