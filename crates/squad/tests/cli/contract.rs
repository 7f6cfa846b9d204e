//! `squad run` and `squad resume` as scripts rely on them.

use crate::support::{House, end, events_and_result, of_kind, until};
use std::collections::BTreeSet;

#[test]
fn a_run_prints_json_lines_and_ends_with_the_result() {
    let house = House::new();
    let before = (house.git(&["status", "--porcelain", "--branch"]), house.git(&["rev-parse", "HEAD"]));
    let done = end(&mut house.run(&["--approve", "never", "--json", "--branch", "mended"]));
    assert_eq!((done.exit, done.err.as_str()), (0, ""));
    assert_eq!(house.complaints(), Vec::<String>::new());
    let lines = done.json();
    let (events, result) = events_and_result(&lines);
    assert_eq!(events[0]["kind"], "execution_created");
    assert_eq!(events[0]["actor"], "person:ada");
    assert_eq!((&result["status"], &result["branch"]), (&"completed".into(), &"mended".into()));
    assert_eq!(result["tests"], serde_json::json!({"command": "npm test", "exit_code": 0}));
    assert!(result["cost_usd"].as_f64().unwrap() > 0.0);
    assert_eq!(house.git(&["rev-parse", "mended"]).trim(), result["commit"].as_str().unwrap());
    let after = (house.git(&["status", "--porcelain", "--branch"]), house.git(&["rev-parse", "HEAD"]));
    assert_eq!(before, after, "the checkout is not touched");

    let id = result["execution_id"].as_str().unwrap();
    let short = &id[id.len() - 8..];
    for file in ["md", "json"] {
        let report =
            std::fs::read_to_string(house.data().join("reports").join(format!("{id}.{file}"))).unwrap();
        assert!(report.contains("mended"), "{report}");
    }
    let listed = end(&mut house.squad(&["list", "--json"])).json();
    assert_eq!((listed.len(), listed[0]["execution_id"].as_str()), (1, Some(id)));
    let shown = end(&mut house.squad(&["show", short]));
    assert!(shown.out.contains("✓ Completed") && shown.out.contains("Acceptance criteria"), "{}", shown.out);
    let diff = end(&mut house.squad(&["show", short, "--diff"]));
    assert!(diff.out.contains("+++ b/src/totals.js"), "{}", diff.out);
    let report = end(&mut house.squad(&["show", short, "--markdown"]));
    assert!(report.out.starts_with("# ") && report.out.contains("## Acceptance criteria"));
    let again = end(&mut house.squad(&["resume", short, "--json"]));
    assert_eq!(again.exit, 0, "what has ended is told again");
    assert_eq!(again.json().last(), Some(result));
}

#[test]
fn a_killed_run_resumes_without_doing_anything_twice() {
    let house = House::slow();
    let (mut child, printed) =
        until(&mut house.run(&["--approve", "never", "--json"]), "\"subtask_assigned\"");
    child.kill().unwrap();
    child.wait().unwrap();
    drop(printed.rest());
    let listed = end(&mut house.squad(&["list", "--unfinished", "--json"])).json();
    assert_eq!(listed.len(), 1);

    let done = end(&mut house.squad(&["resume", "--json"]));
    assert_eq!(done.exit, 0, "{}", done.err);
    let lines = done.json();
    let (events, result) = events_and_result(&lines);
    assert_eq!(result["status"], "completed");
    for kind in ["model_call_finished", "tool_finished"] {
        let steps = of_kind(events, kind, "step");
        let distinct: BTreeSet<&&str> = steps.iter().collect();
        assert_eq!(distinct.len(), steps.len(), "a step finished twice: {steps:?}");
    }
    assert_eq!(house.complaints(), Vec::<String>::new());
}

#[test]
fn without_a_terminal_the_log_is_plain_and_ends_with_the_report() {
    let house = House::new();
    let done = end(&mut house.run(&["--approve", "never"]));
    assert_eq!((done.exit, done.err.as_str()), (0, ""));
    assert!(!done.out.contains('\u{1b}'), "no escape sequence in a pipe");
    for text in [
        "Bea BE     edits src/totals.js",
        "Tom TL     requests changes to s1",
        "scripted model: the words are from a script, everything else is real",
        "✓ $ npm test → exit status 0",
        "Not verified",
    ] {
        assert!(done.out.contains(text), "{text:?} is not in\n{}", done.out);
    }
}

#[test]
fn the_demonstration_goes_the_whole_way() {
    let house = House::new();
    let into = house.data().join("here");
    let done = end(&mut house.squad(&["demo", "--into", &into.to_string_lossy(), "--json"]));
    assert_eq!((done.exit, done.err.as_str()), (0, ""));
    let lines = done.json();
    let (events, result) = events_and_result(&lines);
    assert_eq!(result["tests"]["exit_code"], 0);
    assert_eq!(of_kind(events, "subtask_merged", "subtask").len(), 2);
    assert!(into.join(".git").is_dir());
}

#[test]
fn a_killed_demonstration_takes_its_model_up_again() {
    let house = House::new();
    let (mut child, printed) = until(&mut house.squad(&["demo", "--json"]), "\"plan_submitted\"");
    child.kill().unwrap();
    child.wait().unwrap();
    drop(printed.rest());
    let done = end(&mut house.squad(&["resume", "--json"]));
    assert_eq!(done.exit, 0, "{}", done.err);
    assert_eq!(done.json().last().unwrap()["status"], "completed");
}
