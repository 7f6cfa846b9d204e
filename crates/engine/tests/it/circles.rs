//! Lanes that run in circles, run out of turns, outgrow their context, or meet a bug.

use crate::house::{House, SOLO, launcher};
use crate::live::Live;
use crate::scenes::{WILLING, one_part, project};
use async_trait::async_trait;
use squad_domain::execution::guard::GuardAction;
use squad_domain::execution::{EventBody, Status};
use squad_domain::model::Purpose;
use squad_domain::question::{Answer, Subject};
use squad_engine::{DriveEnd, Engine};
use squad_sandbox::{BuiltinSandbox, ProbeReport, Sandbox, SandboxError, Session, Tier, WorkspaceSpec};
use squad_testkit::each_database;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

const READ: &str = "calls = [{ tool = \"read_file\", args = { path = \"greeting.txt\" } }]\n";
const DONE: &str = "calls = [{ tool = \"write_file\", args = { path = \"greeting.txt\", content = \"hello\\n\" } }, { tool = \"submit_work\", args = { summary = \"Done.\" } }]\n";

fn reads(times: usize) -> String {
    let turns = format!("[[scene.turn]]\n{READ}").repeat(times);
    format!("[[scene]]\nduty = \"work\"\n{turns}[[scene.turn]]\n{DONE}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_circle_is_met_with_a_hint_then_with_a_person_who_lets_it_go_on() {
    each_database(async |storage| {
        let house = House::playing(&storage, &[&reads(6), &one_part(), WILLING], project()).await;
        let live = Live::start(&house, house.small(SOLO)).await;
        let question = live.asked(|question| matches!(question.subject, Subject::Loop { .. })).await;
        assert!(question.text.contains("read_file"), "{}", question.text);
        live.answer(&question, Answer::Retry { note: "Write it at last.".into() }).await;
        let run = live.end().await;
        assert!(
            matches!(run.end, Ok(DriveEnd::Ended(Status::Completed))),
            "{} {:?}",
            run.story(),
            house.model.complaints()
        );
        let actions: Vec<GuardAction> = run
            .events
            .iter()
            .filter_map(|event| match &event.body {
                EventBody::LoopDetected { action, .. } => Some(*action),
                _ => None,
            })
            .collect();
        assert_eq!(actions, [GuardAction::Hint, GuardAction::Block]);
        let heard = |words: &str| {
            house.model.requests().iter().any(|request| request.body.to_string().contains(words))
        };
        assert!(heard("run in circles") && heard("Write it at last."));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_out_of_turns_asks_for_more() {
    let many: String = (0..4)
        .map(|n| format!("[[scene.turn]]\ncalls = [{{ tool = \"run_command\", args = {{ command = \"echo {n}\" }} }}]\n"))
        .collect();
    let scene = format!("[[scene]]\nduty = \"work\"\n{many}[[scene.turn]]\n{DONE}");
    each_database(async |storage| {
        let house = House::playing(&storage, &[&scene, &one_part(), WILLING], project()).await;
        let mut spec = house.small(SOLO);
        spec.squad.members[0].max_turns = 3;
        let live = Live::start(&house, spec).await;
        let question =
            live.asked(|question| matches!(question.subject, Subject::Turns { limit: 3, .. })).await;
        live.answer(&question, Answer::Retry { note: String::new() }).await;
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
async fn a_long_lane_is_condensed_and_still_comes_to_its_end() {
    // Each of eight turns prints 4 kB; the room is 24 kB. The notes say how far the work is.
    let scenes = r#"
[[scene]]
duty = "summarize"
say = "I have printed a lot. Next: write greeting.txt."

[[scene]]
duty = "work"
when = "Next: write greeting.txt"
calls = [{ tool = "write_file", args = { path = "greeting.txt", content = "hello\n" } }, { tool = "submit_work", args = { summary = "Done." } }]
repeat = true

[[scene]]
duty = "work"
repeat = true
[[scene.turn]]
calls = [{ tool = "run_command", args = { command = "head -c 4000 /dev/urandom | od -An -tx1 | head -c 4000" } }]
"#;
    each_database(async |storage| {
        let house = House::playing(&storage, &[scenes, &one_part(), WILLING], project()).await;
        let mut spec = house.small(SOLO);
        spec.limits.context_bytes = 24_000;
        let run = house.run(spec).await;
        assert!(
            matches!(run.end, Ok(DriveEnd::Ended(Status::Completed))),
            "{} {:?}",
            run.story(),
            house.model.complaints()
        );
        assert_eq!(run.count(|body| matches!(body, EventBody::Condensed { .. })), 1);
        let asked =
            run.count(|body| matches!(body, EventBody::ModelCallStarted { purpose: Purpose::Summarize, .. }));
        assert_eq!(asked, 1);
    })
    .await;
}

/// A sandbox with a bug: it panics before the first sessions of the sub-task.
struct Broken {
    inner: BuiltinSandbox,
    panics: AtomicU32,
}

#[async_trait]
impl Sandbox for Broken {
    fn tier(&self) -> Tier {
        self.inner.tier()
    }

    async fn prepare(&self, spec: WorkspaceSpec) -> Result<Arc<dyn Session>, SandboxError> {
        if spec.id.ends_with("s1") {
            let left =
                self.panics.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            assert!(left.is_err(), "a bug");
        }
        self.inner.prepare(spec).await
    }

    async fn probe(&self) -> Result<ProbeReport, SandboxError> {
        self.inner.probe().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_panics_asks_a_person_and_is_done_again_when_they_say_so() {
    let runs = format!(
        "[[scene]]\nduty = \"work\"\n[[scene.turn]]\ncalls = [{{ tool = \"run_command\", args = {{ command = \"echo run\" }} }}]\n[[scene.turn]]\n{DONE}"
    );
    each_database(async |storage| {
        let house = House::playing(&storage, &[&runs, &one_part(), WILLING], project()).await;
        let sandbox = Broken { inner: BuiltinSandbox::new(launcher()), panics: AtomicU32::new(2) };
        let engine = Engine::new(house.config("worker-1", Arc::new(sandbox)));
        let id = engine.start(house.small(SOLO), "ada").await.unwrap();
        let live = Live::drive(engine, id, true);
        let first = live.asked(|question| matches!(question.subject, Subject::Fault { .. })).await;
        live.answer(&first, Answer::Retry { note: String::new() }).await;
        let second = live.asked(|question| question.number() > first.number()).await;
        assert_eq!(first.subject, second.subject);
        live.answer(&second, Answer::Retry { note: String::new() }).await;
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
