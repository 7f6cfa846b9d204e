//! Commands that want more than they may have.

use std::time::Duration;

use squad_sandbox::{Command, ExecOptions, ExitStatus, Limits};

use crate::support::{room, room_with};

const MIB: u64 = 1024 * 1024;

#[tokio::test]
async fn a_fork_bomb_ends_with_its_command() {
    let room = room_with(|spec| {
        spec.limits = Limits { pids: 40, wall: Duration::from_secs(5), ..Limits::default() };
    })
    .await;
    // Counts how many children could be started before the kernel refused.
    let count = room
        .ok("python3 -c 'import os, time
children = 0
try:
    while children < 2000:
        if os.fork() == 0: time.sleep(600)
        children += 1
except OSError: pass
print(children)'")
        .await;
    let count: u64 = count.trim().parse().unwrap();
    assert!((1..=42).contains(&count), "{count} processes");

    let result = room.run("b() { b | b & }; b; wait; sleep 600").await;
    assert!(!result.status.success());
    assert_eq!(room.ok("echo fine").await, "fine\n");
}

#[tokio::test]
async fn a_memory_bomb_is_killed_although_each_process_is_small() {
    let room = room_with(|spec| spec.limits.memory_bytes = 256 * MIB).await;
    let bomb = "for i in 1 2 3 4; do python3 -c 'import time; a = bytearray(200 << 20); time.sleep(600)' & done; wait";
    assert_eq!(room.run(bomb).await.status, ExitStatus::OutOfMemory);
    assert_eq!(room.ok("echo fine").await, "fine\n");
}

#[tokio::test]
async fn memory_in_nameless_files_counts() {
    let room = room_with(|spec| spec.limits.memory_bytes = 256 * MIB).await;
    let bomb = "python3 -c 'import os, time
f = os.memfd_create(\"x\")
for _ in range(400): os.write(f, bytes(1 << 20))
time.sleep(600)'";
    assert_eq!(room.run(bomb).await.status, ExitStatus::OutOfMemory);
}

#[tokio::test]
async fn a_workspace_cannot_outgrow_its_bound() {
    let room = room_with(|spec| spec.limits.workspace_bytes = 64 * MIB).await;
    let filler = "i=0; while true; do head -c 8M /dev/zero > fill.$i || exit 1; i=$((i+1)); done";
    assert_eq!(room.run(filler).await.status, ExitStatus::WorkspaceFull);
    assert_eq!(room.run("rm -f fill.*; echo cleaned").await.output.text, "cleaned\n");
    assert_eq!(room.ok("echo fine").await, "fine\n");
}

#[tokio::test]
async fn a_file_without_a_name_counts_as_well() {
    let room = room_with(|spec| spec.limits.workspace_bytes = 64 * MIB).await;
    let filler = "exec 9> hidden; rm hidden; while true; do head -c 8M /dev/zero >&9 || exit 1; done";
    assert_eq!(room.run(filler).await.status, ExitStatus::WorkspaceFull);
}

#[tokio::test]
async fn what_is_hidden_in_closed_folders_counts_as_well() {
    use std::os::unix::fs::PermissionsExt;
    for mode in [0o000, 0o100, 0o300, 0o400] {
        let room = room_with(|spec| spec.limits.workspace_bytes = 16 * MIB).await;
        let hide = format!(
            "mkdir -p closed/inner && exec 9> closed/inner/fill && chmod {mode:o} closed/inner closed && head -c 32M /dev/zero >&9"
        );
        assert_eq!(room.run(&hide).await.status, ExitStatus::WorkspaceFull, "{mode:o}");
        let closed = room.workspace().join("closed");
        let found = std::fs::metadata(&closed).unwrap().permissions().mode() & 0o7777;
        assert_eq!(found, mode, "it is as its owner left it");
        room.ok("chmod -R u+rwx . && rm -rf closed").await;
    }
    let room = room_with(|spec| spec.limits.workspace_bytes = 16 * MIB).await;
    let closed_itself = "exec 9> fill && chmod 000 . && head -c 32M /dev/zero >&9";
    assert_eq!(room.run(closed_itself).await.status, ExitStatus::WorkspaceFull);
}

#[tokio::test]
async fn what_is_deeper_than_a_path_is_long_counts_as_well() {
    let room = room_with(|spec| spec.limits.workspace_bytes = 16 * MIB).await;
    let dig = "i=0; while [ $i -lt 600 ]; do mkdir deepdeep && cd deepdeep || exit 1; i=$((i+1)); done; head -c 32M /dev/zero > fill";
    assert_eq!(room.run(dig).await.status, ExitStatus::WorkspaceFull);
}

#[tokio::test]
async fn a_short_command_that_fills_the_workspace_is_told_so() {
    let room = room_with(|spec| spec.limits.workspace_bytes = 16 * MIB).await;
    assert_eq!(room.run("head -c 100M /dev/zero > fill").await.status, ExitStatus::WorkspaceFull);
}

#[tokio::test]
async fn the_cache_cannot_outgrow_its_bound() {
    let room = room_with(|spec| spec.limits.cache_bytes = 64 * MIB).await;
    let filler = "cd ~; while true; do head -c 8M /dev/zero >> fill || exit 1; done";
    assert_eq!(room.run(filler).await.status, ExitStatus::WorkspaceFull);
}

#[tokio::test]
async fn folders_in_memory_are_bounded() {
    let room = room_with(|spec| spec.limits.tmp_bytes = 32 * MIB).await;
    for folder in ["/tmp", "/dev/shm", "/run", "/var/tmp"] {
        let said = room.refused(&format!("head -c 64M /dev/zero > {folder}/fill")).await;
        assert!(said.contains("No space left"), "{folder}: {said}");
    }
    for folder in ["/", "/dev", "/etc", "/home", "/usr", "/var", "/proc", "/sys"] {
        room.refused(&format!("head -c 1k /dev/zero > {folder}/fill")).await;
    }
}

#[tokio::test]
async fn one_file_is_bounded() {
    let room = room_with(|spec| spec.limits.file_size = 8 * MIB).await;
    room.refused("head -c 16M /dev/zero > big").await;
    assert!(std::fs::metadata(room.workspace().join("big")).unwrap().len() <= 8 * MIB);
}

#[tokio::test]
async fn processors_are_bounded() {
    let room = room_with(|spec| spec.limits.cpus = Some(0.5)).await;
    assert_eq!(room.ok("nproc").await, "1\n");
}

#[tokio::test]
async fn open_files_are_bounded() {
    let room = room_with(|spec| spec.limits.open_files = 64).await;
    let said = room.refused("python3 -c 'import os; [os.open(\"/dev/null\", 0) for _ in range(100)]'").await;
    assert!(said.contains("Too many open files"), "{said}");
    room.refused("ulimit -Hn 100000").await;
}

#[tokio::test]
async fn endless_output_is_kept_to_its_head_and_tail() {
    let room = room_with(|spec| {
        spec.limits = Limits { output_bytes: 4096, wall: Duration::from_secs(1), ..Limits::default() };
    })
    .await;
    let result = room.run("echo first; yes").await;
    assert_eq!(result.status, ExitStatus::TimedOut);
    assert!(result.output.text.starts_with("first\ny\n"), "{}", result.output.text);
    assert!(result.output.text.len() < 4200);
    assert!(result.output.omitted_bytes > 0);
}

#[tokio::test]
async fn the_time_of_a_command_is_bounded() {
    let room = room().await;
    let command =
        Command { timeout: Some(Duration::from_millis(200)), ..Command::new("echo started; sleep 600") };
    let result = room.session.exec(command, ExecOptions::default()).await.unwrap();
    assert_eq!((result.status, result.output.text.as_str()), (ExitStatus::TimedOut, "started\n"));
}
