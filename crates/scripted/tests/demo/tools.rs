//! The squad's tools, as simple as the demonstration needs them, and the rules for calling them.

use std::fs;

use serde_json::Value;

use crate::project::Project;

/// A tool's required and optional arguments.
type Arguments = (&'static [&'static str], &'static [&'static str]);

fn arguments(tool: &str) -> Arguments {
    match tool {
        "list_files" => (&["path", "depth"], &[]),
        "read_file" => (&["path"], &["start_line", "end_line"]),
        "search_code" => (&["pattern"], &["glob", "max_results"]),
        "edit_file" => (&["path", "old_text", "new_text"], &["replace_all"]),
        "write_file" => (&["path", "content"], &[]),
        "run_command" => (&["command"], &["timeout_seconds"]),
        "view_diff" => (&[], &["path"]),
        "search_knowledge" => (&["query"], &["top_k"]),
        "remember" => (&["text"], &["tags"]),
        "send_message" => (&["to", "content"], &[]),
        "ask_teammate" => (&["to", "question"], &[]),
        "submit_analysis" => (&["summary", "acceptance_criteria", "risks", "questions"], &[]),
        "submit_plan" => (&["subtasks", "test_command"], &[]),
        "submit_work" => (&["summary"], &[]),
        "submit_review" => (&["verdict", "summary", "comments"], &[]),
        "submit_test_report" => (&["verdict", "summary", "failures"], &[]),
        _ => panic!("there is no tool `{tool}`"),
    }
}

/// Panics unless the tool is offered for the duty and its arguments fit its contract.
pub(crate) fn check(duty: &str, tool: &str, args: &Value) {
    let (required, optional) = arguments(tool);
    let args = args.as_object().expect("arguments are an object");
    for name in required {
        assert!(args.contains_key(*name), "`{tool}` in `{duty}` lacks `{name}`");
    }
    for name in args.keys() {
        assert!(
            required.contains(&name.as_str()) || optional.contains(&name.as_str()),
            "`{tool}` in `{duty}` has an unknown argument `{name}`"
        );
    }
    for subtask in args.get("subtasks").and_then(Value::as_array).into_iter().flatten() {
        for name in ["id", "title", "description", "role", "depends_on", "acceptance_criteria"] {
            assert!(subtask.get(name).is_some(), "a sub-task in `{duty}` lacks `{name}`");
        }
    }
    let builders_only = matches!(tool, "edit_file" | "write_file" | "run_command");
    assert!(!builders_only || matches!(duty, "work" | "test"), "`{tool}` is not offered for `{duty}`");
    let ends = match duty {
        "analyze" => "submit_analysis",
        "plan" | "agree" => "submit_plan",
        "work" => "submit_work",
        "review" => "submit_review",
        "test" => "submit_test_report",
        _ => "",
    };
    assert!(!tool.starts_with("submit_") || tool == ends, "`{duty}` does not end by `{tool}`");
}

/// Performs a call and returns its result.
pub(crate) fn perform(project: &Project, tool: &str, args: &Value) -> String {
    let text = |name: &str| args[name].as_str().unwrap_or_default();
    match tool {
        "list_files" => project.shell("git ls-files").1,
        "read_file" => project.read(text("path")),
        "search_code" => project.shell(&format!("grep -rnE '{}' src", text("pattern"))).1,
        "edit_file" => {
            let before = project.read(text("path"));
            let matches = before.matches(text("old_text")).count();
            assert_eq!(matches, 1, "old_text in {} must match exactly once: {before}", text("path"));
            project.write(text("path"), &before.replace(text("old_text"), text("new_text")));
            "edited".to_owned()
        }
        "write_file" => {
            let path = project.dir.join(text("path"));
            fs::create_dir_all(path.parent().expect("a file is in a folder"))
                .expect("the folder is writable");
            project.write(text("path"), text("content"));
            "written".to_owned()
        }
        "run_command" => {
            let (code, output) = project.shell(text("command"));
            format!("exit code {code}\n{output}")
        }
        "view_diff" => project.shell("git diff HEAD").1,
        _ => "noted".to_owned(),
    }
}
