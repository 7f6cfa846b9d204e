//! A small project whose members do a little of everything, so that every kind of step is there to be killed in.

use squad_testkit::FixtureRepo;

/// The members: one who plans and reviews, one who builds, one who tests.
pub(crate) const SQUAD: &str = r#"
name = "Three"
description = "One plans, one builds, one tests."
[[members]]
name = "Tom"
role = "tech_lead"
[[members]]
name = "Bea"
role = "backend_developer"
[[members]]
name = "Quinn"
role = "qa_tester"
"#;

/// Every command and every run of the tests leaves a line in the private home folder, which no checkpoint brings back:
/// `effects` counts what really ran.
pub(crate) const TEST_COMMAND: &str = "sh test.sh";

pub(crate) fn project() -> FixtureRepo {
    FixtureRepo::new()
        .file("greeting.txt", "goodbye\n")
        .file("parts/one.txt", "1\n")
        .file("parts/two.txt", "2\n")
        .file(
            "test.sh",
            "echo test >> ~/effects\ngrep -q hello greeting.txt || { echo 'no hello'; exit 1; }\necho fine\n",
        )
        .commit("A greeting")
}

const REST: &str = r#"
[[scene]]
duty = "analyze"
[[scene.turn]]
calls = [{ tool = "list_files", args = { path = "." } }, { tool = "read_file", args = { path = "greeting.txt" } }]
[[scene.turn]]
expect = "goodbye"
say = "It says goodbye where it should say hello, and nothing else is wrong with it."
calls = [{ tool = "submit_analysis", args = { summary = "It must greet.", acceptance_criteria = ["says hello"], risks = [], questions = [] } }]

[[scene]]
duty = "work"
subtask = "s1"
round = 1
[[scene.turn]]
calls = [{ tool = "run_command", args = { command = "echo one >> ~/effects; sleep 0.05; sh test.sh" } }]
[[scene.turn]]
expect = "no hello"
say = "As expected. I write the greeting."
calls = [{ tool = "write_file", args = { path = "greeting.txt", content = "hello\n" } }, { tool = "run_command", args = { command = "echo two >> ~/effects; echo more >> greeting.txt; sleep 0.05" } }]
[[scene.turn]]
calls = [{ tool = "ask_teammate", args = { to = "Tom", question = "Is that all?" } }]
[[scene.turn]]
expect = "Yes"
calls = [{ tool = "submit_work", args = { summary = "It says hello." } }]

[[scene]]
duty = "work"
subtask = "s1"
round = 2
[[scene.turn]]
calls = [{ tool = "edit_file", args = { path = "greeting.txt", old_text = "more\n", new_text = "" } }, { tool = "run_command", args = { command = "echo three >> ~/effects; sleep 0.05; sh test.sh" } }]
[[scene.turn]]
expect = "fine"
calls = [{ tool = "submit_work", args = { summary = "Without the rest." } }]

[[scene]]
duty = "work"
subtask = "s2"
[[scene.turn]]
calls = [{ tool = "write_file", args = { path = "parts/three.txt", content = "3\n" } }, { tool = "delete_file", args = { path = "parts/one.txt" } }]
[[scene.turn]]
calls = [{ tool = "run_command", args = { command = "echo four >> ~/effects; cat parts/*.txt; sleep 0.05" } }]
[[scene.turn]]
expect = "3"
calls = [{ tool = "submit_work", args = { summary = "Another part." } }]

[[scene]]
duty = "review"
subtask = "s1"
round = 1
calls = [{ tool = "submit_review", args = { verdict = "request_changes", summary = "Nearly.", comments = [{ path = "greeting.txt", line = 2, body = "Take that out." }] } }]

[[scene]]
duty = "review"
calls = [{ tool = "submit_review", args = { verdict = "approve", summary = "Good.", comments = [] } }]

[[scene]]
duty = "test"
[[scene.turn]]
calls = [{ tool = "write_file", args = { path = "tests/greeting_test.sh", content = "grep -q hello greeting.txt\n" } }, { tool = "run_command", args = { command = "echo five >> ~/effects; sh tests/greeting_test.sh" } }]
[[scene.turn]]
calls = [{ tool = "submit_test_report", args = { verdict = "pass", summary = "Works.", failures = [] } }]

[[scene]]
duty = "answer"
say = "Yes."
"#;

/// What the model says: words in small pieces, so that a kill may come in the middle of one.
pub(crate) fn scenario() -> String {
    let part = |id: &str, title: &str| {
        format!(
            r#"{{ id = "{id}", title = "{title}", description = "Do {id}.", role = "backend_developer", depends_on = [], acceptance_criteria = ["{id} is done"] }}"#
        )
    };
    let plan =
        format!("subtasks = [{}, {}], test_command = \"\"", part("s1", "Greet"), part("s2", "Add a part"));
    let mut text = "delay_ms = 10\nchunk_ms = 1\n".to_owned();
    for duty in ["plan", "agree"] {
        text.push_str(&format!(
            "[[scene]]\nduty = \"{duty}\"\ncalls = [{{ tool = \"submit_plan\", args = {{ {plan} }} }}]\n"
        ));
    }
    text + REST
}
