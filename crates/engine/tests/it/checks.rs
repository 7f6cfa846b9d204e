//! The gate: tests that fail, testers that find something, repositories that nobody knows how to test.

use crate::house::{FIVE, House, Run, SOLO};
use crate::live::Live;
use crate::scenes::{WILLING, one_part, project, tested_by};
use squad_domain::execution::{EventBody, Status};
use squad_domain::question::{Answer, Subject};
use squad_domain::role::Role;
use squad_domain::tests_run::CommandSource;
use squad_engine::DriveEnd;
use squad_testkit::{FixtureRepo, each_database};

const TESTED: &[(&str, Role)] = &[("Sam", Role::BackendDeveloper), ("Quinn", Role::QaTester)];

#[track_caller]
fn completed(house: &House, run: &Run) {
    let complaints = house.model.complaints();
    assert!(matches!(run.end, Ok(DriveEnd::Ended(Status::Completed))), "{}\n{complaints:?}", run.story());
    assert_eq!(complaints, Vec::<String>::new());
}

/// Says it is done, and is not.
const WRONG: &str = r#"
[[scene]]
duty = "work"
subtask = "s1"
calls = [{ tool = "write_file", args = { path = "greeting.txt", content = "good evening\n" } }, { tool = "submit_work", args = { summary = "All tests pass." } }]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_single_developer_is_a_squad_and_the_gate_stays() {
    each_database(async |storage| {
        let house = House::playing(&storage, &[&one_part(), WILLING], project()).await;
        let run = house.run(house.small(SOLO)).await;
        completed(&house, &run);
        assert_eq!(run.count(|body| matches!(body, EventBody::TestsFinished { .. })), 2);
        assert_eq!(run.count(|body| matches!(body, EventBody::ReviewSubmitted { .. })), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tests_that_fail_after_the_merge_become_work_whatever_the_member_said() {
    each_database(async |storage| {
        let house = House::playing(&storage, &[WRONG, &one_part(), WILLING], project()).await;
        let run = house.run(house.small(SOLO)).await;
        completed(&house, &run);
        assert_eq!(run.state.fixes, 1);
        let fix = house
            .model
            .requests()
            .into_iter()
            .find(|request| request.assignment.subtask.as_deref() == Some("fix-1"));
        assert!(fix.unwrap().body.to_string().contains("no hello"), "the failure is in the brief");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tests_that_never_pass_end_with_a_person_and_stop_is_failed() {
    each_database(async |storage| {
        // Each fix changes something, and the failure with it.
        let tries: String = (1..=3)
            .map(|fix| {
                format!(
                    "[[scene]]\nduty = \"work\"\nsubtask = \"fix-{fix}\"\ncalls = [{{ tool = \"write_file\", args = {{ path = \"greeting.txt\", content = \"try {fix}\" }} }}, {{ tool = \"submit_work\", args = {{ summary = \"Another try.\" }} }}]\n"
                )
            })
            .collect();
        let never = tested_by("cat greeting.txt; exit 3\n");
        let house = House::playing(&storage, &[&tries, &one_part(), WILLING], never).await;
        let mut spec = house.small(SOLO);
        spec.limits.fix_rounds = 2;
        let live = Live::start(&house, spec).await;
        let question = live.asked(|question| question.subject == Subject::TestRounds).await;
        assert!(question.text.contains("after 2 fixes"), "{}", question.text);
        live.answer(&question, Answer::Retry { note: "One more.".into() }).await;
        let again = live.asked(|other| other.number() > question.number()).await;
        assert!(again.text.contains("after 3 fixes"), "{}", again.text);
        live.answer(&again, Answer::Stop).await;
        let run = live.end().await;
        assert!(matches!(run.end, Ok(DriveEnd::Ended(Status::Failed))), "{}", run.story());
        assert!(run.state.delivery.is_none());
        assert_eq!(house.git(&["branch", "--list", "squad/*"]), "", "nothing is delivered");
    })
    .await;
}

/// More rounds of the same would only cost more: the person is asked at once, with what was tried and what it says.
#[tokio::test(flavor = "multi_thread")]
async fn a_fix_that_changes_nothing_about_the_failure_is_asked_about_at_once() {
    let in_vain = r#"
[[scene]]
duty = "work"
subtask = "fix-1"
calls = [{ tool = "write_file", args = { path = "other.txt", content = "x" } }, { tool = "submit_work", args = { summary = "Wrote another file." } }]

[[scene]]
duty = "work"
subtask = "fix-2"
when = "look at the spelling"
calls = [{ tool = "write_file", args = { path = "greeting.txt", content = "hullo\n" } }, { tool = "submit_work", args = { summary = "Spelled as wanted." } }]
"#;
    each_database(async |storage| {
        // The duration differs in every run, and does not count.
        let script =
            "grep -q hullo greeting.txt || { echo no hullo; echo \"took $(date +%N)ms\"; exit 1; }\n";
        let house = House::playing(&storage, &[in_vain, &one_part(), WILLING], tested_by(script)).await;
        let live = Live::start(&house, house.small(SOLO)).await;
        let question = live.asked(|question| question.subject == Subject::TestRounds).await;
        for part in ["fix-1 by Sam", "Wrote another file.", "exit status 1", "no hullo"] {
            assert!(question.text.contains(part), "{part}: {}", question.text);
        }
        live.answer(&question, Answer::Retry { note: "look at the spelling".into() }).await;
        let run = live.end().await;
        completed(&house, &run);
        assert_eq!(run.state.fixes, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_tester_finds_is_mended() {
    let finds = r#"
[[scene]]
duty = "test"
round = 1
calls = [{ tool = "submit_test_report", args = { verdict = "fail", summary = "No full stop.", failures = ["greeting.txt ends without a full stop"] } }]

[[scene]]
duty = "work"
subtask = "fix-1"
when = "ends without a full stop"
calls = [{ tool = "write_file", args = { path = "greeting.txt", content = "hello.\n" } }, { tool = "submit_work", args = { summary = "A full stop." } }]
"#;
    each_database(async |storage| {
        let house = House::playing(&storage, &[finds, &one_part(), WILLING], project()).await;
        let run = house.run(house.small(TESTED)).await;
        completed(&house, &run);
        let branch = &run.state.delivery.as_ref().unwrap().branch;
        assert_eq!(house.git(&["show", &format!("{branch}:greeting.txt")]), "hello.\n");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tests_that_the_tester_adds_are_committed_and_seen_passing_and_nothing_else_is_touched() {
    let adds = r#"
[[scene]]
duty = "test"
[[scene.turn]]
calls = [{ tool = "write_file", args = { path = "greeting.txt", content = "hacked\n" } }, { tool = "run_command", args = { command = "echo hacked > greeting.txt" } }, { tool = "write_file", args = { path = "tests/more.sh", content = "grep -q hello greeting.txt\n" } }]
[[scene.turn]]
calls = [{ tool = "submit_test_report", args = { verdict = "pass", summary = "One test more.", failures = [] } }]
"#;
    each_database(async |storage| {
        let script = "for t in tests/*.sh; do sh $t || exit 1; done; grep -q hello greeting.txt\n";
        let repository = FixtureRepo::new()
            .file("greeting.txt", "goodbye\n")
            .file("tests/one.sh", "true\n")
            .file("test.sh", script)
            .commit("A greeting");
        let house = House::playing(&storage, &[adds, &one_part(), WILLING], repository).await;
        let run = house.run(house.small(TESTED)).await;
        completed(&house, &run);
        let branch = &run.state.delivery.as_ref().unwrap().branch;
        assert_eq!(house.git(&["show", &format!("{branch}:greeting.txt")]), "hello\n");
        assert!(house.git(&["show", &format!("{branch}:tests/more.sh")]).contains("grep"));
        let tests = run.state.whole.tests.as_ref().unwrap();
        assert_eq!(
            Some(&tests.commit),
            run.state.head.as_ref(),
            "the gate saw the very commit that is delivered"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_knows_how_to_test_a_person_is_asked() {
    each_database(async |storage| {
        let house = House::playing(&storage, &[&one_part(), WILLING], project()).await;
        let spec = house.spec(SOLO, "Greet properly");
        let live = Live::start(&house, spec).await;
        let question = live.asked(|question| question.subject == Subject::TestCommand).await;
        live.answer(&question, Answer::Text { text: " sh test.sh \n".into() }).await;
        let run = live.end().await;
        completed(&house, &run);
        let gate = run.state.test_command.as_ref().unwrap();
        assert_eq!((gate.command.as_str(), gate.source), ("sh test.sh", CommandSource::Person));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_that_its_reviewer_sends_back_is_mended_before_it_is_tested() {
    let strict = r#"
[[scene]]
duty = "review"
subtask = ""
round = 1
calls = [{ tool = "submit_review", args = { verdict = "request_changes", summary = "The second part is missing.", comments = [{ path = "greeting.txt", line = 1, body = "And then?" }] } }]

[[scene]]
duty = "work"
subtask = "s2"
calls = [{ tool = "write_file", args = { path = "second.txt", content = "2\n" } }, { tool = "submit_work", args = { summary = "Second." } }]

[[scene]]
duty = "work"
subtask = "fix-1"
when = "The second part is missing"
calls = [{ tool = "write_file", args = { path = "third.txt", content = "3\n" } }, { tool = "submit_work", args = { summary = "There." } }]
"#;
    each_database(async |storage| {
        let parts =
            crate::scenes::plan(&[("s1", "backend_developer", &[]), ("s2", "frontend_developer", &[])]);
        let house = House::playing(&storage, &[strict, &parts, WILLING], project()).await;
        let run = house.run(house.small(FIVE)).await;
        completed(&house, &run);
        assert_eq!(run.state.fixes, 1);
    })
    .await;
}
