use crate::story::{Story, data, lane_plan, question_of};
use serde_json::json;
use squad_agents::Prompts;
use squad_agents::brief::{self, Material};
use squad_domain::conversation::ToolCall;
use squad_domain::duty::Duty;
use squad_domain::execution::EventBody;

fn diff() -> Option<String> {
    Some("--- a/src/totals.js\n+++ b/src/totals.js\n@@ -1 +1 @@\n-old\n+new ``` tick\n".into())
}

#[test]
fn analyze() {
    let material = Material { knowledge: Some("totals are in cents".into()), ..Material::default() };
    let plan = lane_plan("analyze/1", "Pia", Duty::Analyze, None, 1);
    insta::assert_snapshot!(data(&Story::prepared().state(), &plan, &material));
}

#[test]
fn plan() {
    let plan = lane_plan("plan/1", "Pia", Duty::Plan, None, 1);
    insta::assert_snapshot!(data(&Story::analyzed().state(), &plan, &Material::default()));
}

#[test]
fn agree() {
    let plan = lane_plan("agree/1", "Tom", Duty::Agree, None, 1);
    insta::assert_snapshot!(data(&Story::drafted().state(), &plan, &Material::default()));
}

#[test]
fn work_in_the_second_round() {
    let plan = lane_plan("work/s2/2", "Fay", Duty::Work, Some("s2"), 2);
    insta::assert_snapshot!(data(&Story::under_way().state(), &plan, &Material::default()));
}

#[test]
fn work_on_a_fix() {
    let plan = lane_plan("work/fix-1/1", "Bea", Duty::Work, Some("fix-1"), 1);
    insta::assert_snapshot!(data(&Story::broken_whole().state(), &plan, &Material::default()));
}

#[test]
fn review_of_a_subtask() {
    let material = Material { diff: diff(), ..Material::default() };
    let plan = lane_plan("review/s2/2", "Tom", Duty::Review, Some("s2"), 2);
    insta::assert_snapshot!(data(&Story::under_way().state(), &plan, &material));
}

#[test]
fn review_of_the_whole() {
    let material = Material { diff: diff(), ..Material::default() };
    let plan = lane_plan("review/whole/1", "Tom", Duty::Review, None, 1);
    insta::assert_snapshot!(data(&Story::broken_whole().state(), &plan, &material));
}

#[test]
fn resolve() {
    let story = Story::under_way().and(EventBody::MergeConflicted {
        subtask: "s2".into(),
        files: vec!["src/cart.js".into(), "src/page.js".into()],
        tree: "8".repeat(40).into(),
    });
    let plan = lane_plan("resolve/s2/1", "Fay", Duty::Resolve, Some("s2"), 1);
    insta::assert_snapshot!(data(&story.state(), &plan, &Material { diff: diff(), ..Material::default() }));
}

#[test]
fn test() {
    let material = Material { notes: vec!["The tests ran twice.".into()], ..Material::default() };
    let plan = lane_plan("test/1", "Quinn", Duty::Test, None, 1);
    insta::assert_snapshot!(data(&Story::broken_whole().state(), &plan, &material));
}

#[test]
fn answer_to_a_teammate() {
    let lane = "work/s2/2";
    let story = Story::under_way()
        .lane(lane, "Fay", Duty::Work, Some("s2"), 2)
        .says(lane, "I need the type of the discount.", vec![])
        .and(EventBody::QuestionAsked { question: question_of(lane) });
    let mut plan = lane_plan("answer/q2", "Bea", Duty::Answer, Some("s2"), 1);
    plan.question = Some("q2".into());
    insta::assert_snapshot!(data(&story.state(), &plan, &Material::default()));
}

#[test]
fn the_duty_comes_between_assignment_and_data() {
    let plan = lane_plan("work/s2/2", "Fay", Duty::Work, Some("s2"), 2);
    let brief = brief::write(&Prompts::embedded(), &Story::under_way().state(), &plan, &Material::default());
    let head = "<assignment>\nmember: Fay\nrole: frontend_developer\nduty: work\nsubtask: s2\nround: 2\n</assignment>\n\n# Duty: work\n";
    assert!(brief.starts_with(head), "{brief}");
}

/// Whatever the parts hold, a brief must leave room for the work.
#[test]
fn every_part_is_bounded() {
    let long = "line of text\n".repeat(1_000_000);
    let material = Material {
        diff: Some(long.clone()),
        knowledge: Some(long.clone()),
        conflict_files: vec!["path/".repeat(200); 10_000],
        notes: vec![long; 2],
        ..Material::default()
    };
    for duty in [Duty::Work, Duty::Review, Duty::Resolve, Duty::Test, Duty::Answer] {
        let plan = lane_plan("x", "Fay", duty, Some("s2"), 1);
        let brief = brief::write(&Prompts::embedded(), &Story::broken_whole().state(), &plan, &material);
        assert!(brief.len() < 120_000, "{duty}: {}", brief.len());
    }
}

/// The state forgets checks of the whole once a fix is merged; who checks again must not start from nothing.
#[test]
fn who_checks_the_whole_again_knows_what_was_found() {
    let call = |name: &str, arguments| ToolCall { id: "c".into(), name: name.into(), arguments };
    let review = json!({"verdict": "request_changes", "summary": "A seam.", "comments": [{"path": "a.js", "line": 1, "body": "Not wired up."}]});
    let report = json!({"verdict": "fail", "summary": "Badge.", "failures": ["The badge shows NaN."]});
    let story = Story::broken_whole()
        .lane("review/whole/1", "Tom", Duty::Review, None, 1)
        .says("review/whole/1", "", vec![call("submit_review", review)])
        .and(EventBody::LaneClosed { lane: "review/whole/1".into(), reason: "done".into() })
        .lane("test/2", "Quinn", Duty::Test, None, 1)
        .says("test/2", "", vec![call("submit_test_report", report)])
        .and(EventBody::LaneClosed { lane: "test/2".into(), reason: "done".into() })
        .and(EventBody::SubtaskMerged {
            subtask: "fix-1".into(),
            commit: "9".repeat(40).into(),
            tree: "a".repeat(40).into(),
        });
    let brief = |id: &str, who: &str, duty| {
        data(&story.state(), &lane_plan(id, who, duty, None, 2), &Material::default())
    };
    assert!(brief("review/whole/3", "Tom", Duty::Review).contains("Not wired up."));
    assert!(brief("test/4", "Quinn", Duty::Test).contains("The badge shows NaN."));
}
