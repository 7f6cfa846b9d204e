//! Every built-in tool's description and schema: the one definition, from which calls are checked as well.
//!
//! A `default` in a schema is filled in where a model leaves the argument out, although it is required.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Value, json};
use squad_domain::conversation::ToolSpec;
use squad_domain::duty::Duty;
use squad_domain::execution::ExecutionState;
use squad_domain::member::Member;
use squad_domain::tool::ToolName;

use super::form::{Form, compiled};

/// The tools of a lane: those of its duty and those of MCP servers, as far as the member's employer allows them.
///
/// The tool that ends the duty and `report_blocked` are always there: a lane that could neither end nor ask for help
/// would only burn its turns.
#[must_use]
pub fn offered(state: &ExecutionState, member: &Member, duty: Duty) -> Vec<ToolSpec> {
    let own = duty.tools().into_iter().filter(|tool| allowed(member, duty, *tool)).map(spec);
    let of_others = state.mcp_tools(member).map(|(_, _, tool)| ToolSpec {
        name: tool.name.clone(),
        description: tool.description.clone(),
        schema: tool.schema.clone(),
    });
    own.chain(of_others).collect()
}

/// Whether the member's employer allows a tool that its duty offers.
pub(super) fn allowed(member: &Member, duty: Duty, tool: ToolName) -> bool {
    duty.ends_with() == Some(tool) || tool == ToolName::ReportBlocked || member.may_use(tool.slug())
}

pub(super) fn spec(tool: ToolName) -> ToolSpec {
    let (description, schema) = definition(tool);
    ToolSpec { name: tool.slug().to_owned(), description: description.to_owned(), schema }
}

/// What the arguments of a tool must look like.
pub(super) fn form(tool: ToolName) -> Form<'static> {
    static ALL: LazyLock<BTreeMap<ToolName, (Value, jsonschema::Validator)>> = LazyLock::new(|| {
        let compile = |tool: &ToolName| {
            let schema = definition(*tool).1;
            let validator = compiled(&schema).expect("the schemas are constants, compiled in a test");
            (*tool, (schema, validator))
        };
        ToolName::ALL.iter().map(compile).collect()
    });
    let (schema, validator) = ALL.get(&tool).expect("the table is made from the list of all tools");
    Form { name: tool.slug(), schema, validator, ours: true }
}

#[expect(clippy::needless_pass_by_value, reason = "always called with a fresh `json!`")]
fn object(required: &[&str], properties: Value) -> Value {
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

fn number(description: &str) -> Value {
    json!({ "type": "integer", "description": description })
}

fn texts(description: &str) -> Value {
    json!({ "type": "array", "items": { "type": "string" }, "description": description, "default": [] })
}

fn with_default(mut schema: Value, default: impl Into<Value>) -> Value {
    schema["default"] = default.into();
    schema
}

const PATH: &str = "Relative to the repository's root.";

#[expect(
    clippy::too_many_lines,
    reason = "one arm per tool; together they are the table that the contract is"
)]
fn definition(tool: ToolName) -> (&'static str, Value) {
    match tool {
        ToolName::ListFiles => (
            "List the entries of a folder. Folders that git ignores are named, not entered.",
            object(
                &["path", "depth"],
                json!({
                    "path": with_default(text("The folder, relative to the repository's root; `.` for the root."), "."),
                    "depth": with_default(number("Levels to show; 1 shows the folder's own entries."), 2),
                }),
            ),
        ),
        ToolName::ReadFile => (
            "Read a text file, with line numbers. Long files come in parts: ask for the lines you need.",
            object(
                &["path"],
                json!({
                    "path": text(PATH),
                    "start_line": number("First line, from 1. Left out: the beginning."),
                    "end_line": number("Last line, included. Left out: the end."),
                }),
            ),
        ),
        ToolName::SearchCode => (
            "Find the lines that match a regular expression (Rust syntax: no look-around, no back-references), in files that git does not ignore.",
            object(
                &["pattern"],
                json!({
                    "pattern": text("The regular expression, matched line by line; `(?i)` in front ignores case."),
                    "glob": text("Only in files that match, written as in a `.gitignore`: `*.rs`, `src/**/*.ts`."),
                    "max_results": number("Most lines to return. Left out: 100."),
                }),
            ),
        ),
        ToolName::EditFile => (
            "Replace a text in a file. `old_text` must stand in the file exactly as given, white space included, and exactly once unless `replace_all` is true.",
            object(
                &["path", "old_text", "new_text"],
                json!({
                    "path": text(PATH),
                    "old_text": text("What stands there now, without the line numbers of `read_file`."),
                    "new_text": text("What shall stand there instead; may be empty."),
                    "replace_all": json!({ "type": "boolean", "description": "Replace every occurrence." }),
                }),
            ),
        ),
        ToolName::WriteFile => (
            "Create a file or replace all of it, with the folders that lead to it. To change a part of a file, use `edit_file`.",
            object(
                &["path", "content"],
                json!({ "path": text(PATH), "content": text("The whole new content.") }),
            ),
        ),
        ToolName::DeleteFile => ("Delete one file.", object(&["path"], json!({ "path": text(PATH) }))),
        ToolName::RunCommand => (
            "Run a shell command at the root of your worktree, in the sandbox. Each command starts in a new shell without input; all its processes end with it.",
            object(
                &["command"],
                json!({
                    "command": text("A line for the shell."),
                    "timeout_seconds": number("After how many seconds it is stopped. Cannot exceed the limit that holds when it is left out."),
                }),
            ),
        ),
        ToolName::ViewDiff => (
            "Show what differs between the files as this conversation's work began and as they are now (in a review: the change to review).",
            object(&[], json!({ "path": text("Only this file or folder. Left out: everything.") })),
        ),
        ToolName::SearchKnowledge => (
            "Search what was remembered from earlier tasks, and the repository's documents.",
            object(
                &["query"],
                json!({ "query": text("What you want to know, in words."), "top_k": number("Most results. Left out: 5.") }),
            ),
        ),
        ToolName::Remember => (
            "Keep one fact for later tasks in this repository.",
            object(
                &["text"],
                json!({ "text": text("The fact, understandable on its own."), "tags": texts("Words to find it by.") }),
            ),
        ),
        ToolName::SendMessage => (
            "Tell teammates something. No answer comes back.",
            object(
                &["to", "content"],
                json!({ "to": text("A member's name, a role, or `everyone`."), "content": text("The message.") }),
            ),
        ),
        ToolName::AskTeammate => (
            "Ask a teammate one question. The answer is this call's result.",
            object(
                &["to", "question"],
                json!({ "to": text("A member's name or a role."), "question": text("The question, with what you have found so far.") }),
            ),
        ),
        ToolName::AskHuman => (
            "Ask the person you work for. You wait until the answer comes as this call's result.",
            object(
                &["question"],
                json!({
                    "question": text("The question, with your recommendation."),
                    "options": texts("Answers to choose from; others are possible."),
                }),
            ),
        ),
        ToolName::ReportBlocked => (
            "Say that you cannot go on. A person answers; the answer is this call's result.",
            object(
                &["reason"],
                json!({ "reason": text("What stops you, what you tried, the exact error, and what would free you.") }),
            ),
        ),
        ToolName::SubmitAnalysis => (
            "Hand over the analysis. Ends this duty.",
            object(
                &["summary", "acceptance_criteria", "risks", "questions"],
                json!({
                    "summary": text("What is wanted, how the code does it now, the direction of the solution."),
                    "acceptance_criteria": { "type": "array", "items": { "type": "string" }, "description": "One observable behaviour each; at least one." },
                    "risks": texts("What could go wrong, and how to meet it."),
                    "questions": texts("Only those that must be answered before planning."),
                }),
            ),
        ),
        ToolName::SubmitPlan => (
            "Hand over the complete plan. Ends this duty.",
            object(
                &["subtasks", "test_command"],
                json!({
                    "subtasks": { "type": "array", "description": "In the order in which they are to be merged.", "items": subtask() },
                    "test_command": with_default(text("One command that runs the whole test suite and exits non-zero on failure."), ""),
                }),
            ),
        ),
        ToolName::SubmitWork => (
            "Hand over the work in your worktree. Ends this duty.",
            object(
                &["summary"],
                json!({ "summary": text("What changed and why, how each criterion was verified, what is not done or not verified.") }),
            ),
        ),
        ToolName::SubmitReview => (
            "Hand over the review. Ends this duty.",
            object(
                &["verdict", "summary", "comments"],
                json!({
                    "verdict": { "type": "string", "enum": ["approve", "request_changes"] },
                    "summary": text("The judgement, what you checked, what you could not."),
                    "comments": {
                        "type": "array",
                        "description": "One per point; at least one with `request_changes`.",
                        "default": [],
                        "items": object(
                            &["path", "line", "body"],
                            json!({
                                "path": text(PATH),
                                "line": number("Line in the new version of the file, from 1."),
                                "body": text("What is wrong, in which case it shows, what would be right."),
                            }),
                        ),
                    },
                }),
            ),
        ),
        ToolName::SubmitTestReport => (
            "Hand over the test report. Ends this duty.",
            object(
                &["verdict", "summary", "failures"],
                json!({
                    "verdict": { "type": "string", "enum": ["pass", "fail"] },
                    "summary": text("Each criterion with its proof, tests added, what could not be tested."),
                    "failures": texts("One entry per separate cause; at least one with `fail`, none with `pass`."),
                }),
            ),
        ),
    }
}

fn subtask() -> Value {
    object(
        &["id", "title", "description", "role", "depends_on", "acceptance_criteria"],
        json!({
            "id": text("`s1`, `s2`, …"),
            "title": text("The result in a few words."),
            "description": text("What to do and why, where, interfaces, what not to touch."),
            "role": text("A role that is in this squad, such as `backend_developer`."),
            "depends_on": texts("Ids of sub-tasks whose result it needs."),
            "acceptance_criteria": texts("What a test or a command can check."),
        }),
    )
}
