//! Commands that want everything that the machine has, and processes that do not want to end.

use crate::arena::{Arena, Played, attack};
use crate::script::{command, worker};
use squad_storage::Storage;

/// Processes of this machine that were called with the marker.
fn alive(marker: &str) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| {
            let line = std::fs::read(entry.path().join("cmdline")).ok()?;
            let has = line.split(|byte| *byte == 0).any(|word| word == marker.as_bytes());
            has.then(|| String::from_utf8_lossy(&line).replace('\0', " "))
        })
        .collect()
}

/// What `run_command` answered, by the command's own place.
fn answers(played: &Played) -> Vec<&str> {
    played.results().into_iter().filter(|(tool, _)| *tool == "run_command").map(|(_, said)| said).collect()
}

attack!(bombs_end_with_their_command_and_the_next_one_runs, async |storage: Storage| {
    let fine = || command("echo fine");
    let bomb = |seconds: u32, line: &str| {
        crate::script::call(
            "run_command",
            &serde_json::json!({ "command": line, "timeout_seconds": seconds }),
        )
    };
    let children = "python3 -c 'import os, time
children = 0
try:
    while children < 500:
        if os.fork() == 0: time.sleep(600)
        children += 1
except OSError: pass
print(\"children\", children)'";
    let calls = [
        bomb(2, "b() { b | b & }; b; wait; sleep 600"),
        fine(),
        command(children),
        fine(),
        bomb(60, "python3 -c 'import time; a = bytearray(1 << 30); time.sleep(600)'"),
        fine(),
        bomb(
            60,
            "for i in 1 2 3 4; do python3 -c 'import time; a = bytearray(200 << 20); time.sleep(600)' & done; wait",
        ),
        fine(),
        bomb(1, "echo first; yes"),
        fine(),
    ];
    let played = Arena::new(storage).await.play(&[&worker(&calls)]).await;
    played.completed();
    let said = answers(&played);
    let count: u32 = said[2].split("children ").nth(1).unwrap().trim().parse().unwrap();
    assert!((1..=64).contains(&count), "{count} processes");
    assert!(said[0].starts_with("timed out after 2 s"), "{}", said[0]);
    for index in [4, 6] {
        assert!(said[index].starts_with("stopped: out of memory"), "{}", said[index]);
    }
    assert!(said[8].starts_with("timed out after 1 s") && said[8].len() < 40_000, "{}", said[8].len());
    assert!(
        said[8].contains("first\ny\n") && said[8].contains("bytes left out"),
        "endless output keeps its head"
    );
    for index in [1, 3, 5, 7, 9] {
        assert!(said[index].ends_with("fine"), "{}", said[index]);
    }
});

attack!(disks_are_bounded_and_a_full_one_can_be_emptied, async |storage: Storage| {
    let mut calls = vec![
        command("i=0; while true; do head -c 8M /dev/zero > fill.$i || exit 1; i=$((i+1)); done"),
        command("rm -f fill.*; echo emptied"),
        command("cd; while true; do head -c 8M /dev/zero >> fill || exit 1; done"),
        command("rm -f ~/fill; echo emptied"),
        command("exec 9> hidden; rm hidden; while true; do head -c 8M /dev/zero >&9 || exit 1; done"),
    ];
    for folder in ["/tmp", "/dev/shm", "/run", "/var/tmp"] {
        calls.push(command(format!("head -c 300M /dev/zero > {folder}/fill; echo status $?")));
    }
    let mut lines = Vec::new();
    for folder in ["/", "/dev", "/etc", "/home", "/usr", "/var", "/proc", "/sys"] {
        lines.push(crate::script::forbidden("disk", &format!("head -c 1k /dev/zero > {folder}/fill")));
    }
    calls.extend(crate::script::attempts(&lines));
    calls.push(command("echo fine"));
    let played = Arena::new(storage).await.play(&[&worker(&calls)]).await;
    played.completed();
    let said = answers(&played);
    for index in [0, 2, 4] {
        assert!(
            said[index].starts_with("stopped: the workspace or the cache grew too large"),
            "{}",
            said[index]
        );
    }
    assert!(said[1].ends_with("emptied") && said[3].ends_with("emptied"));
    for answer in &said[5..9] {
        assert!(
            answer.contains("No space left")
                || answer.contains("No such file")
                || answer.contains("Permission denied"),
            "{answer}"
        );
        assert!(!answer.ends_with("status 0"), "{answer}");
    }
    assert!(said.last().unwrap().ends_with("fine"));
    // What filled the disk went with it.
    let branch = played.run.state.delivery.as_ref().unwrap();
    assert_eq!(
        played.house.git(&["diff", "--name-only", branch.base.as_str(), branch.commit.as_str()]),
        "greeting.txt\n"
    );
});

attack!(nothing_outlives_its_command, async |storage: Storage| {
    let marker = format!("613.{}", std::process::id());
    let survivors = format!(
        "sleep {marker} & setsid sleep {marker} & nohup sleep {marker} > /dev/null 2>&1 & (setsid sh -c 'sleep {marker} & sleep {marker}' &) & \
         python3 -c 'import os
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0: os.execvp(\"sleep\", [\"sleep\", \"{marker}\"])
    os._exit(0)
os.wait()'; sleep 0.2; echo started"
    );
    // A writer that goes on writing would change files behind the checkpoint.
    let writer = "(setsid sh -c 'while true; do date +%N > still-writing; done' &) ; sleep 0.1; echo started";
    let calls = [
        command(&survivors),
        command(writer),
        command(
            "a=$(cat still-writing); sleep 0.3; test \"$a\" = \"$(cat still-writing)\" && echo quiet; rm still-writing",
        ),
    ];
    let played = Arena::new(storage).await.play(&[&worker(&calls)]).await;
    played.completed();
    let said = answers(&played);
    assert!(said[0].ends_with("started") && said[1].ends_with("started"), "{said:?}");
    assert!(said[2].ends_with("quiet"), "{}", said[2]);
    assert_eq!(alive(&marker), Vec::<String>::new());
});
