//! Documents in pieces that can be read at once: a heading and what stands under it.

/// Bytes of a piece. Longer ones are cut at a line.
const CHUNK_BYTES: usize = 2_000;

/// A piece of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// The heading that it stands under; empty before the first one.
    pub(crate) heading: String,
    pub(crate) text: String,
}

/// Cuts a document at its headings (`#` of Markdown, underlined lines of reStructuredText).
pub(crate) fn chunks(text: &str) -> Vec<Chunk> {
    let lines: Vec<&str> = text.lines().collect();
    let mut chunks = Vec::new();
    let mut current = Chunk { heading: String::new(), text: String::new() };
    let mut fenced = false;
    for (n, line) in lines.iter().enumerate() {
        fenced ^= line.trim_start().starts_with("```");
        let heading = if fenced { None } else { heading(line, lines.get(n + 1).copied()) };
        if let Some(heading) = heading {
            let text = String::new();
            chunks.push(std::mem::replace(&mut current, Chunk { heading, text }));
        } else if current.text.len() + line.len() > CHUNK_BYTES && !current.text.is_empty() {
            let next = Chunk { heading: current.heading.clone(), text: String::new() };
            chunks.push(std::mem::replace(&mut current, next));
        }
        current.text.push_str(line);
        current.text.push('\n');
    }
    chunks.push(current);
    chunks.retain(|chunk| !chunk.text.trim().is_empty());
    chunks
}

fn heading(line: &str, next: Option<&str>) -> Option<String> {
    let marks = line.bytes().take_while(|byte| *byte == b'#').count();
    if (1..=6).contains(&marks) && line.as_bytes().get(marks) == Some(&b' ') {
        return Some(line[marks..].trim().trim_end_matches('#').trim().to_owned());
    }
    let underline = next?.trim_end();
    let first = underline.chars().next().filter(|c| "=-~^\"".contains(*c))?;
    let underlined = underline.len() >= 3 && underline.chars().all(|c| c == first);
    let title = line.trim();
    (underlined && !title.is_empty() && title.chars().any(char::is_alphanumeric)).then(|| title.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_cut_at_headings_but_not_inside_of_code() {
        let text = "intro\n# One\na\n```\n# not a heading\n```\nTwo\n---\nb\n";
        let headings: Vec<String> = chunks(text).into_iter().map(|chunk| chunk.heading).collect();
        assert_eq!(headings, ["", "One", "Two"]);
    }

    #[test]
    fn nothing_of_a_long_section_is_lost() {
        let text: String = (0..500).map(|n| format!("line {n}\n")).collect();
        let chunks = chunks(&text);
        assert!(chunks.len() > 1 && chunks.iter().all(|chunk| chunk.text.len() <= CHUNK_BYTES + 100));
        assert_eq!(chunks.into_iter().map(|chunk| chunk.text).collect::<String>(), text);
    }
}
