//! Reads TOML into a type, and tells by line and key what does not fit: typing errors and keys that mean nothing alike.

use serde::de::{DeserializeOwned, IntoDeserializer};
use toml::de::{DeTable, DeValue};

/// What does not fit, and under which key.
#[derive(Debug)]
pub enum Misfit {
    /// A key that means nothing.
    Unknown(Vec<String>),
    /// A value of the wrong kind.
    Value(Vec<String>, String),
}

impl Misfit {
    /// The key, and what is wrong with it.
    pub fn parts(self) -> (Vec<String>, String) {
        match self {
            Self::Unknown(path) => {
                let message = format!("there is no setting `{}`", dotted(&path));
                (path, message)
            }
            Self::Value(path, message) => (path, message),
        }
    }
}

/// Reads a whole table.
pub fn read<T: DeserializeOwned>(table: &toml::Table) -> Result<T, Misfit> {
    let mut unknown: Option<Vec<String>> = None;
    let mut note = |path: serde_ignored::Path<'_>| {
        unknown.get_or_insert_with(|| segments(&path));
    };
    let deserializer = toml::Value::Table(table.clone()).into_deserializer();
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(deserializer, &mut track);
    let read = T::deserialize(serde_ignored::Deserializer::new(tracked, &mut note));
    let value = read.map_err(|error: toml::de::Error| {
        let segment = |segment: &serde_path_to_error::Segment| match segment {
            serde_path_to_error::Segment::Map { key } => Some(key.clone()),
            serde_path_to_error::Segment::Seq { index } => Some(index.to_string()),
            _ => None,
        };
        Misfit::Value(track.path().iter().filter_map(segment).collect(), error.message().to_owned())
    })?;
    unknown.map_or(Ok(value), |path| Err(Misfit::Unknown(path)))
}

fn segments(path: &serde_ignored::Path<'_>) -> Vec<String> {
    use serde_ignored::Path;
    let (parent, own) = match path {
        Path::Root => return Vec::new(),
        Path::Map { parent, key } => (parent, Some(key.clone())),
        Path::Seq { parent, index } => (parent, Some(index.to_string())),
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => {
            (parent, None)
        }
    };
    let mut all = segments(parent);
    all.extend(own);
    all
}

/// `prices."groq/openai/gpt-oss-120b".input`, `members[2].role`: a path as one would write it.
pub fn dotted(path: &[String]) -> String {
    let bare = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    };
    let mut text = String::new();
    for part in path {
        if let Ok(index) = part.parse::<usize>() {
            text.push_str(&format!("[{}]", index + 1));
            continue;
        }
        if !text.is_empty() {
            text.push('.');
        }
        if bare(part) {
            text.push_str(part);
        } else {
            text.push_str(&format!("{part:?}"));
        }
    }
    text
}

/// A text of TOML with the places of its keys.
pub struct Text<'a> {
    text: &'a str,
    spans: toml::Spanned<DeTable<'a>>,
}

impl<'a> Text<'a> {
    /// Parses the text.
    ///
    /// # Errors
    /// The line, from 1, and what is wrong there.
    pub fn parse(text: &'a str) -> Result<(Self, toml::Table), (usize, String)> {
        let at = |error: toml::de::Error| {
            (line_at(text, error.span().map_or(0, |span| span.start)), error.message().to_owned())
        };
        let spans = DeTable::parse(text).map_err(at)?;
        let table = toml::from_str(text).map_err(at)?;
        Ok((Self { text, spans }, table))
    }

    /// The line of a key, from 1: as far down its path as there is something.
    pub fn line(&self, path: &[String]) -> usize {
        let mut at = 0;
        let mut inside = Inside::Table(self.spans.get_ref());
        for part in path {
            let next = match inside {
                Inside::Table(table) => table
                    .iter()
                    .find(|(key, _)| key.get_ref().as_ref() == part)
                    .map(|(key, value)| (key.span().start, value.get_ref())),
                Inside::Array(array) => part
                    .parse()
                    .ok()
                    .and_then(|index: usize| array.get(index))
                    .map(|value| (value.span().start, value.get_ref())),
                Inside::Nothing => None,
            };
            let Some((start, value)) = next else { break };
            at = start;
            inside = match value {
                DeValue::Table(table) => Inside::Table(table),
                DeValue::Array(array) => Inside::Array(array),
                _ => Inside::Nothing,
            };
        }
        line_at(self.text, at)
    }
}

enum Inside<'t, 'a> {
    Table(&'t DeTable<'a>),
    Array(&'t toml::de::DeArray<'a>),
    Nothing,
}

fn line_at(text: &str, position: usize) -> usize {
    text.bytes().take(position).filter(|byte| *byte == b'\n').count() + 1
}
