//! The parts of a turn, on the log of a real lane of a thousand turns. Whole runs: `squad-bench`.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use squad_agents::Prompts;
use squad_bench::turns::{self, Lane};
use squad_domain::execution::{Event, EventBody, ExecutionState, NewEvent, decide};
use squad_domain::ids::ExecutionId;
use squad_domain::message::Actor;
use squad_storage::{Guard, Storage};
use std::hint::black_box;
use tokio::runtime::Runtime;

/// Turns at which each part is looked at.
const PLACES: &[usize] = &[50, 1000];

/// The log up to just after that many calls of the work lane have ended.
fn upto(events: &[Event], turns: usize) -> &[Event] {
    let of_work = |event: &Event| matches!(&event.body, EventBody::ModelCallFinished { lane, .. } if lane.as_str().starts_with("work/"));
    let end = events.iter().enumerate().filter(|(_, event)| of_work(event)).nth(turns - 1);
    &events[..=end.map_or(events.len() - 1, |(at, _)| at)]
}

fn parts(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime can be made");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let Lane { events, .. } =
        runtime.block_on(turns::lane(folder.path(), 1000, turns::GROWING)).expect("the lane completes");
    let prompts = Prompts::embedded();

    for turns in PLACES {
        let log = upto(&events, *turns);
        let state = ExecutionState::fold(log).expect("the log folds");
        criterion.bench_with_input(BenchmarkId::new("fold a log", turns), &log, |bencher, log| {
            bencher.iter(|| ExecutionState::fold(black_box(*log)).expect("the log folds"));
        });
        criterion.bench_with_input(BenchmarkId::new("decide", turns), &state, |bencher, state| {
            bencher.iter(|| decide(black_box(state)));
        });
        let lane = state.lanes.values().find(|lane| lane.id.as_str().starts_with("work/")).expect("it works");
        criterion.bench_with_input(
            BenchmarkId::new("assemble a request", turns),
            &state,
            |bencher, state| {
                bencher.iter(|| squad_agents::request(&prompts, black_box(state), lane));
            },
        );
    }
    appends(criterion, &runtime, folder.path(), &events);
}

/// What a turn appends, in two transactions, on a log that grows while it is measured.
fn appends(criterion: &mut Criterion, runtime: &Runtime, folder: &std::path::Path, events: &[Event]) {
    let url = squad_storage::sqlite_url(&folder.join("appends.db"));
    let storage = runtime.block_on(async {
        let storage = Storage::connect(&url).await.expect("the database opens");
        storage.migrate().await.expect("it is new");
        storage
    });
    let Some(EventBody::ExecutionCreated { spec }) = events.first().map(|event| event.body.clone()) else {
        unreachable!("every log begins like that")
    };
    let id = ExecutionId("019a8f00-0000-7000-8000-0000000000aa".parse().expect("a constant id"));
    let at = events[0].at;
    let created = storage.create_execution(id, &spec, Actor::Engine, at);
    runtime.block_on(created).expect("it is new");
    let remembered =
        NewEvent::engine(EventBody::StepFailed { step: "bench".into(), message: "x".repeat(300) });
    let mut seq = 1;
    criterion.bench_function("append one event, durable", |bencher| {
        bencher.iter(|| {
            let guard = Guard { expected_seq: seq, fence: None };
            let appended = storage.append(id, guard, at, vec![remembered.clone()]);
            runtime.block_on(appended).expect("nobody else appends");
            seq += 1;
        });
    });
}

criterion_group! {
    name = all;
    config = Criterion::default().sample_size(20);
    targets = parts
}
criterion_main!(all);
