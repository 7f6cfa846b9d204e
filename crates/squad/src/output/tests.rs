use super::show::{View, how_to_go_on};
use super::story::Story;
use super::waiting::{Holder, causes};
use super::{activity, json, question, report};
use squad_domain::execution::{Event, EventBody, ExecutionState};
use squad_domain::ids::ExecutionId;
use squad_engine::report::Report;

/// A whole execution: two sub-tasks, a question, a requested change, a tester's commit.
const STORY: &str = include_str!("../../../engine/src/report/fixtures/two_subtasks.jsonl");
/// So many events in, the plan waits for approval.
const AT_APPROVAL: usize = 24;

fn events() -> Vec<Event> {
    STORY.lines().map(|line| serde_json::from_str(line).expect("an event")).collect()
}

fn id() -> ExecutionId {
    "019a8f00-0000-7000-8000-00000000beef".parse().expect("an id")
}

fn state(events: &[Event]) -> ExecutionState {
    ExecutionState::fold(events).expect("a log that folds")
}

fn without_styles(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

fn log(events: &[Event]) -> String {
    let mut story = Story::default();
    let lines = events.iter().filter_map(|event| story.next(event).expect("a log that folds"));
    without_styles(&lines.map(|line| line.render(None)).collect::<String>())
}

fn shown(events: &[Event], holder: Option<&Holder>, all_events: bool) -> String {
    let state = state(events);
    let now = state.at + time::Duration::seconds(90);
    let view = View { id: id(), state: &state, events, holder, now, all_events, width: 100 };
    without_styles(&view.render().expect("a log that folds"))
}

#[test]
fn the_plain_log_of_a_run() {
    insta::assert_snapshot!(log(&events()));
}

#[test]
fn show_of_a_finished_execution() {
    insta::assert_snapshot!(shown(&events(), None, false));
}

#[test]
fn show_of_one_that_waits_for_approval() {
    insta::assert_snapshot!(shown(&events()[..AT_APPROVAL], None, false));
}

#[test]
fn show_of_one_that_moves() {
    let holder = Holder { worker: "laptop-1".into(), alive: true };
    insta::assert_snapshot!(shown(&events()[..50], Some(&holder), false));
}

#[test]
fn the_whole_timeline_has_the_numbers_that_the_report_refers_to() {
    let text = shown(&events(), None, true);
    assert!(text.contains("#101 2m 07s  squad      ✓ tests after"), "{text}");
    assert!(!text.contains("earlier lines"));
}

#[test]
fn the_report_as_markdown() {
    let events = events();
    insta::assert_snapshot!(Report::build(id(), &state(&events), &events).to_markdown());
}

#[test]
fn the_report_as_json() {
    let events = events();
    insta::assert_json_snapshot!(Report::build(id(), &state(&events), &events));
}

#[test]
fn the_report_on_a_terminal() {
    let events = events();
    let report = Report::build(id(), &state(&events), &events);
    insta::assert_snapshot!(without_styles(&report::render(&report, 100)));
}

#[test]
fn the_plan_is_shown_before_it_is_approved() {
    let state = state(&events()[..AT_APPROVAL]);
    let question = state.open_questions().next().expect("a question");
    insta::assert_snapshot!(question::preface(&state, question, 100));
}

#[test]
fn the_last_line_of_json_is_the_contract() {
    let events = events();
    let line = json::result(&Report::build(id(), &state(&events), &events));
    insta::assert_snapshot!(line.trim_end());
    let early = &events[..AT_APPROVAL];
    insta::assert_snapshot!(json::result(&Report::build(id(), &state(early), early)).trim_end());
}

#[test]
fn events_are_json_lines_that_read_back() {
    for event in events() {
        let line = json::event(&event);
        assert_eq!(line.matches('\n').count(), 1);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        let mut keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["actor", "at", "kind", "payload", "seq"]);
        assert_eq!(serde_json::from_str::<Event>(&line).unwrap(), event);
    }
}

#[test]
fn a_waiting_run_says_how_to_answer_and_go_on() {
    let early = &events()[..AT_APPROVAL];
    insta::assert_snapshot!(how_to_go_on(&state(early), early, id(), false));
}

#[test]
fn whatever_stands_still_has_a_cause_and_a_way_out() {
    let events = events();
    let alive = Holder { worker: "w".into(), alive: true };
    let gone = Holder { worker: "w".into(), alive: false };
    for end in 1..events.len() {
        let some = &events[..end];
        let state = state(some);
        if state.status.is_terminal() {
            continue;
        }
        for holder in [None, Some(&gone)] {
            let causes = causes(&state, some, holder, "beef");
            assert!(!causes.is_empty(), "after event {end} nothing says why it stands still");
            assert!(causes.iter().all(|cause| !cause.commands.is_empty()));
        }
        let waits = state.open_questions().any(squad_domain::question::Question::waits_for_person);
        assert_eq!(causes(&state, some, Some(&alive), "beef").is_empty(), !waits, "after event {end}");
    }
}

#[test]
fn a_paused_execution_names_who_paused_it() {
    let mut events = events()[..30].to_vec();
    let mut pause = events[29].clone();
    pause.seq = 31;
    pause.actor = "person:ada".to_owned().try_into().unwrap();
    pause.body = EventBody::Paused {};
    events.push(pause);
    let causes = causes(&state(&events), &events, None, "beef");
    assert_eq!(causes[0].cause, "ada paused it");
    assert_eq!(causes[0].commands, ["squad resume beef"]);
}

#[test]
fn the_live_rows_say_what_each_member_does() {
    let mut story = Story::default();
    let mut frames = String::new();
    for event in &events()[..60] {
        story.next(event).unwrap();
        for activity in activity::of(&story) {
            frames.push_str(&format!(
                "#{} {} · {} · {} · {}\n",
                event.seq, activity.who, activity.about, activity.doing, activity.cost
            ));
        }
    }
    insta::assert_snapshot!(frames);
}

#[test]
fn no_words_of_a_model_reach_the_terminal_raw() {
    let mut events = events();
    for event in &mut events {
        match &mut event.body {
            EventBody::AnalysisSubmitted { analysis, .. } => {
                analysis.summary = "a\u{1b}[2J\u{7}b\u{202e}c".into();
            }
            EventBody::ToolStarted { summary, .. } => *summary = "x\u{1b}]0;t\u{7}\r\ny".into(),
            EventBody::QuestionAsked { question } => question.text = "one\n\u{1b}[1Atwo".into(),
            _ => {}
        }
    }
    for text in [log(&events), shown(&events, None, true), shown(&events[..AT_APPROVAL], None, true)] {
        assert!(!text.contains(['\u{1b}', '\u{7}', '\r', '\u{202e}']), "{text:?}");
    }
}
