//! The same mail for programs that show HTML: paragraphs, and links that can be clicked.

use std::fmt::Write as _;

/// A line that is nothing but an address becomes a link; the rest stays as it is.
pub(super) fn from_text(text: &str) -> String {
    let mut html = String::from(
        "<!doctype html><html><body style=\"font-family: sans-serif; line-height: 1.5; max-width: 36em\">\n",
    );
    for paragraph in text.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()) {
        let lines: Vec<String> = paragraph.lines().map(line).collect();
        let _ = writeln!(html, "<p>{}</p>", lines.join("<br>\n"));
    }
    html.push_str("</body></html>\n");
    html
}

fn line(line: &str) -> String {
    let escaped = escape(line.trim());
    let link = line.starts_with("https://") || line.starts_with("http://");
    if link && !line.contains(char::is_whitespace) {
        format!("<a href=\"{escaped}\">{escaped}</a>")
    } else {
        escaped
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_can_be_clicked_and_a_name_is_no_markup() {
        let html = from_text("Hello <b>Ada</b>,\nsee https://a.test\n\nhttps://a.test/?a=1&b=\"2\"\n\n\n");
        assert!(html.contains("<p>Hello &lt;b&gt;Ada&lt;/b&gt;,<br>\nsee https://a.test</p>"), "{html}");
        let link = "<p><a href=\"https://a.test/?a=1&amp;b=&quot;2&quot;\">https://a.test/?a=1&amp;b=&quot;2&quot;</a></p>";
        assert!(html.contains(link), "{html}");
        assert_eq!(html.matches("<p>").count(), 2);
    }
}
