//! Processes that want to outlive their command, and processes of others.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use squad_sandbox::{Command, ExecOptions, ExitStatus, Tier};
use tokio_util::sync::CancellationToken;

use crate::support::{alive, contained, room, tier};

/// Starts three kinds of survivors, then says so. Each carries the marker in its command line.
fn survivors(marker: &str) -> String {
    format!(
        "sleep 600.{marker} & setsid sleep 600.{marker} & (setsid sh -c 'sleep 600.{marker} & sleep 600.{marker}' &) & \
         python3 -c 'import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0: os.execvp(\"sleep\", [\"sleep\", \"600.{marker}\"])
    os._exit(0)
os.wait()'
         sleep 0.2; echo started"
    )
}

/// A marker that no test of another process uses: the suite runs for several users at a time.
fn marker(number: u32) -> String {
    format!("{number}{}", std::process::id())
}

async fn until_gone(marker: &str) {
    while !alive(marker).is_empty() {
        tokio::task::yield_now().await;
    }
}

/// A callback that wakes whoever waits for the first output.
fn first_output() -> (ExecOptions, Arc<tokio::sync::Notify>) {
    let seen = Arc::new(tokio::sync::Notify::new());
    let notify = seen.clone();
    let output = Arc::new(move |_: &[u8]| notify.notify_one());
    (ExecOptions { output: Some(output), cancel: CancellationToken::new() }, seen)
}

#[tokio::test]
async fn nothing_outlives_the_command() {
    let room = room().await;
    room.ok(&survivors(&marker(71001))).await;
    assert_eq!(alive(&marker(71001)), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn nothing_outlives_a_cancelled_command() {
    let room = room().await;
    let (options, seen) = first_output();
    let cancel = options.cancel.clone();
    let command = Command::new(survivors(&marker(71002)) + "; sleep 600");
    let running = tokio::spawn(async move { room.session.exec(command, options).await.unwrap() });
    seen.notified().await;
    cancel.cancel();
    assert_eq!(running.await.unwrap().status, ExitStatus::Cancelled);
    assert_eq!(alive(&marker(71002)), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn nothing_outlives_a_dropped_future_or_a_killed_session() {
    let room = Arc::new(room().await);
    let (options, seen) = first_output();
    let (session, command) = (room.session.clone(), Command::new(survivors(&marker(71003)) + "; sleep 600"));
    let running = tokio::spawn(async move { session.exec(command, options).await });
    seen.notified().await;
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    until_gone(&marker(71003)).await;

    let (options, seen) = first_output();
    let (session, command) = (room.session.clone(), Command::new(survivors(&marker(71004)) + "; sleep 600"));
    let running = tokio::spawn(async move { session.exec(command, options).await });
    seen.notified().await;
    room.session.kill().await;
    assert_eq!(running.await.unwrap().unwrap().status, ExitStatus::Cancelled);
    assert_eq!(room.ok("echo usable again").await, "usable again\n");
    room.session.destroy().await;
    assert!(room.session.exec(Command::new("true"), ExecOptions::default()).await.is_err());
}

/// Runs this test binary again as the "server" and kills it in the middle of a command.
#[tokio::test]
async fn nothing_outlives_a_killed_server_or_launcher() {
    const ROLE: &str = "SQUAD_TEST_PLAYS_SERVER";
    if let Ok(marker) = std::env::var(ROLE) {
        let room = room().await;
        room.run(&(survivors(&marker) + "; sleep 600")).await;
        return;
    }
    for (number, victim) in [(71005, "server"), (71006, "launcher")] {
        let marker = marker(number);
        let mut server = tokio::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "processes::nothing_outlives_a_killed_server_or_launcher", "--nocapture"])
            .env(ROLE, &marker)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server_id = server.id().unwrap().cast_signed();
        while alive(&marker).len() < 4 {
            assert!(server.try_wait().unwrap().is_none(), "the server ended early");
            tokio::task::yield_now().await;
        }
        let target = match victim {
            "server" => server_id,
            _ if contained() => process_one_of(&alive(&marker)[0]),
            _ => child_of(server_id),
        };
        let target = rustix::process::Pid::from_raw(target).unwrap();
        rustix::process::kill_process(target, rustix::process::Signal::KILL).unwrap();
        server.wait().await.unwrap();
        until_gone(&marker).await;
    }
}

/// Process 1 of the container that a process is in, as the host numbers it.
fn process_one_of(member: &std::path::Path) -> i32 {
    let namespace = |process: &std::path::Path| std::fs::read_link(process.join("ns/pid")).ok();
    let wanted = namespace(member).unwrap();
    let processes = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let keeps = |process: &PathBuf| {
        let line = std::fs::read(process.join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains("__sandbox_keeper")
            && namespace(process).as_ref() == Some(&wanted)
    };
    let found = processes.into_iter().find(keeps).unwrap();
    found.file_name().unwrap().to_str().unwrap().parse().unwrap()
}

fn child_of(process: i32) -> i32 {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).unwrap().flatten();
    let children: String =
        threads.map(|thread| std::fs::read_to_string(thread.path().join("children")).unwrap()).collect();
    children.split_whitespace().next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn processes_of_the_host_are_neither_seen_nor_reached() {
    let nap = format!("600.{}", marker(71007));
    let mut host = std::process::Command::new("sleep").arg(&nap).spawn().unwrap();
    let room = room().await;
    let seen = room.ok("cat /proc/[0-9]*/cmdline | tr '\\0' ' '").await;
    let kill = room.run(&format!("kill -9 {}", host.id())).await;
    let all = room.run("kill -9 -1; true").await;
    let alive = host.try_wait().unwrap().is_none();
    host.kill().unwrap();
    host.wait().unwrap();
    assert!(!seen.contains(&nap), "{seen}");
    assert!(!kill.status.success());
    assert!(alive, "{all:?}");
}

#[tokio::test]
async fn process_one_can_be_neither_killed_nor_read_nor_traced() {
    let room = room().await;
    if tier() == Tier::Gvisor {
        // There the signal arrives, and ends the command's own container: as if the command had killed itself.
        assert!(!room.run("kill -9 1; sleep 600").await.status.success());
        assert_eq!(room.ok("echo usable again").await, "usable again\n");
        return;
    }
    room.ok("kill -9 1; kill -TERM 1; kill -STOP 1; test -d /proc/1").await;
    for file in ["environ", "mem", "maps", "root", "exe", "fd/0"] {
        room.refused(&format!("cat /proc/1/{file} && test -s /proc/1/{file}")).await;
    }
    let trace = "python3 -c 'import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
sys.exit(0 if libc.ptrace(16, 1, 0, 0) == 0 else ctypes.get_errno())'";
    room.refused(trace).await;
}

#[tokio::test]
async fn zombies_are_reaped() {
    let room = room().await;
    // The parents are gone at once, so only process 1 can reap these.
    let script = "for i in $(seq 30); do (true & true & true &); done
        while grep -q '^State:.Z' /proc/[0-9]*/status 2>/dev/null; do sleep 0.01; done; echo none left";
    assert_eq!(room.ok(script).await, "none left\n");
}

#[tokio::test]
async fn output_comes_while_the_command_runs() {
    let room = room().await;
    let pieces = Arc::new(Mutex::new(Vec::new()));
    let (sink, workspace) = (pieces.clone(), room.workspace());
    // The command waits for a file that appears only once its first output was seen.
    let output = Arc::new(move |piece: &[u8]| {
        sink.lock().unwrap().extend_from_slice(piece);
        std::fs::write(workspace.join("seen"), "").unwrap();
    });
    let options = ExecOptions { output: Some(output), ..ExecOptions::default() };
    let command = Command::new("echo one; until test -e seen; do sleep 0.01; done; echo two");
    let result = room.session.exec(command, options).await.unwrap();
    assert_eq!(result.status, ExitStatus::Exited(0));
    assert_eq!(pieces.lock().unwrap().as_slice(), b"one\ntwo\n");
}
