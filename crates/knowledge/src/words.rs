//! Words as developers mean them: `applyDiscount`, `apply_discount` and "apply discounts" share theirs.

use bm25::Tokenizer;

/// Splits text into lower-case words; names are split at their humps and underscores, and kept whole as well.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Words;

impl Tokenizer for Words {
    fn tokenize(&self, text: &str) -> Vec<String> {
        let mut words = Vec::new();
        for name in text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|name| !name.is_empty()) {
            let parts = parts(name);
            if parts.len() > 1 {
                words.push(name.to_lowercase());
            }
            words.extend(parts.into_iter().map(|part| stem(&part)));
        }
        words
    }
}

fn parts(name: &str) -> Vec<String> {
    let mut parts: Vec<String> = vec![String::new()];
    let mut before_lower = false;
    for c in name.chars() {
        if c == '_' || (c.is_uppercase() && before_lower) {
            parts.push(String::new());
        }
        before_lower = c.is_lowercase() || c.is_numeric();
        if c != '_'
            && let Some(part) = parts.last_mut()
        {
            part.extend(c.to_lowercase());
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Plurals and their likes fall together; anything cleverer would need to know the language.
fn stem(word: &str) -> String {
    for (ending, stays) in [("ies", "y"), ("sses", "ss"), ("ss", "ss"), ("s", "")] {
        if word.len() > 3 + ending.len() - stays.len()
            && let Some(stem) = word.strip_suffix(ending)
        {
            return format!("{stem}{stays}");
        }
    }
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_every_style_share_their_words() {
        let words = |text: &str| Words.tokenize(text);
        assert_eq!(words("apply discounts"), ["apply", "discount"]);
        assert_eq!(words("applyDiscount"), ["applydiscount", "apply", "discount"]);
        assert_eq!(words("apply_discount"), ["apply_discount", "apply", "discount"]);
        assert_eq!(words("policies, class: glass"), ["policy", "class", "glass"]);
    }
}
