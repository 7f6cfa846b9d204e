//! What people do while an execution runs.

use crate::house::{House, SOLO};
use crate::live::Live;
use crate::scenes::{WILLING, one_part, project};
use squad_domain::execution::{EventBody, ExecutionSpec, Status};
use squad_domain::question::{Answer, Subject};
use squad_domain::squad::ApprovalPolicy;
use squad_engine::{DriveEnd, EngineError, Input};
use squad_testkit::each_database;

/// A member that waits for a person right away, and again before it hands over.
const ASKING: &str = r#"
[[scene]]
duty = "work"
[[scene.turn]]
calls = [{ tool = "ask_human", args = { question = "Which language?", options = ["English", "French"] } }]
[[scene.turn]]
expect = "ada answers: English"
calls = [{ tool = "report_blocked", args = { reason = "No dictionary is here." } }]
[[scene.turn]]
expect = "ada answers: Use your own words"
calls = [{ tool = "write_file", args = { path = "greeting.txt", content = "hello\n" } }, { tool = "submit_work", args = { summary = "It says hello." } }]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_that_waits_costs_no_worker_and_goes_on_with_the_answer() {
    each_database(async |storage| {
        let house = House::playing(&storage, &[ASKING, &one_part(), WILLING], project()).await;
        let waits = house.run(house.small(SOLO)).await;
        assert!(matches!(waits.end, Ok(DriveEnd::Waiting)), "{}", waits.story());
        assert_eq!(waits.state.status, Status::Blocked);
        let engine = house.engine("worker-2");
        let answer = |id: &str, text: &str| Input::Answer {
            question: id.into(),
            answer: Answer::Text { text: text.into() },
        };

        let early = engine.input(waits.id, "ada", answer("q2", "x")).await;
        assert!(matches!(early, Err(EngineError::NoSuchQuestion { .. })), "{early:?}");
        engine.input(waits.id, "ada", answer("q1", "English")).await.unwrap();
        assert_eq!(engine.drive(waits.id, &Default::default()).await.unwrap(), DriveEnd::Waiting);
        let (stuck, _) = engine.load(waits.id).await.unwrap();
        let open = stuck.open_questions().next().unwrap();
        assert!(matches!(open.subject, Subject::Stuck { .. }) && open.text == "No dictionary is here.");
        engine.input(waits.id, "ada", answer("q2", "Use your own words")).await.unwrap();

        let end = engine.drive(waits.id, &Default::default()).await.unwrap();
        assert_eq!(end, DriveEnd::Ended(Status::Completed), "{:?}", house.model.complaints());
        let late = engine.input(waits.id, "ada", Input::Pause).await;
        assert!(matches!(late, Err(EngineError::Ended { .. })), "{late:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_reaches_the_next_call_of_whoever_is_at_work() {
    each_database(async |storage| {
        let house = House::playing(&storage, &[ASKING, &one_part(), WILLING], project()).await;
        let live = Live::start(&house, house.small(SOLO)).await;
        let question = live.asked(|_| true).await;
        live.say(Input::Message { to: Some("sam".into()), content: "Keep it short, please.".into() }).await;
        live.say(Input::Message { to: None, content: "Lunch is at noon.".into() }).await;
        let nobody =
            live.engine.input(live.id, "ada", Input::Message { to: Some("Zoe".into()), content: "x".into() });
        assert!(matches!(nobody.await, Err(EngineError::NoSuchMember { .. })));
        live.answer(&question, Answer::Text { text: "English".into() }).await;
        live.asked(|question| matches!(question.subject, Subject::Stuck { .. })).await;
        live.say(Input::Cancel { reason: "enough".into() }).await;
        live.end().await;

        let requests = house.model.requests();
        let told: Vec<bool> = requests
            .iter()
            .filter(|request| request.assignment.duty.as_deref() == Some("work"))
            .map(|request| {
                let body = request.body.to_string();
                body.contains("Keep it short, please.") && body.contains("Lunch is at noon.")
            })
            .collect();
        assert_eq!(told, [false, true]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paused_it_begins_nothing_and_resumed_it_goes_on() {
    each_database(async |storage| {
        let house = House::playing(&storage, &[&one_part(), WILLING], project()).await;
        let engine = house.engine("worker-1");
        let id = engine.start(house.small(SOLO), "ada").await.unwrap();
        engine.input(id, "ada", Input::Pause).await.unwrap();
        assert_eq!(engine.drive(id, &Default::default()).await.unwrap(), DriveEnd::Paused);
        assert_eq!(house.model.request_count(), 0);
        engine.input(id, "ada", Input::Resume).await.unwrap();
        assert_eq!(engine.drive(id, &Default::default()).await.unwrap(), DriveEnd::Ended(Status::Completed));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paused_in_the_middle_what_is_under_way_ends_and_is_not_done_again() {
    let slow = r#"
[[scene]]
duty = "work"
[[scene.turn]]
calls = [{ tool = "run_command", args = { command = "echo once >> log.txt; sleep 1" } }]
[[scene.turn]]
calls = [{ tool = "write_file", args = { path = "greeting.txt", content = "hello\n" } }, { tool = "run_command", args = { command = "wc -l < log.txt" } }]
[[scene.turn]]
expect = '(?m)^1$'
calls = [{ tool = "submit_work", args = { summary = "Done." } }]
"#;
    each_database(async |storage| {
        let house = House::playing(&storage, &[slow, &one_part(), WILLING], project()).await;
        let live = Live::start(&house, house.small(SOLO)).await;
        live.until_event(|body| matches!(body, EventBody::ToolStarted { .. })).await;
        live.say(Input::Pause).await;
        let state = live
            .until(|_, events| {
                events.iter().any(|event| matches!(event.body, EventBody::ToolFinished { .. }))
            })
            .await;
        assert!(state.paused);
        let asked = house.model.request_count();
        live.say(Input::Message { to: None, content: "Nothing moves now.".into() }).await;
        assert_eq!(house.model.request_count(), asked);
        live.say(Input::Resume).await;
        let run = live.end().await;
        assert!(
            matches!(run.end, Ok(DriveEnd::Ended(Status::Completed))),
            "{} {:?}",
            run.story(),
            house.model.complaints()
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_it_ends_at_once_with_its_commands() {
    let endless = r#"
[[scene]]
duty = "work"
[[scene.turn]]
calls = [{ tool = "run_command", args = { command = "sleep 4242.4242" } }]
"#;
    each_database(async |storage| {
        let house = House::playing(&storage, &[endless, &one_part(), WILLING], project()).await;
        let live = Live::start(&house, house.small(SOLO)).await;
        live.until_event(|body| matches!(body, EventBody::ToolStarted { .. })).await;
        live.say(Input::Cancel { reason: "changed my mind".into() }).await;
        let run = live.end().await;
        assert!(matches!(run.end, Ok(DriveEnd::Ended(Status::Cancelled))), "{}", run.story());
        assert_eq!(run.count(|body| matches!(body, EventBody::ToolFinished { .. })), 0);
        assert!(!is_running("4242.4242"), "the command lives on");
    })
    .await;
}

/// Whether a process of the machine still has this argument.
fn is_running(argument: &str) -> bool {
    std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|word| word == argument.as_bytes())
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_while_a_model_answers_the_call_is_settled() {
    let slow = "[[scene]]\nduty = \"work\"\ndelay_ms = 600000\nsay = \"…\"\n";
    each_database(async |storage| {
        let scenario = squad_scripted::Scenario::parse(&[slow, &one_part(), WILLING].join("\n")).unwrap();
        let house = House::patient(&storage, scenario, project()).await;
        let live = Live::start(&house, house.small(SOLO)).await;
        live.until_event(
            |body| matches!(body, EventBody::ModelCallStarted { lane, .. } if lane.as_str().starts_with("work/")),
        )
        .await;
        live.say(Input::Cancel { reason: "too slow".into() }).await;
        let run = live.end().await;
        assert!(matches!(run.end, Ok(DriveEnd::Ended(Status::Cancelled))), "{}", run.story());
        let calls = storage.model_calls(run.id).await.unwrap();
        assert!(calls.iter().all(|call| call.finished_at.is_some()), "{calls:?}");
        let scope = squad_storage::BudgetScope::Execution(run.id);
        let budget = storage.budget(&scope).await.unwrap().unwrap();
        assert_eq!((budget.reserved, budget.spent), (Default::default(), run.state.cost()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swapped_model_answers_from_the_next_call_on() {
    each_database(async |storage| {
        let house = House::playing(&storage, &[ASKING, &one_part(), WILLING], project()).await;
        let mut spec = house.small(SOLO);
        let price = *spec.models.prices.values().next().unwrap();
        spec.models.prices.insert("scripted/other".parse().unwrap(), price);
        let live = Live::start(&house, spec).await;
        let question = live.asked(|_| true).await;
        live.say(Input::SwapModel { member: Some("Sam".into()), model: "scripted/other".parse().unwrap() })
            .await;
        live.answer(&question, Answer::Text { text: "English".into() }).await;
        live.asked(|question| matches!(question.subject, Subject::Stuck { .. })).await;
        let models: Vec<String> = house
            .model
            .requests()
            .into_iter()
            .filter(|request| request.assignment.duty.as_deref() == Some("work"))
            .map(|request| request.model)
            .collect();
        assert_eq!(models, ["demo", "other"]);
        live.say(Input::Cancel { reason: "seen enough".into() }).await;
        live.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_plan_is_made_again_with_the_reason() {
    each_database(async |storage| {
        let house = House::playing(&storage, &[&one_part(), WILLING], project()).await;
        let spec = ExecutionSpec { approval: ApprovalPolicy::Always, ..house.small(SOLO) };
        let live = Live::start(&house, spec).await;
        let first =
            live.asked(|question| matches!(question.subject, Subject::PlanApproval { version: 1 })).await;
        assert!(first.text.contains("Part s1"), "{}", first.text);
        live.answer(&first, Answer::Reject { reason: "Say it in one word.".into() }).await;
        let second =
            live.asked(|question| matches!(question.subject, Subject::PlanApproval { version: 2 })).await;
        live.answer(&second, Answer::Approve { note: "Mind the comma.".into() }).await;
        let run = live.end().await;
        assert!(matches!(run.end, Ok(DriveEnd::Ended(Status::Completed))), "{}", run.story());
        let saw = |duty: &str, words: &str| {
            house.model.requests().iter().any(|request| {
                request.assignment.duty.as_deref() == Some(duty) && request.body.to_string().contains(words)
            })
        };
        assert!(saw("plan", "Say it in one word."), "the planner reads why");
        assert!(saw("work", "Mind the comma."), "the remark reaches those who work");
    })
    .await;
}
