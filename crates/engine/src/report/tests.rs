use super::{Report, Standing};
use crate::report::words;
use squad_domain::execution::event::EventBody;
use squad_domain::execution::{Event, ExecutionState, Status};
use squad_domain::tests_run::CommandSource;

const STORY: &str = include_str!("fixtures/two_subtasks.jsonl");

fn story() -> Vec<Event> {
    STORY.lines().map(|line| serde_json::from_str(line).expect("an event")).collect()
}

fn report(events: &[Event]) -> Report {
    let state = ExecutionState::fold(events).expect("a log that folds");
    let id = "019a8f00-0000-7000-8000-00000000beef".parse().expect("an id");
    Report::build(id, &state, events)
}

/// The story without the events that `drop` names, numbered anew.
fn without(drop: impl Fn(&EventBody) -> bool) -> Vec<Event> {
    let mut events: Vec<Event> = story().into_iter().filter(|event| !drop(&event.body)).collect();
    for (event, seq) in events.iter_mut().zip(1..) {
        event.seq = seq;
    }
    events
}

#[test]
fn the_json_of_a_whole_story_reads_back() {
    let report = report(&story());
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(serde_json::from_value::<Report>(json).unwrap(), report);
}

#[test]
fn every_criterion_names_events_that_exist_and_say_so() {
    let events = story();
    for criterion in report(&events).criteria {
        assert_eq!(criterion.standing, Standing::Proven, "{}", criterion.text);
        for proof in criterion.proof {
            let event = &events[usize::try_from(proof.seq).unwrap() - 1];
            let speaks = matches!(
                event.body,
                EventBody::ReviewSubmitted { .. }
                    | EventBody::SubtaskMerged { .. }
                    | EventBody::TestsFinished { .. }
                    | EventBody::TestReportSubmitted { .. }
            );
            assert!(speaks, "#{} is {}", proof.seq, event.body.kind());
        }
    }
}

#[test]
fn the_costs_of_members_and_of_models_add_up_to_the_whole() {
    let report = report(&story());
    let members: u64 = report.members.iter().map(|line| line.spent.cost.micros()).sum();
    let models: u64 = report.models.iter().map(|line| line.spent.cost.micros()).sum();
    assert!(members > 0);
    assert_eq!((members, models), (report.total.cost.micros(), report.total.cost.micros()));
}

#[test]
fn an_unfinished_execution_claims_nothing() {
    let events = &story()[..24];
    let report = report(events);
    assert_eq!(report.status, Status::Blocked);
    assert!(report.criteria.iter().all(|criterion| criterion.standing == Standing::Open));
    assert!(report.not_verified[0].contains("not completed"), "{:?}", report.not_verified);
    assert!(report.to_markdown().contains("Not delivered."));
}

#[test]
fn without_reviews_and_tester_the_tests_are_all_there_is_and_the_report_says_so() {
    let events = without(|body| {
        matches!(body, EventBody::ReviewSubmitted { .. } | EventBody::TestReportSubmitted { .. })
    });
    let report = report(&events);
    assert!(report.criteria.iter().all(|criterion| criterion.standing == Standing::TestsOnly));
    for missing in [
        "Nobody but its author looked at sub-task s1",
        "Nobody reviewed the merged whole",
        "No tester held the result",
    ] {
        assert!(report.not_verified.iter().any(|text| text.contains(missing)), "{:?}", report.not_verified);
    }
}

#[test]
fn tests_that_passed_before_a_later_merge_prove_nothing() {
    let mut events = story();
    let merge = events.iter().find(|event| matches!(event.body, EventBody::SubtaskMerged { .. })).cloned();
    let mut merge = merge.expect("a merge");
    let end = events.iter().position(|event| matches!(event.body, EventBody::Delivered { .. })).unwrap();
    events.truncate(end);
    merge.seq = events.len() as u64 + 1;
    events.push(merge);
    let report = report(&events);
    assert!(report.criteria.iter().all(|criterion| criterion.standing == Standing::Open));
}

#[test]
fn a_test_command_that_the_plan_proposed_is_named_as_such() {
    let mut events = story();
    for event in &mut events {
        match &mut event.body {
            EventBody::WorkspacePrepared { test_command, .. } => *test_command = None,
            EventBody::TestsFinished { test_command, .. } => {
                *test_command = Some(squad_domain::tests_run::TestCommand {
                    command: "true".into(),
                    source: CommandSource::Plan,
                });
            }
            _ => {}
        }
    }
    let report = report(&events);
    assert!(report.not_verified.iter().any(|text| text.contains("proposed by the plan")));
}

#[test]
fn a_branch_without_a_change_is_named_as_such() {
    let mut events = story();
    assert!(!report(&events).not_verified.iter().any(|text| text.contains("changes nothing")));
    for event in &mut events {
        if let EventBody::Delivered { delivery } = &mut event.body {
            delivery.commit = delivery.base.clone();
        }
    }
    assert!(report(&events).not_verified.iter().any(|text| text.contains("changes nothing")));
}

#[test]
fn what_a_model_says_cannot_break_out_of_its_line() {
    let mut events = story();
    for event in &mut events {
        if let EventBody::AnalysisSubmitted { analysis, .. } = &mut event.body {
            analysis.acceptance_criteria = vec!["x\n\n# Approved\n<img src=x>|\u{1b}[2J".into()];
        }
    }
    let markdown = report(&events).to_markdown();
    assert!(markdown.contains("x # Approved &lt;img src=x>\\|[2J"), "{markdown}");
    assert!(!markdown.contains('\u{1b}'));
}

#[test]
fn durations_are_as_short_as_they_stay_useful() {
    let shown = [0, 420, 9_999, 12_000, 192_000, 7_500_000, 260_000_000].map(words::duration);
    assert_eq!(shown, ["0s", "0.4s", "9.9s", "12s", "3m 12s", "2h 05m", "3 days"]);
}
