use std::fmt;

use serde::{Deserialize, Serialize};

use super::{FileError, PathPolicy, Result, Root};

/// Files beyond this are for commands such as `sed` and `jq`.
const FILE_LIMIT: u64 = 10 << 20;
/// What one call returns at most.
const LINE_LIMIT: usize = 2000;
const TEXT_LIMIT: usize = 64 << 10;
/// Characters kept of one line; minified files have lines of megabytes.
const WIDTH_LIMIT: usize = 2000;
/// git looks for a NUL byte in the same number of first bytes.
const BINARY_PROBE: usize = 8000;

/// The answer to a read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileContent {
    /// A text, or a part of it.
    Text(ReadText),
    /// A file with NUL bytes in it.
    Binary {
        /// The path.
        path: String,
        /// Bytes.
        size: u64,
    },
}

/// Lines of a text file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadText {
    /// The path.
    pub path: String,
    /// The number of the first line returned, from 1.
    pub start_line: usize,
    /// The lines, without line ends; long ones are cut.
    pub lines: Vec<String>,
    /// How many lines the whole file has.
    pub total_lines: usize,
    /// Whether bytes that are not UTF-8 were replaced.
    pub lossy: bool,
    /// Whether lines that were asked for are missing because the answer would be too long.
    pub truncated: bool,
}

pub(super) fn read(
    root: &Root,
    path: &str,
    start: Option<usize>,
    end: Option<usize>,
    policy: &PathPolicy,
) -> Result<FileContent> {
    let path = root.parse(path)?;
    policy.compile()?.check_read(&path)?;
    let (bytes, metadata) = root.content(&path, FILE_LIMIT)?;
    if bytes[..bytes.len().min(BINARY_PROBE)].contains(&0) {
        return Ok(FileContent::Binary { path: path.to_string(), size: metadata.len() });
    }
    let text = String::from_utf8_lossy(&bytes);
    let total_lines = text.lines().count();
    let start_line = start.unwrap_or(1).max(1);
    if start_line > total_lines.max(1) {
        return Err(FileError::BeyondEnd { path: path.to_string(), lines: total_lines, start: start_line });
    }
    let wanted = end.unwrap_or(usize::MAX).min(total_lines).saturating_sub(start_line - 1);
    let mut lines = Vec::new();
    let mut length = 0;
    for line in text.lines().skip(start_line - 1).take(wanted.min(LINE_LIMIT)) {
        let line = shorten(line, WIDTH_LIMIT);
        length += line.len() + 1;
        if length > TEXT_LIMIT && !lines.is_empty() {
            break;
        }
        lines.push(line);
    }
    let truncated = lines.len() < wanted;
    let lossy = matches!(text, std::borrow::Cow::Owned(_));
    Ok(FileContent::Text(ReadText {
        path: path.to_string(),
        start_line,
        lines,
        total_lines,
        lossy,
        truncated,
    }))
}

/// The beginning of a line, with a word about how much is missing.
pub(super) fn shorten(line: &str, limit: usize) -> String {
    match line.char_indices().nth(limit) {
        Some((at, _)) => format!("{}… ({} more bytes in this line)", &line[..at], line.len() - at),
        None => line.to_owned(),
    }
}

impl fmt::Display for FileContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileContent::Binary { path, size } => writeln!(f, "`{path}` is a binary file of {size} bytes"),
            FileContent::Text(text) => text.fmt(f),
        }
    }
}

impl fmt::Display for ReadText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.total_lines == 0 {
            return writeln!(f, "`{}` is empty", self.path);
        }
        let last = self.start_line + self.lines.len().saturating_sub(1);
        let width = last.to_string().len();
        for (number, line) in (self.start_line..).zip(&self.lines) {
            writeln!(f, "{number:>width$}\t{line}")?;
        }
        if self.truncated {
            writeln!(
                f,
                "… cut at line {last} of {}; read on with start_line {}",
                self.total_lines,
                last + 1
            )?;
        } else if last < self.total_lines {
            writeln!(f, "… the file has {} lines", self.total_lines)?;
        }
        if self.lossy {
            writeln!(f, "(some bytes are not UTF-8 and are shown as �)")?;
        }
        Ok(())
    }
}
