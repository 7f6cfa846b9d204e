use std::borrow::Cow;
use std::fmt;

use super::Material;
use crate::text::{bound, bullets, closed, fenced};

const DIFF_BYTES: usize = 60_000;
const KNOWLEDGE_BYTES: usize = 8_000;
const NOTES_BYTES: usize = 4_000;

/// A section of a brief.
pub(super) struct Part {
    title: String,
    body: String,
}

impl Part {
    /// A section of Markdown, of at most about `limit` bytes. `None` where there is nothing to say.
    pub(super) fn new(title: impl Into<String>, body: &str, limit: usize) -> Option<Self> {
        let body = match bound(body.trim(), limit) {
            Cow::Borrowed(whole) => whole.to_owned(),
            Cow::Owned(cut) => closed(&cut),
        };
        (!body.is_empty()).then(|| Self { title: title.into(), body })
    }

    /// A section that is one block of foreign text.
    pub(super) fn block(title: impl Into<String>, language: &str, text: &str, limit: usize) -> Option<Self> {
        if text.trim().is_empty() {
            return None;
        }
        Some(Self { title: title.into(), body: fenced(language, &bound(text.trim_matches('\n'), limit)) })
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "# {}\n\n{}", self.title, self.body)
    }
}

pub(super) fn diff(title: &str, material: &Material) -> Option<Part> {
    Part::block(title, "diff", material.diff.as_deref()?, DIFF_BYTES)
}

pub(super) fn knowledge(material: &Material) -> Option<Part> {
    Part::block("What is known from before", "", material.knowledge.as_deref()?, KNOWLEDGE_BYTES)
}

pub(super) fn notes(material: &Material) -> Option<Part> {
    Part::new("Notes of the engine", &bullets(&material.notes), NOTES_BYTES)
}
