//! A task: what somebody wants done.

use serde::{Deserialize, Serialize};

/// The ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// One line.
    pub title: String,
    /// The rest, in Markdown. May be empty.
    #[serde(default)]
    pub description: String,
}

/// Longest title made from a text, in characters.
const MAX_TITLE: usize = 100;

impl Task {
    /// From free text: the first line is the title (shortened where it is long), the whole is the description.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        let text = text.trim();
        let first = text.lines().next().unwrap_or_default().trim().trim_start_matches('#').trim();
        let title = if first.chars().count() > MAX_TITLE {
            let cut: String = first.chars().take(MAX_TITLE - 1).collect();
            format!("{}…", cut.trim_end())
        } else {
            first.to_owned()
        };
        let description = if text == title { String::new() } else { text.to_owned() };
        Self { title, description }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_is_all_title_and_nothing_of_a_long_one_is_lost() {
        assert_eq!(
            Task::from_text(" Fix the cart \n"),
            Task { title: "Fix the cart".into(), description: String::new() }
        );
        let long = "x".repeat(300);
        let task = Task::from_text(&long);
        assert_eq!(task.title.chars().count(), MAX_TITLE);
        assert_eq!(task.description, long);
        assert_eq!(Task::from_text("# Heading\n\nBody").title, "Heading");
    }
}
