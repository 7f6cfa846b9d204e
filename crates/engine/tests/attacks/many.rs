//! Many executions in one process, ended in every way there is: nothing is left of any of them.

use crate::house::{House, Run, SOLO, TestClock};
use crate::live::Live;
use crate::scenes::{WILLING, one_part, project};
use crate::tier;
use squad_domain::execution::{EventBody, ExecutionSpec, Status};
use squad_domain::ids::ExecutionId;
use squad_engine::{DriveEnd, DriveOptions, Engine, EngineConfig, Input};
use squad_testkit::{Backend, TestDatabase, VirtualClock};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

/// Longer than a lease.
const LEASE_IS_OVER: Duration = Duration::from_secs(11);

/// A command to be in the middle of, which leaves processes behind if it can.
const SLOW: &str = r#"
[[scene]]
duty = "work"
when = "Take your time"
calls = [{ tool = "run_command", args = { command = "setsid sleep 614.5 & sleep 614.5" } }]
"#;

/// How an execution comes to its end.
const ENDS: [End; 4] = [End::Completed, End::Cancelled, End::Killed, End::Failed];

#[derive(Clone, Copy)]
enum End {
    Completed,
    Cancelled,
    Killed,
    Failed,
}

fn count() -> usize {
    std::env::var("SQUAD_EXECUTIONS").map_or(16, |text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_many_executions() {
    let database = TestDatabase::new(Backend::Sqlite).await;
    let storage = database.open().await;
    let house = House::playing(&storage, &[SLOW, &one_part(), WILLING], project()).await;
    let clock = VirtualClock::default();
    let engine = |worker: &str| {
        let clock = Arc::new(TestClock::new(&clock));
        Engine::new(EngineConfig { clock, ..house.config(worker, tier::sandbox()) })
    };
    let (total, mut warm) = (count(), None);
    let mut delivered = 0;
    for number in 0..total {
        let end = ENDS[number % ENDS.len()];
        delivered += usize::from(matches!(end, End::Completed));
        let id = play(&house, &engine, &clock, end, number).await;
        engine("cleaner").remove_files(id).await.unwrap();
        // Every way to end was gone twice: what is kept for good is there by now.
        if number + 1 == 2 * ENDS.len() {
            let held = Held::now();
            eprintln!("after {} executions: {held:?}", number + 1);
            warm = Some(held);
        }
        if (number + 1) % 100 == 0 {
            eprintln!("after {} executions: {:?}", number + 1, Held::now());
        }
    }
    let held = Held::now();
    eprintln!("after {total} executions: {held:?}");
    let warm = warm.expect("there are enough executions to compare");
    assert!(held.files <= warm.files + 4, "open files grew from {} to {}", warm.files, held.files);
    assert_eq!(held.mounts, warm.mounts);
    assert_eq!(below(&house.data().join("executions")), Vec::<String>::new());
    assert_eq!(groups(), Vec::<String>::new());
    assert_eq!(called("614.5"), Vec::<String>::new());
    let branches = house.git(&["for-each-ref", "--format=%(refname)"]);
    assert_eq!(branches.lines().count(), 1 + delivered, "the user's own and those delivered: {branches}");
    assert_eq!(house.git(&["worktree", "list"]).lines().count(), 1);
    assert_eq!(house.git(&["status", "--porcelain"]), "");
    database.remove().await;
}

async fn play(
    house: &House,
    engine: &impl Fn(&str) -> Engine,
    clock: &VirtualClock,
    end: End,
    number: usize,
) -> ExecutionId {
    let slow = matches!(end, End::Cancelled | End::Killed);
    let mut spec = house.small(SOLO);
    spec.branch = None;
    if slow {
        spec.task.description = "Take your time.".into();
    }
    if matches!(end, End::Failed) {
        spec = ExecutionSpec { setup_command: Some("exit 3".into()), ..spec };
    }
    let first = engine(&format!("worker-{number}"));
    let id = first.start(spec, "ada").await.unwrap();
    if !slow {
        let driven = first.drive(id, &DriveOptions::default()).await;
        let run = Run::of(&first, id, driven).await;
        let wanted = if matches!(end, End::Failed) { Status::Failed } else { Status::Completed };
        assert!(matches!(run.end, Ok(DriveEnd::Ended(status)) if status == wanted), "{}", run.story());
        return id;
    }
    let busy =
        |body: &EventBody| matches!(body, EventBody::ToolStarted { tool, .. } if tool == "run_command");
    let mut live = Live::drive(first, id, true);
    live.until_event(busy).await;
    if matches!(end, End::Killed) {
        live.kill().await;
        clock.advance(LEASE_IS_OVER);
        live = Live::drive(engine(&format!("heir-{number}")), id, true);
        live.until_event(|body| matches!(body, EventBody::TakenUp { .. })).await;
    }
    live.say(Input::Cancel { reason: "enough".into() }).await;
    let run = live.end().await;
    assert!(matches!(run.end, Ok(DriveEnd::Ended(Status::Cancelled))), "{}", run.story());
    id
}

/// What this process holds.
#[derive(Debug)]
struct Held {
    files: usize,
    mounts: usize,
    #[expect(dead_code, reason = "told, not judged: an allocator keeps what it likes")]
    resident_kib: u64,
}

impl Held {
    fn now() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        Self {
            files: std::fs::read_dir("/proc/self/fd").unwrap().count(),
            mounts: std::fs::read_to_string("/proc/self/mountinfo").unwrap().lines().count(),
            resident_kib: resident.split_whitespace().next().unwrap().parse().unwrap(),
        }
    }
}

/// Control groups of runs whose launcher is gone.
fn groups() -> Vec<String> {
    let found =
        Command::new("find").args(["/sys/fs/cgroup", "-type", "d", "-name", "squad-run-*"]).output().unwrap();
    let orphaned = |path: &&str| {
        let launcher = path.rsplit("squad-run-").next().unwrap_or_default();
        !Path::new("/proc").join(launcher).exists() && Path::new(path).exists()
    };
    let text = String::from_utf8(found.stdout).unwrap();
    text.lines().filter(orphaned).map(str::to_owned).collect()
}

fn called(word: &str) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|entry| {
            let line = std::fs::read(entry.path().join("cmdline")).ok()?;
            let has = line.split(|byte| *byte == 0).any(|part| part == word.as_bytes());
            has.then(|| entry.path().display().to_string())
        })
        .collect()
}

fn below(folder: &Path) -> Vec<String> {
    std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().display().to_string())
        .collect()
}
