//! Many executions in one process: those that wait for a person should cost next to nothing, and those that work should
//! share what there is.

use crate::model::Model;
use crate::stats::{Times, ms, resident, say};
use crate::turns::{engine, notes, spec};
use squad_domain::execution::{ExecutionSpec, NewEvent};
use squad_domain::ids::ExecutionId;
use squad_domain::message::Actor;
use squad_domain::squad::ApprovalPolicy;
use squad_engine::{DriveEnd, DriveOptions, Engine};
use squad_storage::{Guard, Storage};
use squad_testkit::{Backend, TestDatabase};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Measures on both databases and prints what it finds.
///
/// # Errors
/// Where something does not run.
pub async fn measure(waiting: usize, active: usize, turns: usize) -> anyhow::Result<()> {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let database = TestDatabase::new(backend).await;
        say(&format!("{backend:?}: {waiting} waiting, {active} active of {turns} turns each"));
        on(database.open().await, waiting, active, turns).await?;
        database.remove().await;
    }
    Ok(())
}

async fn on(storage: Storage, waiting: usize, active: usize, turns: usize) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let model = Model::start(turns).await?;
    let repository = notes(turns + 2);
    let engine = engine(folder.path(), storage.clone(), "bench");
    let empty = resident(std::process::id());

    let patient = ExecutionSpec {
        approval: ApprovalPolicy::Always,
        ..spec(&model, repository.path(), "patient", turns)
    };
    wait_for_a_person(&engine, &storage, &patient, waiting).await?;
    let before = resident(std::process::id());
    say(&format!("  resident memory: {empty} MiB empty, {before} MiB with those that wait"));

    let stop = CancellationToken::new();
    let worker = {
        let (engine, stop) = (engine.clone(), stop.clone());
        tokio::spawn(async move { engine.work(active, stop).await })
    };
    let names: Vec<String> = (0..active).map(|n| format!("a{n}")).collect();
    let begin = Instant::now();
    let mut ids = Vec::new();
    for name in &names {
        ids.push(engine.start(spec(&model, repository.path(), name, turns), "bench").await?);
    }
    let peak = finished(&engine, &ids).await?;
    let took = begin.elapsed();
    stop.cancel();
    worker.await??;
    told(&model, &names, took, peak);
    Ok(())
}

/// One is driven until it waits; the others get the same log.
async fn wait_for_a_person(
    engine: &Engine,
    storage: &Storage,
    spec: &ExecutionSpec,
    many: usize,
) -> anyhow::Result<()> {
    let first = engine.start(spec.clone(), "bench").await?;
    let end = engine.drive(first, &DriveOptions::default()).await?;
    anyhow::ensure!(end == DriveEnd::Waiting, "it does not wait: {end:?}");
    let (_, log) = engine.load(first).await?;
    let rest: Vec<NewEvent> = log
        .iter()
        .skip(1)
        .map(|event| NewEvent { actor: event.actor.clone(), body: event.body.clone() })
        .collect();
    for _ in 1..many {
        let (id, now) = (ExecutionId(engine.clock().new_id()), engine.clock().now());
        storage.create_execution(id, spec, Actor::Person("bench".to_owned()), now).await?;
        storage.append(id, Guard { expected_seq: 1, fence: None }, now, rest.clone()).await?;
    }
    Ok(())
}

/// Waits until all have ended; gives the most memory that was seen, in MiB.
async fn finished(engine: &Engine, ids: &[ExecutionId]) -> anyhow::Result<u64> {
    let mut peak = 0;
    for id in ids {
        let mut seq = 0;
        loop {
            peak = peak.max(resident(std::process::id()));
            let (state, _) = engine.load(*id).await?;
            if state.status.is_terminal() {
                anyhow::ensure!(state.delivery.is_some(), "it did not complete: {}", state.reason);
                break;
            }
            seq = seq.max(state.seq);
            engine.events_after(*id, seq).await?;
        }
    }
    Ok(peak)
}

fn told(model: &Model, names: &[String], took: Duration, peak: u64) {
    let asked: Vec<Vec<Instant>> = names.iter().map(|name| model.asked(name)).collect();
    let turns: usize = asked.iter().map(Vec::len).sum();
    let (first, last) = (asked.iter().flatten().min(), asked.iter().flatten().max());
    let working = first.zip(last).map(|(first, last)| *last - *first).unwrap_or_default();
    let gaps: Times = asked.iter().flat_map(|times| times.windows(2).map(|two| two[1] - two[0])).collect();
    let spans: Times = asked.iter().filter_map(|times| Some(*times.last()? - *times.first()?)).collect();
    #[expect(clippy::cast_precision_loss, reason = "a count of turns")]
    let rate = turns as f64 / working.as_secs_f64().max(f64::MIN_POSITIVE);
    say(&format!(
        "  all completed in {:.1} s; {rate:.0} turns per second while they worked; at most {peak} MiB",
        took.as_secs_f64()
    ));
    say(&format!("  a turn: {}, 99 of 100 within {}", gaps.told(), ms(gaps.quantile(0.99))));
    say(&format!(
        "  fairness: the work of one took {}, the slowest {}",
        spans.told(),
        ms(spans.quantile(1.0))
    ));
}
