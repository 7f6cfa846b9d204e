//! Small projects, and what members say about them.

use squad_storage::Storage;
use squad_testkit::{Backend, FixtureRepo, TestDatabase};
use std::fmt::Write as _;

/// A project whose tests want the greeting to say hello. It does not.
pub(crate) fn project() -> FixtureRepo {
    tested_by("grep -q hello greeting.txt || { echo 'no hello'; exit 1; }\necho fine\n")
}

/// A project of one file, tested by a shell script.
pub(crate) fn tested_by(script: &str) -> FixtureRepo {
    FixtureRepo::new().file("greeting.txt", "goodbye\n").file("test.sh", script).commit("A greeting")
}

/// Members who do at once what is asked of them; for the end of a scenario.
pub(crate) const WILLING: &str = r#"
[[scene]]
duty = "analyze"
calls = [{ tool = "submit_analysis", args = { summary = "It must greet.", acceptance_criteria = ["says hello"], risks = [], questions = [] } }]

[[scene]]
duty = "work"
calls = [{ tool = "write_file", args = { path = "greeting.txt", content = "hello\n" } }, { tool = "submit_work", args = { summary = "It says hello." } }]

[[scene]]
duty = "review"
calls = [{ tool = "submit_review", args = { verdict = "approve", summary = "Good.", comments = [] } }]

[[scene]]
duty = "test"
calls = [{ tool = "submit_test_report", args = { verdict = "pass", summary = "Works.", failures = [] } }]

[[scene]]
duty = "answer"
say = "Yes."
"#;

/// A plan of sub-tasks: id, role, and what they depend on. The tech lead, where there is one, agrees.
pub(crate) fn plan(subtasks: &[(&str, &str, &[&str])]) -> String {
    let listed: Vec<String> = subtasks
        .iter()
        .map(|(id, role, needs)| {
            format!(
                r#"{{ id = "{id}", title = "Part {id}", description = "Do {id}.", role = "{role}", depends_on = {needs:?}, acceptance_criteria = ["{id} is done"] }}"#
            )
        })
        .collect();
    let mut scenes = String::new();
    for duty in ["plan", "agree"] {
        let _ = writeln!(
            scenes,
            "[[scene]]\nduty = \"{duty}\"\ncalls = [{{ tool = \"submit_plan\", args = {{ subtasks = [{}], test_command = \"\" }} }}]\n",
            listed.join(", ")
        );
    }
    scenes
}

/// The plan of one sub-task for a backend developer.
pub(crate) fn one_part() -> String {
    plan(&[("s1", "backend_developer", &[])])
}

/// Runs the test on SQLite alone: for what has nothing to do with the database.
pub(crate) async fn one_database(test: impl AsyncFn(Storage)) {
    let database = TestDatabase::new(Backend::Sqlite).await;
    test(database.open().await).await;
    database.remove().await;
}
