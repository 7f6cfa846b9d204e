//! Words as both prose and code write them: `parseInvoice`, `parse_invoice` and "parsing an invoice" meet.

use rust_stemmers::{Algorithm, Stemmer};

/// Words that say nothing about what a text is about. In a small repository they are not frequent enough for their
/// frequency to give them away, and questions are full of them.
const EMPTY: &[&str] = &[
    "a", "an", "and", "are", "as", "at", "be", "by", "can", "do", "does", "for", "from", "has", "have",
    "how", "i", "if", "in", "into", "is", "it", "its", "me", "my", "not", "of", "on", "or", "our", "should",
    "so", "that", "the", "their", "there", "these", "they", "this", "to", "was", "we", "what", "when",
    "where", "which", "who", "why", "will", "with", "you", "your",
];

/// Cuts text into stemmed words.
pub(crate) struct Words(Stemmer);

impl Default for Words {
    fn default() -> Self {
        Self(Stemmer::create(Algorithm::English))
    }
}

impl bm25::Tokenizer for Words {
    fn tokenize(&self, text: &str) -> Vec<String> {
        let mut words = Vec::new();
        for identifier in text.split(|c: char| !c.is_alphanumeric() && c != '_') {
            let parts = parts(identifier);
            for part in &parts {
                let word = part.to_lowercase();
                if !EMPTY.contains(&word.as_str()) {
                    words.push(self.0.stem(&word).into_owned());
                }
            }
            // The identifier as a whole counts once more, so that its own place comes before places of its parts.
            if parts.len() > 1 {
                words.push(identifier.trim_matches('_').to_lowercase());
            }
        }
        words
    }
}

/// `getHTTPStatus_code` → `get`, `HTTP`, `Status`, `code`.
fn parts(identifier: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for piece in identifier.split('_') {
        let characters: Vec<(usize, char)> = piece.char_indices().collect();
        let mut from = 0;
        for index in 1..characters.len() {
            let (position, current) = characters[index];
            let (_, previous) = characters[index - 1];
            let next_is_lower = characters.get(index + 1).is_some_and(|(_, next)| next.is_lowercase());
            if current.is_uppercase() && (!previous.is_uppercase() || next_is_lower) {
                parts.push(&piece[from..position]);
                from = position;
            }
        }
        if !piece[from..].is_empty() {
            parts.push(&piece[from..]);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use bm25::Tokenizer as _;

    #[test]
    fn identifiers_fall_into_the_words_that_people_say() {
        assert_eq!(parts("getHTTPStatus_code"), ["get", "HTTP", "Status", "code"]);
        assert_eq!(parts("__init__"), ["init"]);
        assert_eq!(parts("sha256"), ["sha256"]);
        assert_eq!(parts("über_Größe"), ["über", "Größe"]);
        let words = |text| Words::default().tokenize(text);
        let spoken = words("parsing the invoices");
        for written in ["parseInvoice", "parse_invoice", "ParseInvoices()"] {
            assert!(
                spoken.iter().all(|word| words(written).contains(word)),
                "{written}: {:?}",
                words(written)
            );
        }
        assert_eq!(words("how is it that we do this?"), [""; 0]);
    }
}
