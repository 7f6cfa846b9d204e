//! Members side by side: parallel work, conflicts, dependencies, reviews, plans.

use crate::house::{FIVE, House, Run, SOLO};
use crate::live::Live;
use crate::scenes::{WILLING, one_part, plan, project, tested_by};
use squad_domain::execution::{EventBody, Status};
use squad_domain::question::{Answer, Subject};
use squad_domain::role::Role;
use squad_engine::DriveEnd;
use squad_testkit::each_database;

const PAIR: &[(&str, Role)] = &[("Bea", Role::BackendDeveloper), ("Fay", Role::FrontendDeveloper)];

#[track_caller]
fn completed(house: &House, run: &Run) {
    let complaints = house.model.complaints();
    assert!(matches!(run.end, Ok(DriveEnd::Ended(Status::Completed))), "{}\n{complaints:?}", run.story());
    assert_eq!(complaints, Vec::<String>::new());
}

fn show(house: &House, run: &Run, path: &str) -> String {
    let delivery = run.state.delivery.as_ref().unwrap();
    house.git(&["show", &format!("{}:{path}", delivery.branch)])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_is_resolved_by_a_developer_and_markers_are_refused() {
    let scenes = r#"
[[scene]]
duty = "work"
subtask = "s1"
calls = [{ tool = "write_file", args = { path = "greeting.txt", content = "hello from Bea\n" } }, { tool = "submit_work", args = { summary = "Bea." } }]

[[scene]]
duty = "work"
subtask = "s2"
calls = [{ tool = "write_file", args = { path = "greeting.txt", content = "hello from Fay\n" } }, { tool = "submit_work", args = { summary = "Fay." } }]

[[scene]]
duty = "resolve"
[[scene.turn]]
calls = [{ tool = "submit_work", args = { summary = "Looks fine." } }]
[[scene.turn]]
expect = "conflict markers left in .*greeting.txt"
calls = [{ tool = "run_command", args = { command = "cat greeting.txt" } }]
[[scene.turn]]
expect = "(?s)<<<<<<<.*Bea.*=======.*Fay.*>>>>>>>|<<<<<<<.*Fay.*=======.*Bea.*>>>>>>>"
calls = [{ tool = "write_file", args = { path = "greeting.txt", content = "hello from Bea and Fay\n" } }, { tool = "submit_work", args = { summary = "Both." } }]
"#;
    each_database(async |storage| {
        let parts = plan(&[("s1", "backend_developer", &[]), ("s2", "frontend_developer", &[])]);
        let house = House::playing(&storage, &[scenes, &parts, WILLING], project()).await;
        let run = house.run(house.small(PAIR)).await;
        completed(&house, &run);
        assert_eq!(show(&house, &run, "greeting.txt"), "hello from Bea and Fay\n");
        let parents =
            house.git(&["show", "--no-patch", "--format=%P", run.state.head.as_ref().unwrap().as_str()]);
        assert_eq!(parents.split_whitespace().count(), 2, "{parents}");
        assert_eq!(run.count(|body| matches!(body, EventBody::MergeConflicted { .. })), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_finished_at_the_same_time_is_all_in_the_branch() {
    let ids: Vec<String> = (1..=8).map(|n| format!("s{n}")).collect();
    let mut scenes = String::new();
    for id in &ids {
        scenes.push_str(&format!(
            "[[scene]]\nduty = \"work\"\nsubtask = \"{id}\"\ncalls = [{{ tool = \"write_file\", args = {{ path = \"{id}.txt\", content = \"{id}\" }} }}, {{ tool = \"submit_work\", args = {{ summary = \"{id}\" }} }}]\n"
        ));
    }
    let parts: Vec<(&str, &str, &[&str])> =
        ids.iter().map(|id| (id.as_str(), "backend_developer", [].as_slice())).collect();
    each_database(async |storage| {
        let house = House::playing(
            &storage,
            &[&scenes, &plan(&parts), WILLING],
            tested_by("for n in 1 2 3 4 5 6 7 8; do [ -e s$n.txt ] || { echo \"no $n\"; exit 1; }; done\n"),
        )
        .await;
        let mut spec = house.small(SOLO);
        spec.limits.parallel_lanes = 8;
        let run = house.run(spec).await;
        completed(&house, &run);
        assert_eq!(run.state.fixes, 0, "{}", run.story());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_depends_on_another_starts_from_its_merged_work() {
    let scenes = r#"
[[scene]]
duty = "work"
subtask = "s2"
[[scene.turn]]
calls = [{ tool = "run_command", args = { command = "cat greeting.txt" } }]
[[scene.turn]]
expect = "hello"
calls = [{ tool = "write_file", args = { path = "second.txt", content = "2\n" } }, { tool = "submit_work", args = { summary = "Second." } }]
"#;
    each_database(async |storage| {
        let parts = plan(&[("s2", "backend_developer", &["s1"]), ("s1", "frontend_developer", &[])]);
        let house = House::playing(&storage, &[scenes, &parts, WILLING], project()).await;
        let run = house.run(house.small(PAIR)).await;
        completed(&house, &run);
        assert_eq!(show(&house, &run, "second.txt"), "2\n");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_reviewer_and_author_never_agree_a_person_takes_the_work_as_it_is() {
    let strict = r#"
[[scene]]
duty = "review"
subtask = "s1"
calls = [{ tool = "submit_review", args = { verdict = "request_changes", summary = "No.", comments = [{ path = "greeting.txt", line = 1, body = "Warmer!" }] } }]

[[scene]]
duty = "work"
calls = [{ tool = "run_command", args = { command = "echo hello >> greeting.txt" } }, { tool = "submit_work", args = { summary = "Again." } }]
"#;
    each_database(async |storage| {
        let house = House::playing(&storage, &[strict, &one_part(), WILLING], project()).await;
        let live = Live::start(&house, house.small(FIVE)).await;
        let question = live.asked(|question| matches!(question.subject, Subject::ReviewRounds { .. })).await;
        assert!(question.text.contains("3 rounds"), "{}", question.text);
        live.answer(&question, Answer::Retry { note: String::new() }).await;
        let again = live.asked(|other| other.number() > question.number()).await;
        assert!(again.text.contains("4 rounds"), "{}", again.text);
        live.answer(&again, Answer::Approve { note: "Fine by me.".into() }).await;
        let run = live.end().await;
        completed(&house, &run);
        assert_eq!(show(&house, &run, "greeting.txt").matches("hello").count(), 4, "one per round");
        let seen = house.model.requests().iter().any(|request| {
            request.assignment.round == Some(2) && request.body.to_string().contains("Warmer!")
        });
        assert!(seen, "the author reads the comments");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_of_the_whole_that_never_ends_can_be_ended_by_a_person() {
    let strict = r#"
[[scene]]
duty = "review"
subtask = ""
calls = [{ tool = "submit_review", args = { verdict = "request_changes", summary = "The parts do not fit.", comments = [{ path = "greeting.txt", line = 1, body = "And then?" }] } }]

[[scene]]
duty = "work"
subtask = "s2"
calls = [{ tool = "write_file", args = { path = "second.txt", content = "2\n" } }, { tool = "submit_work", args = { summary = "Second." } }]
"#;
    each_database(async |storage| {
        let parts = plan(&[("s1", "backend_developer", &[]), ("s2", "frontend_developer", &[])]);
        let house = House::playing(&storage, &[strict, &parts, WILLING], project()).await;
        let mut spec = house.small(FIVE);
        spec.limits.fix_rounds = 1;
        let live = Live::start(&house, spec).await;
        let question = live.asked(|question| matches!(question.subject, Subject::ReviewRounds { .. })).await;
        assert!(question.options.contains(&"approve".to_owned()), "{question:?}");
        live.answer(&question, Answer::Approve { note: String::new() }).await;
        let run = live.end().await;
        completed(&house, &run);
        assert_eq!(run.state.fixes, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_in_a_circle_goes_back_to_its_planner() {
    let circle = r#"
[[scene]]
duty = "plan"
[[scene.turn]]
calls = [{ tool = "submit_plan", args = { subtasks = [{ id = "a", title = "A", description = "A.", role = "backend_developer", depends_on = ["b"], acceptance_criteria = [] }, { id = "b", title = "B", description = "B.", role = "backend_developer", depends_on = ["a"], acceptance_criteria = [] }], test_command = "" } }]
[[scene.turn]]
expect = "wait for each other"
calls = [{ tool = "submit_plan", args = { subtasks = [{ id = "a", title = "A", description = "A.", role = "backend_developer", depends_on = [], acceptance_criteria = [] }], test_command = "" } }]
"#;
    each_database(async |storage| {
        let house = House::playing(&storage, &[circle, WILLING], project()).await;
        let run = house.run(house.small(SOLO)).await;
        completed(&house, &run);
        assert_eq!(run.state.plan_version, 1, "only what can be worked on is a plan");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_teammate_who_says_nothing_is_asked_to_speak_and_stopped_when_it_goes_on() {
    let mute = r#"
[[scene]]
duty = "work"
[[scene.turn]]
calls = [{ tool = "ask_teammate", args = { to = "Tom", question = "How?" } }]

[[scene]]
duty = "answer"
repeat = true
say = ""
"#;
    each_database(async |storage| {
        let house = House::playing(&storage, &[mute, &one_part(), WILLING], project()).await;
        let run = house.run(house.small(FIVE)).await;
        assert!(matches!(run.end, Ok(DriveEnd::Waiting)), "{}", run.story());
        let open: Vec<_> = run.state.open_questions().map(|question| &question.subject).collect();
        assert!(open.iter().any(|subject| matches!(subject, Subject::Loop { .. })), "{open:?}");
    })
    .await;
}
