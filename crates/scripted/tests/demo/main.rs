//! The demonstration's scenario, played over HTTP on the real sample: real files, real git, real `node --test`.

mod lane;
mod project;
mod tools;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use serde_json::Value;
use squad_scripted::{SAMPLE_TEST_COMMAND, Scenario, ScriptedModel, write_sample};

use crate::lane::Lane;
use crate::project::{Project, TestRun};

const BUG: &str = "a discount code lowers the total";
const BADGE: &str = "the header shows a badge with the number of items";
const ROUNDED: &str = "a discount is rounded to whole cents";
const GUARDED: &str = "a rate that makes no sense is refused";

#[track_caller]
fn assert_fails(run: &TestRun, expected: &[&str]) {
    let expected: BTreeSet<String> = expected.iter().map(ToString::to_string).collect();
    assert_eq!(run.failed, expected, "{}", run.output);
    assert_eq!(run.exit_code == 0, expected.is_empty(), "{}", run.output);
    assert!(run.passed.len() >= 3, "hardly anything ran: {}", run.output);
}

#[tokio::test]
async fn the_whole_way_from_ticket_to_tested_merge() {
    let scenario = Scenario::demo().without_delays();
    let scenes: Vec<String> = scenario.scene_names().into_iter().map(ToOwned::to_owned).collect();
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let model = ScriptedModel::start(scenario, any_port).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let whole = Project::new(folder.path().join("shop"));
    write_sample(&whole.dir).unwrap();
    assert_fails(&whole.run(SAMPLE_TEST_COMMAND), &[BUG, BADGE]);

    let lane = |member: &str, duty: &str| Lane::new(&model, member, duty);
    let analysis = lane("Pia", "analyze").play(&whole).await.call("submit_analysis");
    assert_eq!(analysis["questions"].as_array().unwrap().len(), 1);
    let answer = lane("Tom", "answer").play(&whole).await.text();
    assert!(answer.contains("cart as a whole"));
    let draft = lane("Pia", "plan").play(&whole).await.call("submit_plan");
    let plan = lane("Tom", "agree").play(&whole).await.call("submit_plan");
    assert_eq!(plan["test_command"], SAMPLE_TEST_COMMAND);
    let criteria =
        |plan: &Value, index: usize| plan["subtasks"][index]["acceptance_criteria"].as_array().unwrap().len();
    assert_eq!(criteria(&plan, 0), criteria(&draft, 0));
    assert_eq!(criteria(&plan, 1), criteria(&draft, 1) + 1, "the tech lead adds a criterion to s2");

    // s1, first round: the bug is gone, the amounts are not whole.
    let s1 = whole.worktree("s1");
    lane("Bea", "work").on("s1", 1).play(&s1).await.call("submit_work");
    s1.commit("Take the discount off the total");
    assert_fails(&s1.run(SAMPLE_TEST_COMMAND), &[BADGE]);
    let first_version = s1.read("src/totals.js");

    // s2 at the same time, with a question to Bea.
    let s2 = whole.worktree("s2");
    lane("Fay", "work").on("s2", 1).play(&s2).await.call("submit_work");
    s2.commit("Show the number of items in the header");
    assert_fails(&s2.run(SAMPLE_TEST_COMMAND), &[BUG]);
    let review = lane("Tom", "review").on("s2", 1).play(&s2).await.call("submit_review");
    assert_eq!(review["verdict"], "approve");

    // Tom's comments point at the lines that they talk about.
    let review = lane("Tom", "review").on("s1", 1).play(&s1).await.call("submit_review");
    assert_eq!(review["verdict"], "request_changes");
    let commented: Vec<&str> = review["comments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|comment| {
            first_version.lines().nth(comment["line"].as_u64().unwrap() as usize - 1).unwrap().trim()
        })
        .collect();
    assert_eq!(commented, ["const rate = cart.discount?.value ?? 0;", "const discount = subtotal * rate;"]);

    // s1, second round: its new tests fail on the first version, so the review was right.
    lane("Bea", "work").on("s1", 2).play(&s1).await.call("submit_work");
    s1.commit("Round the discount and guard its rate");
    assert_fails(&s1.run(SAMPLE_TEST_COMMAND), &[BADGE]);
    let second_version = s1.read("src/totals.js");
    s1.write("src/totals.js", &first_version);
    assert_fails(&s1.run("node --test test/totals.test.js"), &[ROUNDED, GUARDED]);
    s1.write("src/totals.js", &second_version);
    let review = lane("Tom", "review").on("s1", 2).play(&s1).await.call("submit_review");
    assert_eq!(review["verdict"], "approve");

    whole.merge("s1");
    whole.merge("s2");
    assert_fails(&whole.run(SAMPLE_TEST_COMMAND), &[]);
    let review = lane("Tom", "review").play(&whole).await.call("submit_review");
    assert_eq!(review["verdict"], "approve");
    let report = lane("Quinn", "test").play(&whole).await.call("submit_test_report");
    assert_eq!(report["verdict"], "pass");
    whole.commit("Walk from the first item to the discounted page");
    let last = whole.run(SAMPLE_TEST_COMMAND);
    assert_fails(&last, &[]);
    assert!(last.passed.iter().any(|name| name.contains("in the badge")), "{}", last.output);
    assert!(!lane("", "summarize").play(&whole).await.text().is_empty());

    assert_eq!(model.complaints(), Vec::<String>::new());
    let played: BTreeSet<String> = model.requests().into_iter().filter_map(|request| request.scene).collect();
    assert_eq!(played, scenes.into_iter().collect(), "every scene is played");
}

/// The history is believable: each earlier commit passes the tests that it had.
#[test]
fn the_samples_earlier_commits_pass_their_tests() {
    let folder = tempfile::tempdir().unwrap();
    let project = Project::new(folder.path().to_owned());
    write_sample(&project.dir).unwrap();
    for (commit, a_test) in
        [("HEAD~2", "a product is found by its id"), ("HEAD~1", "an item is added to the cart")]
    {
        project.git(&format!("checkout --quiet {commit}"));
        let run = project.run(SAMPLE_TEST_COMMAND);
        assert_eq!((run.exit_code, run.failed.len()), (0, 0), "{commit}: {}", run.output);
        assert!(run.passed.contains(a_test), "{commit}: {}", run.output);
        project.git("checkout --quiet main");
    }
}
