//! The `<assignment>` block with which every lane's first user message starts.

use std::fmt;

/// What a request is for, as told by the lines of its `<assignment>` block. Every field is optional, because a
/// lane has no sub-task, or the request was not made by the engine at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assignment {
    /// The member's name, such as `Bea`.
    pub member: Option<String>,
    /// The member's role, such as `backend_developer`.
    pub role: Option<String>,
    /// The duty of the lane, such as `work` or `review`.
    pub duty: Option<String>,
    /// The sub-task's id, such as `s1`.
    pub subtask: Option<String>,
    /// The round, counted from 1.
    pub round: Option<u32>,
}

impl Assignment {
    /// Reads the first `<assignment>` block of a text; `None` if there is none. Unknown lines are skipped, so that
    /// the block may grow.
    pub fn find(text: &str) -> Option<Self> {
        let (_, rest) = text.split_once("<assignment>")?;
        let (block, _) = rest.split_once("</assignment>")?;
        let mut found = Self::default();
        for (key, value) in block.lines().filter_map(|line| line.split_once(':')) {
            let value = value.trim().to_owned();
            match key.trim() {
                "member" => found.member = Some(value),
                "role" => found.role = Some(value),
                "duty" => found.duty = Some(value),
                "subtask" => found.subtask = Some(value),
                "round" => found.round = value.parse().ok(),
                _ => {}
            }
        }
        Some(found)
    }
}

impl fmt::Display for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let round = self.round.map(|round| round.to_string());
        let fields = [
            ("member", &self.member),
            ("role", &self.role),
            ("duty", &self.duty),
            ("subtask", &self.subtask),
            ("round", &round),
        ];
        let told: Vec<String> = fields
            .iter()
            .filter_map(|(key, value)| value.as_ref().map(|value| format!("{key}: {value}")))
            .collect();
        if told.is_empty() { f.write_str("no assignment") } else { f.write_str(&told.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_read_wherever_it_stands_and_unknown_lines_are_skipped() {
        let text = "<assignment>\nmember: Bea\nduty: work\nsubtask: s1\nround: 2\nshift: night\n</assignment>\n\n# Task";
        let found = Assignment::find(text).unwrap();
        assert_eq!(found.to_string(), "member: Bea, duty: work, subtask: s1, round: 2");
        assert_eq!(Assignment::find("no block here"), None);
    }
}
