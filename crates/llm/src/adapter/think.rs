//! Keeps the reasoning that some models put between `<think>` tags at the start of their text out of it.

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// Sorts a text that arrives in pieces. Only a tag at the very start counts: later ones are the model's words.
#[derive(Debug, Default)]
pub(super) struct ThinkFilter {
    state: State,
    held: String,
}

#[derive(Debug, Default, PartialEq)]
enum State {
    /// It is not yet clear whether the text starts with a tag.
    #[default]
    Undecided,
    Thinking,
    Speaking,
}

impl ThinkFilter {
    /// Takes a piece and returns what of it (and of what was held back) is text.
    pub(super) fn push(&mut self, piece: &str) -> String {
        if self.state == State::Speaking {
            return piece.to_owned();
        }
        self.held.push_str(piece);
        if self.state == State::Undecided {
            let start = self.held.trim_start();
            if start.starts_with(OPEN) {
                self.state = State::Thinking;
            } else if OPEN.starts_with(start) {
                return String::new();
            } else {
                self.state = State::Speaking;
                return std::mem::take(&mut self.held);
            }
        }
        let Some(end) = self.held.find(CLOSE) else { return String::new() };
        let text = self.held[end + CLOSE.len()..].trim_start().to_owned();
        if text.is_empty() {
            // White space after the tag may still follow: it belongs to neither.
            self.held.truncate(end + CLOSE.len());
            return text;
        }
        self.state = State::Speaking;
        self.held.clear();
        text
    }

    /// Bytes that are held back.
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    /// What was held back and turned out to be text after all.
    pub(super) fn finish(self) -> String {
        if self.state == State::Undecided { self.held } else { String::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(pieces: &[&str]) -> String {
        let mut filter = ThinkFilter::default();
        let mut text: String = pieces.iter().map(|piece| filter.push(piece)).collect();
        text.push_str(&filter.finish());
        text
    }

    #[test]
    fn reasoning_is_left_out_however_it_is_cut() {
        assert_eq!(text_of(&["\n<thi", "nk>a <b", "> c</th", "ink>\n", "\nDone", "."]), "Done.");
        assert_eq!(text_of(&["<think>never ends"]), "");
        assert_eq!(text_of(&["<think></think>x"]), "x");
    }

    #[test]
    fn everything_else_is_untouched() {
        assert_eq!(
            text_of(&["Use the <think> tag", " like </think> this"]),
            "Use the <think> tag like </think> this"
        );
        assert_eq!(text_of(&["<th"]), "<th");
        assert_eq!(text_of(&["  <b>x"]), "  <b>x");
        assert_eq!(text_of(&[]), "");
    }
}
