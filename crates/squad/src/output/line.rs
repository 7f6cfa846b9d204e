//! One line of a log: when, who, what.

use super::{clean, style};
use anstyle::Style;
use squad_engine::report::words;
use unicode_width::UnicodeWidthStr;

/// Columns for the time.
const TIME: usize = 7;
/// Columns for who it is about, at least.
const WHO: usize = 9;
/// Lines that one entry may have below its first.
const MAX_DETAILS: usize = 40;

/// How a line is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// News.
    Plain,
    /// Good news.
    Good,
    /// Bad news.
    Bad,
    /// A person is asked.
    Waiting,
    /// The state changed.
    State,
    /// Need not be read.
    Quiet,
}

impl Tone {
    const fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Good => style::GOOD,
            Self::Bad => style::BAD,
            Self::Waiting => style::WAITING,
            Self::State => style::RUNNING,
            Self::Quiet => style::QUIET,
        }
    }
}

/// An event worth a person's attention, in words. All text in it is clean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// The event, by its place in the log.
    pub(crate) seq: u64,
    /// Milliseconds since the execution was asked for.
    pub(crate) elapsed_ms: u64,
    /// Whom it is about: `Bea BE`, `squad`, a person's name.
    pub(crate) who: String,
    /// How it is meant.
    pub(crate) tone: Tone,
    /// One line.
    pub(crate) text: String,
    /// More lines below it.
    pub(crate) details: Vec<String>,
}

impl Line {
    /// The line, styled, on as many rows as `width` asks for; `None`: as wide as it is.
    pub(crate) fn render(&self, width: Option<usize>) -> String {
        // Whole seconds: a log is read by the line, not by the tenth.
        let elapsed = words::duration(self.elapsed_ms / 1_000 * 1_000);
        let time = format!("{elapsed:>TIME$}");
        let who = clean::pad(&self.who, WHO);
        let indent = TIME + 2 + who.width() + 2;
        let room = width.map(|width| width.saturating_sub(indent).max(20));
        let mut rows = rows(&self.text, room).into_iter();
        let mut text = format!(
            "{}  {}  {}\n",
            style::paint(style::QUIET, &time),
            style::paint(style::STRONG, &who),
            style::paint(self.tone.style(), &rows.next().unwrap_or_default())
        );
        let mut below: Vec<String> = rows.map(|row| style::paint(self.tone.style(), &row)).collect();
        let details = self.details.iter().flat_map(|detail| rows_of(detail, room));
        below.extend(details.take(MAX_DETAILS).map(|row| style::paint(style::QUIET, &row)));
        for row in below {
            text.push_str(&format!("{}{row}\n", " ".repeat(indent)));
        }
        text
    }
}

fn rows(text: &str, room: Option<usize>) -> Vec<String> {
    match room {
        None => vec![text.to_owned()],
        Some(room) => textwrap::wrap(text, room).into_iter().map(std::borrow::Cow::into_owned).collect(),
    }
}

/// Details keep their own indent when they are wrapped.
fn rows_of(text: &str, room: Option<usize>) -> Vec<String> {
    let Some(room) = room else { return vec![text.to_owned()] };
    let indent: String = text.chars().take_while(|c| *c == ' ').collect();
    let options = textwrap::Options::new(room).initial_indent(&indent).subsequent_indent(&indent);
    textwrap::wrap(text.trim_start(), options).into_iter().map(std::borrow::Cow::into_owned).collect()
}
