//! Makes text of models, files and tools safe to print: it must not move the cursor, colour, or hide what it says.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Characters that change the direction or the joining of text, by which a line can be made to read as another one.
const fn hides(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{feff}' | '\u{200b}')
}

/// Several lines: escape sequences and control characters are gone, tabs are spaces.
pub(crate) fn text(raw: &str) -> String {
    let mut clean = String::with_capacity(raw.len());
    let mut rest = raw.chars();
    while let Some(c) = rest.next() {
        match c {
            '\n' => clean.push('\n'),
            '\t' => clean.push_str("    "),
            '\u{1b}' => rest = behind_sequence(rest),
            c if c.is_control() || hides(c) => {}
            c => clean.push(c),
        }
    }
    clean
}

/// Leaves out the `[…m` of a colour. Of any other sequence only the escape character goes: whatever reads on to a
/// terminator could be made to swallow the rest of the text, and so to hide it.
fn behind_sequence(rest: std::str::Chars<'_>) -> std::str::Chars<'_> {
    let Some(parameters) = rest.as_str().strip_prefix('[') else { return rest };
    let end = parameters.trim_start_matches(|c: char| matches!(c, '\u{20}'..='\u{3f}'));
    let mut behind = end.chars();
    match behind.next() {
        Some('\u{40}'..='\u{7e}') => behind,
        _ => rest,
    }
}

/// One line: as [`text`], with all white space between words a single space.
pub(crate) fn line(raw: &str) -> String {
    text(raw).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// One line of at most `width` columns.
pub(crate) fn fit(raw: &str, width: usize) -> String {
    let whole = line(raw);
    if whole.width() <= width {
        return whole;
    }
    let mut used = 1;
    let mut cut = String::new();
    for c in whole.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        cut.push(c);
    }
    cut.push('…');
    cut
}

/// `text` and spaces up to `width` columns.
pub(crate) fn pad(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_moves_the_cursor_or_reads_as_another() {
        assert_eq!(line("\u{1b}[2J\u{1b}[1;1Hpwned\u{7}"), "pwned");
        assert_eq!(line("\u{1b}[31mred\u{1b}[0m"), "red");
        assert_eq!(line("\u{1b}]0;title\u{7}x\u{9b}31mred"), "]0;titlex31mred", "shown, not obeyed");
        assert_eq!(line("one \u{1b}]8;;two three"), "one ]8;;two three", "nothing is swallowed");
        assert_eq!(line("a \u{1b}[12\u{1b}[1mb"), "a [12b");
        assert_eq!(line("a\r\nb\tc\u{8}\u{8}"), "a b c");
        assert_eq!(line("user\u{202e}nimda\u{2066}"), "usernimda");
        assert_eq!(text("one\n\ttwo\u{0}"), "one\n    two");
    }

    #[test]
    fn widths_are_columns_not_bytes() {
        assert_eq!(fit("漢字漢字", 5), "漢字…");
        assert_eq!(fit("short", 5), "short");
        assert_eq!(fit("longer", 5), "long…");
        assert_eq!(pad("é", 3), "é  ");
    }
}
