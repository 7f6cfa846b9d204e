//! Cutting a document at its headings, into pieces that a model can be shown.

/// Longest piece, in bytes: about 400 tokens, so that five of them are still a short answer.
const MAX_CHUNK: usize = 1_600;

/// A piece of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// The headings that it stands under, outermost first.
    pub(crate) headings: Vec<String>,
    /// The line of the document that it begins with, from 1.
    pub(crate) line: usize,
    /// The text, without its heading.
    pub(crate) text: String,
}

/// Cuts Markdown, reStructuredText or plain text.
pub(crate) fn chunks(text: &str) -> Vec<Chunk> {
    let lines: Vec<&str> = text.lines().collect();
    let mut chunks = Vec::new();
    let mut headings: Vec<(usize, String)> = Vec::new();
    let mut underlines = Vec::new();
    let mut fence: Option<&str> = None;
    let mut section = Section { first: 0, lines: Vec::new() };
    let mut index = 0;
    while index < lines.len() {
        let line = lines[index];
        let marker = ["```", "~~~"].into_iter().find(|marker| line.trim_start().starts_with(marker));
        match (fence, marker) {
            (None, Some(marker)) => fence = Some(marker),
            (Some(open), Some(marker)) if open == marker => fence = None,
            _ => {}
        }
        let heading = if fence.is_none() && marker.is_none() {
            hashes(line)
                .map(|found| (found, 1))
                .or_else(|| underlined(line, lines.get(index + 1), &mut underlines).map(|found| (found, 2)))
        } else {
            None
        };
        let Some(((level, title), height)) = heading else {
            section.lines.push(line);
            index += 1;
            continue;
        };
        section.cut(&headings, &mut chunks);
        headings.retain(|(above, _)| *above < level);
        headings.push((level, title));
        index += height;
        section = Section { first: index, lines: Vec::new() };
    }
    section.cut(&headings, &mut chunks);
    chunks
}

struct Section<'a> {
    first: usize,
    lines: Vec<&'a str>,
}

impl Section<'_> {
    /// Cuts what stands under one heading where it is too long, between paragraphs if it can be.
    fn cut(&self, headings: &[(usize, String)], chunks: &mut Vec<Chunk>) {
        let headings: Vec<String> = headings.iter().map(|(_, title)| title.clone()).collect();
        let mut from = 0;
        while from < self.lines.len() {
            let mut size = 0;
            let mut to = from;
            let mut paragraph = None;
            while to < self.lines.len() && (size + self.lines[to].len() < MAX_CHUNK || to == from) {
                size += self.lines[to].len() + 1;
                to += 1;
                if self.lines.get(to).is_some_and(|line| line.trim().is_empty()) {
                    paragraph = Some(to);
                }
            }
            if to < self.lines.len() {
                to = paragraph.unwrap_or(to);
            }
            let begin = (from..to).find(|line| !self.lines[*line].trim().is_empty());
            if let Some(begin) = begin {
                let text = bounded(self.lines[begin..to].join("\n").trim_end());
                chunks.push(Chunk { headings: headings.clone(), line: self.first + begin + 1, text });
            }
            from = to;
        }
    }
}

/// One endless line (a table, an embedded picture) is not worth more than its beginning.
fn bounded(text: &str) -> String {
    let mut end = text.len().min(MAX_CHUNK);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    if end < text.len() { format!("{}…", &text[..end]) } else { text.to_owned() }
}

/// `## Heading ##`, or `== Heading` as AsciiDoc has it.
fn hashes(line: &str) -> Option<(usize, String)> {
    let mark = line.chars().next().filter(|mark| matches!(mark, '#' | '='))?;
    let level = line.chars().take_while(|c| *c == mark).count();
    let title = line[level..].strip_prefix(' ')?.trim().trim_end_matches(mark).trim();
    (level <= 6 && !title.is_empty()).then(|| (level, title.to_owned()))
}

/// A line of text over a line of marks. Levels are in the order in which a document uses its marks.
fn underlined(line: &str, below: Option<&&str>, marks: &mut Vec<char>) -> Option<(usize, String)> {
    let below = below?.trim_end();
    let mark = below.chars().next().filter(|mark| "=-~^\"*+".contains(*mark))?;
    let title = line.trim();
    let long_enough = below.len() >= 3 && below.len() + 2 >= title.chars().count();
    // A row of a table, a list, or a rule under an empty line is no heading.
    let prose = title.chars().any(char::is_alphanumeric) && !title.starts_with(['|', '-', '*', '>']);
    if !long_enough || !prose || line.starts_with(' ') || !below.chars().all(|c| c == mark) {
        return None;
    }
    let known = marks.iter().position(|known| *known == mark);
    let level = known.unwrap_or_else(|| {
        marks.push(mark);
        marks.len() - 1
    });
    Some((level + 1, title.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(text: &str) -> Vec<(String, usize, String)> {
        chunks(text)
            .into_iter()
            .map(|chunk| (chunk.headings.join(" > "), chunk.line, chunk.text.replace('\n', "/")))
            .collect()
    }

    fn piece(headings: &str, line: usize, text: &str) -> (String, usize, String) {
        (headings.to_owned(), line, text.to_owned())
    }

    #[test]
    fn markdown_is_cut_at_headings_but_not_at_comments_in_code() {
        let text = "Before.\n\n# Shop\nIntro.\n\n## Run ##\n```sh\n# not a heading\nmake run\n```\n### Deep\nx\n## Test\ny\n#nospace\n";
        assert_eq!(
            outline(text),
            [
                piece("", 1, "Before."),
                piece("Shop", 4, "Intro."),
                piece("Shop > Run", 7, "```sh/# not a heading/make run/```"),
                piece("Shop > Run > Deep", 12, "x"),
                piece("Shop > Test", 14, "y/#nospace"),
            ]
        );
    }

    #[test]
    fn restructured_text_has_the_levels_that_it_uses() {
        let text = "Shop\n====\n\nIntro.\n\nMoney\n-----\n\nCents.\n\nRounding\n~~~~~~~~\n\nUp.\n\nTests\n-----\n\nRun.\n\n| a | b |\n|---|---|\n";
        assert_eq!(
            outline(text),
            [
                piece("Shop", 4, "Intro."),
                piece("Shop > Money", 9, "Cents."),
                piece("Shop > Money > Rounding", 14, "Up."),
                piece("Shop > Tests", 19, "Run.//| a | b |/|---|---|"),
            ]
        );
    }

    #[test]
    fn long_sections_are_cut_between_paragraphs_and_nothing_is_lost() {
        let paragraph = format!("{}\n{}\n", "word ".repeat(80), "more ".repeat(60));
        let text = format!("# Long\n{}", format!("{paragraph}\n").repeat(12));
        let cut = chunks(&text);
        assert!(cut.len() > 3);
        for chunk in &cut {
            assert!(chunk.text.len() <= MAX_CHUNK, "{}", chunk.text.len());
            assert!(chunk.text.starts_with("word") && chunk.text.ends_with("more"), "{:?}", chunk.text);
            let first = text.lines().nth(chunk.line - 1).unwrap();
            assert!(chunk.text.starts_with(first), "line {}", chunk.line);
        }
        let words = |text: &str| text.split_whitespace().count();
        assert_eq!(cut.iter().map(|chunk| words(&chunk.text)).sum::<usize>(), 12 * 140);
        assert_eq!(chunks(&"ü".repeat(5_000)).len(), 1, "an endless line is one piece, cut at a character");
    }
}
