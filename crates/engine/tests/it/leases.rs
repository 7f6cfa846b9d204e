//! Who may drive: one worker at a time, and a worker that cannot lets others.

use crate::house::{FIVE, House, SOLO, TestClock, launcher};
use crate::live::Live;
use crate::scenes::{WILLING, one_part, project};
use squad_domain::execution::{EventBody, ExecutionSpec, Status};
use squad_domain::money::MicroUsd;
use squad_domain::question::{Answer, Subject};
use squad_domain::squad::ApprovalPolicy;
use squad_engine::{DriveEnd, Engine, EngineConfig, EngineError, Input};
use squad_sandbox::BuiltinSandbox;
use squad_scripted::Scenario;
use squad_storage::BudgetScope;
use squad_testkit::{Backend, TestDatabase, VirtualClock, each_database};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

fn at(house: &House, worker: &str, clock: &VirtualClock) -> EngineConfig {
    let sandbox = Arc::new(BuiltinSandbox::new(launcher()));
    EngineConfig { clock: Arc::new(TestClock::new(clock)), ..house.config(worker, sandbox) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_lease_was_taken_writes_nothing_more() {
    let slow = "[[scene]]\nduty = \"work\"\ndelay_ms = 600000\nsay = \"…\"\n[[scene]]\nduty = \"work\"\nsay = \"…\"\n";
    each_database(async |storage| {
        let scenario = Scenario::parse(&[slow, &one_part(), WILLING].join("\n")).unwrap();
        let house = House::patient(&storage, scenario, project()).await;
        let clock = VirtualClock::default();
        let first = Engine::new(at(&house, "worker-1", &clock));
        let id = first.start(house.small(SOLO), "ada").await.unwrap();
        let zombie = Live::drive(first, id, true);
        let at_work = |body: &EventBody| {
            matches!(body, EventBody::ModelCallStarted { lane, .. } if lane.as_str() == "work/s1/1")
        };
        zombie.until_event(at_work).await;
        clock.advance(Duration::from_secs(11));
        let heir = Live::drive(Engine::new(at(&house, "worker-2", &clock)), id, true);
        heir.until_event(|body| matches!(body, EventBody::TakenUp { worker } if worker == "worker-2")).await;

        let lost = zombie.end().await;
        assert!(matches!(lost.end, Err(EngineError::LeaseLost(_))), "{}", lost.story());
        heir.say(Input::Cancel { reason: "seen enough".into() }).await;
        let run = heir.end().await;
        assert!(matches!(run.end, Ok(DriveEnd::Ended(Status::Cancelled))), "{}", run.story());
        let last = run.events.iter().rposition(|event| matches!(event.body, EventBody::TakenUp { .. }));
        let since: Vec<&str> = run.events[last.unwrap()..].iter().map(|event| event.body.kind()).collect();
        assert_eq!(since, ["taken_up", "state_changed", "model_call_failed"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_cannot_begin_gives_the_lease_back() {
    each_database(async |storage| {
        let house = House::playing(&storage, &[&one_part(), WILLING], project()).await;
        let mut spec = house.small(SOLO);
        for endpoint in spec.models.providers.values_mut() {
            endpoint.api_key_env = Some("THE_KEY".into());
        }
        let clock = VirtualClock::default();
        let with_key: fn(&str) -> Option<String> = |name| (name == "THE_KEY").then(|| "secret".into());
        let without: fn(&str) -> Option<String> = |_| None;
        let engine = |worker: &str, environment| {
            Engine::new(EngineConfig { environment: Arc::new(environment), ..at(&house, worker, &clock) })
        };
        let id = engine("worker-1", with_key).start(spec, "ada").await.unwrap();
        let failed = engine("worker-1", without).drive(id, &Default::default()).await;
        assert!(matches!(&failed, Err(EngineError::Models(why)) if why.contains("THE_KEY")), "{failed:?}");
        // The clock stands still: a lease that was kept would never run out.
        let run = Live::drive(engine("worker-2", with_key), id, false).end().await;
        assert!(matches!(run.end, Ok(DriveEnd::Ended(Status::Completed))), "{}", run.story());
        assert_eq!(run.count(|body| matches!(body, EventBody::TakenUp { .. })), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_a_worker_that_died_right_after_the_end_are_removed() {
    each_database(async |storage| {
        let house = House::playing(&storage, &[&one_part(), WILLING], project()).await;
        let run = house.run(house.small(SOLO)).await;
        let left = house.data().join("executions").join(run.id.to_string());
        std::fs::create_dir_all(left.join("worktrees")).unwrap();
        let end = house.engine("worker-2").drive(run.id, &Default::default()).await;
        assert_eq!(end.unwrap(), DriveEnd::Ended(Status::Completed));
        assert!(!left.exists());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_takes_up_whatever_can_go_on_and_leaves_what_waits() {
    each_database(async |storage| {
        let house = House::playing(&storage, &[&one_part(), WILLING], project()).await;
        let engine = house.engine("worker-1");
        let stop = CancellationToken::new();
        let worker = tokio::spawn({
            let (engine, stop) = (engine.clone(), stop.clone());
            async move { engine.work(2, stop).await }
        });
        let mut ids = Vec::new();
        for approval in [ApprovalPolicy::Always, ApprovalPolicy::Never, ApprovalPolicy::Never] {
            let spec = ExecutionSpec { approval, ..house.small(SOLO) };
            ids.push(engine.start(spec, "ada").await.unwrap());
        }
        for id in &ids[1..] {
            ended(&engine, *id).await;
        }
        let waits = loop {
            let (state, _) = engine.load(ids[0]).await.unwrap();
            if let Some(question) = state.open_questions().next() {
                break question.clone();
            }
            engine.events_after(ids[0], state.seq).await.unwrap();
        };
        assert!(matches!(waits.subject, Subject::PlanApproval { .. }));
        let answer = Answer::Approve { note: String::new() };
        engine.input(ids[0], "ada", Input::Answer { question: waits.id, answer }).await.unwrap();
        ended(&engine, ids[0]).await;
        stop.cancel();
        worker.await.unwrap().unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_break_again_and_again_do_nothing_twice() {
    let database = TestDatabase::new(Backend::Postgres).await;
    let storage = database.open().await;
    let house = House::new(&storage, Scenario::demo()).await.with_sample();
    let live = Live::start(&house, house.spec(FIVE, squad_scripted::SAMPLE_TASK.title)).await;
    let breaks = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                  WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let mut broken = 0;
    let breaker = async {
        loop {
            let psql = tokio::process::Command::new("psql").args([database.url(), "-qAtc", breaks]).output();
            assert!(psql.await.unwrap().status.success());
            broken += 1;
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
    };
    let id = live.id;
    let run = tokio::select! {
        end = live.ended() => end,
        () = breaker => unreachable!(),
    };
    assert!(broken > 3, "it was over before anything broke");
    assert!(matches!(run, Ok(DriveEnd::Ended(Status::Completed))), "{run:?}");
    let events = storage.events(id, 0, 10_000).await.unwrap();
    let mut finished = std::collections::BTreeSet::new();
    for event in &events {
        if let EventBody::ModelCallFinished { step, .. } | EventBody::ToolFinished { step, .. } = &event.body
        {
            assert!(finished.insert(step.clone()), "`{step}` finished twice");
        }
    }
    let finished = events.iter().filter(|event| matches!(event.body, EventBody::ModelCallFinished { .. }));
    assert_eq!(house.model.request_count(), finished.count(), "no call was made twice");
    storage.close().await;
    drop(house);
    database.remove().await;
}

async fn ended(engine: &Engine, id: squad_domain::ids::ExecutionId) {
    loop {
        let (state, _) = engine.load(id).await.unwrap();
        if state.status.is_terminal() {
            assert_eq!(state.status, Status::Completed);
            return;
        }
        engine.events_after(id, state.seq).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organizations_budget_is_raised_where_it_was_set_and_the_call_tried_again() {
    each_database(async |storage| {
        let house = House::playing(&storage, &[&one_part(), WILLING], project()).await;
        let spec = house.small(SOLO);
        let org = BudgetScope::Org(spec.org);
        storage.set_budget(&org, Some(MicroUsd::from_micros(1))).await.unwrap();
        let live = Live::start(&house, spec).await;
        let question = live.asked(|question| matches!(question.subject, Subject::Budget { .. })).await;
        assert!(question.text.contains("the organization"), "{}", question.text);
        assert_eq!(question.options, ["retry", "stop"]);
        storage.set_budget(&org, None).await.unwrap();
        live.answer(&question, Answer::Retry { note: String::new() }).await;
        let run = live.end().await;
        assert!(matches!(run.end, Ok(DriveEnd::Ended(Status::Completed))), "{}", run.story());
        assert_eq!(run.state.spec.budget, None, "the execution got no limit that nobody asked for");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_driven_in_a_weaker_sandbox_than_it_was_started_for() {
    each_database(async |storage| {
        let house = House::playing(&storage, &[&one_part(), WILLING], project()).await;
        let engine = house.engine("worker-1");
        let spec = ExecutionSpec { sandbox: "gvisor".into(), ..house.small(SOLO) };
        let id = engine.start(spec, "ada").await.unwrap();
        let refused = engine.drive(id, &Default::default()).await;
        assert!(
            matches!(refused, Err(EngineError::WeakerSandbox { ref asked, .. }) if asked == "gvisor"),
            "{refused:?}"
        );
        assert!(house.model.requests().is_empty());
    })
    .await;
}
