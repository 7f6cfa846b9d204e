//! A tool call in one line, for people.

use serde_json::Value;
use squad_domain::conversation::ToolCall;

use crate::text::one_line;

/// Characters of a summary; fits a terminal and a card.
const WIDTH: usize = 160;

/// What a call is about to do, in one line without control characters: `src/cart.js 40–88`, `$ node --test`.
/// Tolerant: also what is no valid call has a summary.
#[must_use]
pub fn summary(call: &ToolCall) -> String {
    let parsed;
    let arguments = match &call.arguments {
        Value::String(text) => {
            parsed = serde_json::from_str(text).unwrap_or(Value::Null);
            &parsed
        }
        other => other,
    };
    let text = |name: &str| match &arguments[name] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let count = |name: &str, one: &str| {
        let count = arguments[name].as_array().map_or(0, Vec::len);
        format!("{count} {one}{}", if count == 1 { "" } else { "s" })
    };
    let line = match call.name.as_str() {
        "list_files" | "delete_file" | "edit_file" => text("path"),
        "read_file" => match (text("start_line"), text("end_line")) {
            (start, end) if start.is_empty() && end.is_empty() => text("path"),
            (start, end) => {
                let start = if start.is_empty() { "1".to_owned() } else { start };
                format!("{} {start}–{end}", text("path"))
            }
        },
        "write_file" => format!("{} ({} bytes)", text("path"), text("content").len()),
        "search_code" => match text("glob") {
            glob if glob.is_empty() => format!("/{}/", text("pattern")),
            glob => format!("/{}/ in {glob}", text("pattern")),
        },
        "run_command" => format!("$ {}", text("command")),
        "view_diff" => match text("path") {
            path if path.is_empty() => "all changes".to_owned(),
            path => path,
        },
        "search_knowledge" => text("query"),
        "remember" => text("text"),
        "send_message" => format!("to {}: {}", text("to"), text("content")),
        "ask_teammate" => format!("{}: {}", text("to"), text("question")),
        "ask_human" => text("question"),
        "report_blocked" => text("reason"),
        "submit_plan" => count("subtasks", "sub-task"),
        "submit_review" => {
            format!("{}, {}: {}", text("verdict"), count("comments", "comment"), text("summary"))
        }
        "submit_test_report" => format!("{}: {}", text("verdict"), text("summary")),
        "submit_analysis" | "submit_work" => text("summary"),
        _ => call.arguments.to_string(),
    };
    one_line(&line, WIDTH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn line(name: &str, arguments: Value) -> String {
        summary(&ToolCall { id: "1".into(), name: name.into(), arguments })
    }

    #[test]
    fn a_summary_is_one_line_that_says_what_happens() {
        assert_eq!(
            line("read_file", json!({"path": "src/cart.js", "start_line": 40, "end_line": 88})),
            "src/cart.js 40–88"
        );
        assert_eq!(line("read_file", json!({"path": "a"})), "a");
        assert_eq!(
            line("run_command", json!({"command": "node --test\n\u{1b}[2Jrm x"})),
            "$ node --test [2Jrm x"
        );
        assert_eq!(line("search_code", json!({"pattern": "fn main", "glob": "*.rs"})), "/fn main/ in *.rs");
        assert_eq!(line("submit_plan", json!({"subtasks": [{}]})), "1 sub-task");
        assert_eq!(line("write_file", json!("{\"path\": \"a\", \"content\": \"xyz\"}")), "a (3 bytes)");
        assert_eq!(line("run_command", json!("{broken")), "$");
        assert!(line("ask_human", json!({"question": "x".repeat(1000)})).chars().count() <= WIDTH);
    }
}
