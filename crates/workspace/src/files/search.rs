use std::fmt;
use std::io::Read;
use std::ops::ControlFlow;
use std::time::Duration;

use regex::bytes::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use super::policy::matcher;
use super::read::shorten;
use super::walk::Enter;
use super::{FileError, PathPolicy, Result, Root, Visit, Walk};

const DEFAULT_RESULTS: usize = 100;
const RESULT_LIMIT: usize = 1000;
/// Larger files are generated.
const FILE_LIMIT: u64 = 2 << 20;
const TIME_LIMIT: Duration = Duration::from_secs(10);
const WIDTH_LIMIT: usize = 300;
/// Compiled size of an expression, against patterns such as `(a{9999}){9999}`.
const PATTERN_LIMIT: usize = 4 << 20;

/// What to search for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchRequest {
    /// A regular expression of the `regex` crate, matched line by line.
    pub pattern: String,
    /// Only files that match this, written as in a `.gitignore`.
    pub glob: Option<String>,
    /// At most this many matching lines; 100 when not given, never more than 1,000.
    pub max_results: Option<usize>,
}

/// A line that matches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    /// Path from the repository's root.
    pub path: String,
    /// Line number from 1.
    pub line: usize,
    /// The line, perhaps cut.
    pub text: String,
}

/// The answer to a search. Its text form is what a model reads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchResult {
    /// Matching lines by path and line.
    pub matches: Vec<Match>,
    /// How many files were looked into.
    pub files_searched: usize,
    /// How many files were too large to be looked into.
    pub files_skipped: usize,
    /// Whether there may be more matches.
    pub truncated: bool,
}

pub(super) fn search(root: &Root, request: &SearchRequest, policy: &PathPolicy) -> Result<SearchResult> {
    let pattern = RegexBuilder::new(&request.pattern).size_limit(PATTERN_LIMIT).build().map_err(|error| {
        FileError::InvalidPattern {
            pattern: request.pattern.clone(),
            kind: "regular expression",
            reason: error.to_string(),
        }
    })?;
    let glob = request
        .glob
        .as_deref()
        .filter(|glob| !glob.is_empty())
        .map(|glob| matcher(&[glob.to_owned()]))
        .transpose()?;
    let policy = policy.compile()?;
    let limit = request.max_results.unwrap_or(DEFAULT_RESULTS).clamp(1, RESULT_LIMIT);
    let mut result = SearchResult::default();
    let complete = Walk::new(TIME_LIMIT).run(root, &[], &mut |seen| {
        if seen.is_folder {
            return ControlFlow::Continue(if policy.denies_folder(seen.path) {
                Enter::No
            } else {
                Enter::Yes
            });
        }
        let in_glob = || {
            glob.as_ref().is_none_or(|glob| glob.matched_path_or_any_parents(seen.path, false).is_ignore())
        };
        if seen.is_file && !seen.ignored && policy.may_read(seen.path) && in_glob() {
            search_file(seen, &pattern, limit, &mut result)?;
        }
        ControlFlow::Continue(Enter::No)
    })?;
    result.truncated = !complete;
    Ok(result)
}

fn search_file(
    seen: &Visit<'_>,
    pattern: &Regex,
    limit: usize,
    result: &mut SearchResult,
) -> ControlFlow<()> {
    if seen.size > FILE_LIMIT {
        result.files_skipped += 1;
        return ControlFlow::Continue(());
    }
    let mut bytes = Vec::new();
    let read = seen.open().map(|file| file.take(FILE_LIMIT).read_to_end(&mut bytes));
    if !matches!(read, Some(Ok(_))) || bytes.contains(&0) {
        return ControlFlow::Continue(());
    }
    result.files_searched += 1;
    for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !pattern.is_match(line) {
            continue;
        }
        if result.matches.len() == limit {
            return ControlFlow::Break(());
        }
        let text = shorten(&String::from_utf8_lossy(line), WIDTH_LIMIT);
        result.matches.push(Match { path: seen.path.to_owned(), line: number, text });
    }
    ControlFlow::Continue(())
}

impl fmt::Display for SearchResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut path = "";
        for found in &self.matches {
            if found.path != path {
                writeln!(f, "{}{}", if path.is_empty() { "" } else { "\n" }, found.path)?;
                path = &found.path;
            }
            writeln!(f, "{}:\t{}", found.line, found.text)?;
        }
        if self.matches.is_empty() {
            writeln!(f, "no match in {} files", self.files_searched)?;
        }
        if self.files_skipped > 0 {
            writeln!(f, "({} files over 2 MiB were not searched)", self.files_skipped)?;
        }
        if self.truncated {
            writeln!(f, "… there may be more; narrow the pattern or give a glob")?;
        }
        Ok(())
    }
}
