//! What was found, as a model is told it.

use crate::search::{Hit, Source};

/// Bytes of an answer, so that one search does not fill a model's context.
const MAX_ANSWER: usize = 12_000;

/// The hits as text for a model, best first: where each comes from, then what it says.
#[must_use]
pub fn render(hits: &[Hit]) -> String {
    if hits.is_empty() {
        return "Nothing in the repository's documents or in what the squad remembers fits. Try other words, or look \
                into the code with `search_code`."
            .to_owned();
    }
    let mut answer = String::new();
    for (number, hit) in (1..).zip(hits) {
        let place = match &hit.source {
            Source::Document { path, headings, line } if headings.is_empty() => {
                format!("{path}, line {line}")
            }
            Source::Document { path, headings, line } => {
                format!("{path}, line {line}: {}", headings.join(" > "))
            }
            memory @ Source::Memory { .. } => memory.to_string(),
        };
        let entry = format!("[{number}] {place}\n{}\n\n", hit.text.trim());
        if !answer.is_empty() && answer.len() + entry.len() > MAX_ANSWER {
            answer.push_str(&format!("({} more left out; ask more precisely)", hits.len() + 1 - number));
            break;
        }
        answer.push_str(&entry);
    }
    answer.trim_end().to_owned()
}
