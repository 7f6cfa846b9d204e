use crate::story::{Story, five, lane};
use proptest::prelude::*;
use serde_json::{Value, json};
use squad_agents::tools::{self, Control, Invocation};
use squad_domain::conversation::ToolCall;
use squad_domain::duty::Duty;
use squad_domain::execution::{ExecutionState, Lane};
use squad_domain::message::Recipient;
use squad_domain::review::ReviewVerdict;
use squad_domain::role::Role;
use squad_domain::tool::ToolName;

fn setting(who: &str, duty: Duty) -> (ExecutionState, Lane) {
    let state = Story::under_way().lane("lane", who, duty, None, 1).state();
    let lane = lane(&state, "lane");
    (state, lane)
}

fn parse_as(who: &str, duty: Duty, name: &str, arguments: Value) -> Result<Invocation, String> {
    let (state, lane) = setting(who, duty);
    tools::parse(&state, &lane, &ToolCall { id: "c".into(), name: name.into(), arguments })
}

fn parse(name: &str, arguments: Value) -> Result<Invocation, String> {
    parse_as("Fay", Duty::Work, name, arguments)
}

fn plan(arguments: Value) -> Result<Invocation, String> {
    parse_as("Pia", Duty::Plan, "submit_plan", arguments)
}

#[test]
fn schemas() {
    let member = &five()[3];
    let state = setting("Fay", Duty::Work).0;
    let mut all = std::collections::BTreeMap::new();
    for duty in [Duty::Analyze, Duty::Plan, Duty::Work, Duty::Review, Duty::Test] {
        for tool in tools::offered(&state, member, duty) {
            jsonschema::validator_for(&tool.schema).expect("a valid schema");
            all.insert(tool.name.clone(), (tool.description, tool.schema));
        }
    }
    assert_eq!(all.len(), ToolName::ALL.len());
    insta::assert_json_snapshot!(all);
}

#[test]
fn a_duty_offers_its_tools_as_far_as_the_employer_allows() {
    let state = setting("Fay", Duty::Work).0;
    let names = |who: usize, duty| -> Vec<String> {
        tools::offered(&state, &five()[who], duty).into_iter().map(|tool| tool.name).collect()
    };
    assert!(names(3, Duty::Work).contains(&"edit_file".to_owned()));
    assert!(!names(3, Duty::Review).contains(&"edit_file".to_owned()));
    assert!(!names(3, Duty::Answer).contains(&"ask_teammate".to_owned()));
    // What ends the duty, and the way to a person, cannot be taken away.
    assert_eq!(names(4, Duty::Test), ["read_file", "run_command", "report_blocked", "submit_test_report"]);
    assert_eq!(names(4, Duty::Work), ["read_file", "run_command", "report_blocked", "submit_work"]);
}

#[test]
fn harmless_slips_are_put_right() {
    assert_eq!(parse("list_files", json!({})), Ok(Invocation::List { path: ".".into(), depth: 2 }));
    assert_eq!(
        parse("read_file", json!({"path": "a", "start_line": "3", "end_line": 9.0, "reason": "why not"})),
        Ok(Invocation::Read { path: "a".into(), start_line: Some(3), end_line: Some(9) })
    );
    assert_eq!(
        parse("read_file", json!({"path": "a", "start_line": 0, "end_line": -1})),
        Ok(Invocation::Read { path: "a".into(), start_line: None, end_line: None })
    );
    assert_eq!(
        parse(
            "edit_file",
            json!("{\"path\": \"a\", \"old_text\": \"x\", \"new_text\": \"\", \"replace_all\": \"true\"}")
        ),
        Ok(Invocation::Edit {
            path: "a".into(),
            old_text: "x".into(),
            new_text: String::new(),
            replace_all: true
        })
    );
    assert_eq!(
        parse("ask_human", json!({"question": "Which?", "options": "a"})),
        Ok(Invocation::Control(Control::AskHuman { question: "Which?".into(), options: vec!["a".into()] }))
    );
    assert_eq!(parse("view_diff", Value::Null), Ok(Invocation::ViewDiff { path: None }));
    assert_eq!(
        parse("run_command", json!({"command": "make", "timeout_seconds": 99_999_999})),
        Ok(Invocation::Run { command: "make".into(), timeout_seconds: Some(99_999_999) }),
        "clamped where it is performed"
    );
}

#[test]
fn a_plan_is_read_in_the_spellings_of_models() {
    let given = plan(json!({"subtasks": [
        {"id": "s1", "title": "T", "description": "D", "role": "Backend Developer", "depends_on": null},
        {"id": "s2", "title": "T", "description": "D", "role": "QA", "depends_on": "s1", "acceptance_criteria": ["x", ""]},
    ]}));
    let Ok(Invocation::Control(Control::SubmitPlan(plan))) = given else { panic!("{given:?}") };
    assert_eq!(plan.subtasks[0].role, Role::BackendDeveloper);
    assert_eq!(plan.subtasks[1].role, Role::QaTester);
    assert_eq!(plan.subtasks[1].depends_on, ["s1".into()]);
    assert_eq!(plan.subtasks[1].acceptance_criteria, ["x"]);
    assert_eq!(plan.test_command, "");
}

#[test]
fn a_review_is_read_in_the_spellings_of_models() {
    let given = parse_as(
        "Tom",
        Duty::Review,
        "submit_review",
        json!({"verdict": "Request-Changes", "summary": "S", "comments": {"path": "./a.js", "line": "0", "body": "B"}}),
    );
    let Ok(Invocation::Control(Control::SubmitReview(review))) = given else { panic!("{given:?}") };
    assert_eq!(review.verdict, ReviewVerdict::RequestChanges);
    assert_eq!((review.comments[0].path.as_str(), review.comments[0].line), ("a.js", 1));
}

#[test]
fn teammates_are_found_by_name_and_role() {
    let to = |to: &str| match parse("send_message", json!({"to": to, "content": "hi"})) {
        Ok(Invocation::Control(Control::SendMessage { to, .. })) => to,
        other => panic!("{other:?}"),
    };
    assert_eq!(to("everyone"), Recipient::Everyone);
    assert_eq!(to("@tom"), Recipient::Member("Tom".into()));
    assert_eq!(to("Tech Lead"), Recipient::Member("Tom".into()));
}

/// Each of these is read by a model that has to mend it; the words are the interface.
#[test]
fn what_does_not_fit_is_told_exactly() {
    let subtask = |id: &str, needs: Value| json!({"id": id, "title": "T", "description": "D", "role": "qa", "depends_on": needs});
    let refused = [
        ("unknown tool", parse("readfile", json!({}))),
        ("not this duty", parse_as("Tom", Duty::Review, "edit_file", json!({}))),
        ("not this member", parse_as("Quinn", Duty::Test, "write_file", json!({}))),
        ("broken off", parse("write_file", json!("{\"path\": \"a.js\", \"content\": \"const x = "))),
        ("bad escape", parse("write_file", json!("{\"path\": \"a.js\", \"content\": \"\\q\"}"))),
        ("no object", parse("read_file", json!(["a"]))),
        ("missing, misnamed", parse("read_file", json!({"file_path": "a"}))),
        ("wrong types", parse("edit_file", json!({"path": ["a"], "old_text": true, "new_text": "x"}))),
        ("empty path", parse("delete_file", json!({"path": " "}))),
        ("lines reversed", parse("read_file", json!({"path": "a", "start_line": 9, "end_line": 3}))),
        ("nobody", parse("ask_teammate", json!({"to": "Zoe", "question": "?"}))),
        ("oneself", parse("ask_teammate", json!({"to": "Fay", "question": "?"}))),
        (
            "analysis without criteria",
            parse_as(
                "Pia",
                Duty::Analyze,
                "submit_analysis",
                json!({"summary": "S", "acceptance_criteria": []}),
            ),
        ),
        ("plan of nothing", plan(json!({"subtasks": []}))),
        (
            "plan with a cycle",
            plan(json!({"subtasks": [subtask("a", json!(["b"])), subtask("b", json!(["a"]))]})),
        ),
        (
            "plan with an unknown role",
            plan(json!({"subtasks": [{"id": "a", "title": "T", "description": "D", "role": "wizard"}]})),
        ),
        (
            "plan with holes",
            plan(
                json!({"subtasks": [{"id": 1, "title": "T"}, {"id": "b", "title": "T", "role": "qa", "description": {}}]}),
            ),
        ),
        ("work without words", parse("submit_work", json!({"summary": ""}))),
        (
            "changes without comments",
            parse_as(
                "Tom",
                Duty::Review,
                "submit_review",
                json!({"verdict": "request_changes", "summary": "No."}),
            ),
        ),
        (
            "odd verdict",
            parse_as("Tom", Duty::Review, "submit_review", json!({"verdict": "maybe", "summary": "No."})),
        ),
        (
            "failed without failures",
            parse_as("Quinn", Duty::Test, "submit_test_report", json!({"verdict": "fail", "summary": "S"})),
        ),
        (
            "passed with failures",
            parse_as(
                "Quinn",
                Duty::Test,
                "submit_test_report",
                json!({"verdict": "pass", "summary": "S", "failures": ["f"]}),
            ),
        ),
    ];
    let told: Vec<String> =
        refused.into_iter().map(|(what, result)| format!("{what}\n  {}", result.expect_err(what))).collect();
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn someone_alone_is_told_that_nobody_is_there() {
    let state = Story::begin(vec![squad_domain::member::Member::new("Sam", Role::BackendDeveloper)])
        .lane("lane", "Sam", Duty::Plan, None, 1)
        .state();
    let call = ToolCall {
        id: "c".into(),
        name: "ask_teammate".into(),
        arguments: json!({"to": "tech_lead", "question": "?"}),
    };
    let error = tools::parse(&state, &lane(&state, "lane"), &call).unwrap_err();
    assert!(error.contains("you work alone"), "{error}");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!("{\"path\": [}")),
    ];
    let key = prop_oneof![
        Just("path"),
        Just("depth"),
        Just("start_line"),
        Just("command"),
        Just("subtasks"),
        Just("id"),
        Just("role"),
        Just("comments"),
        Just("verdict"),
        Just("line"),
        Just("summary"),
        Just("to"),
        Just("question"),
        Just("depends_on"),
        Just("title"),
        Just("description"),
        Just("acceptance_criteria"),
        Just("failures"),
        Just("top_k"),
        Just("query"),
    ];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6).prop_map(|pairs| Value::Object(
                pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            )),
        ]
    })
}

proptest! {
    #[test]
    fn no_arguments_make_parsing_panic(arguments in any_json(), pick in 0..ToolName::ALL.len() + 1) {
        let (state, _) = setting("Fay", Duty::Work);
        let name = ToolName::ALL.get(pick).map_or("no_such_tool", |tool| tool.slug());
        for duty in [Duty::Analyze, Duty::Plan, Duty::Work, Duty::Review, Duty::Test] {
            let mut lane = lane(&state, "lane");
            lane.duty = duty;
            let call = ToolCall { id: "c".into(), name: name.into(), arguments: arguments.clone() };
            if let Err(told) = tools::parse(&state, &lane, &call) {
                prop_assert!(!told.is_empty() && told.len() < 4_000, "{}", told.len());
            }
            prop_assert!(!tools::summary(&call).contains('\n'));
        }
    }

    #[test]
    fn no_text_makes_parsing_panic(text in ".{0,200}") {
        let (state, lane) = setting("Fay", Duty::Work);
        let call = ToolCall { id: "c".into(), name: "write_file".into(), arguments: Value::String(text) };
        let _ = tools::parse(&state, &lane, &call);
    }
}
