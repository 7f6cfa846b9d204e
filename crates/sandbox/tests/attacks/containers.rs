//! The same attacks in containers, and what only containers can do wrong.
//!
//! They need a Docker daemon of their own: `scripts/with-docker.sh`. Without it they say so.

use std::process::{Command, Stdio};

use squad_sandbox::{ContainerSandbox, DockerConfig, Sandbox, SandboxConfig, Tier};

use crate::support::{config, launcher, room, room_in};

#[test]
fn every_attack_fails_in_docker_as_well() {
    if has_daemon("every_attack_fails_in_docker_as_well") {
        again_for(Tier::Docker, &[], &[]);
    }
}

/// What is attacked in gVisor each time. `SQUAD_TEST_GVISOR=all` attacks all of it, which takes minutes where the kernel in
/// user space has to trace every process.
const IN_GVISOR: [&str; 9] = [
    "basics::a_",
    "egress::a_granted_host",
    "egress::there_is_no_way",
    "files::",
    "kernel::",
    "limits::a_workspace",
    "network::",
    "processes::process_one",
    "processes::processes_of_the_host",
];

/// What cannot be seen from outside: processes in gVisor are none of the host's. That a container ends with its owner is
/// tried below.
const UNSEEN: &str = "processes::nothing_outlives";

/// What a gVisor that does not hold here fails, beside the probe: it is refused for it, and the rest is attacked all the same.
const WITHOUT: [(&str, &str); 7] = [
    ("tiers::every_guarantee", "the tier is refused here"),
    ("basics::nothing_of_a_command", "`ls` fails inside"),
    ("toolchains::pseudo_terminals", "pseudo-terminals hang inside"),
    ("limits::a_file_without_a_name", "nameless files cannot be measured inside"),
    ("limits::a_fork_bomb", "without control groups the kernel does not bound processes"),
    ("limits::a_memory_bomb", "without control groups the kernel does not bound memory"),
    ("limits::memory_in_nameless_files", "without control groups the kernel does not bound memory"),
];

#[tokio::test]
async fn attacks_fail_in_gvisor_as_well_or_it_is_refused() {
    let name = "attacks_fail_in_gvisor_as_well_or_it_is_refused";
    if !has_gvisor(name) {
        return;
    }
    let all = std::env::var("SQUAD_TEST_GVISOR").is_ok_and(|which| which == "all");
    let only: &[&str] = if all { &[] } else { &IN_GVISOR };
    let report = ContainerSandbox::gvisor(&config()).probe().await.unwrap();
    let Err(refused) = report.require() else { return again_for(Tier::Gvisor, only, &[UNSEEN]) };
    // What it is refused for must be limits or the programs' needs, never that something of the host was reached.
    let failed = report.checks.iter().filter(|check| !check.held).map(|check| check.name.as_str());
    let failed: Vec<_> = failed.collect();
    assert!(failed.iter().all(|name| ["commands", "memory", "pids", "disk"].contains(name)), "{refused}");
    assert!(refused.to_string().contains("install a current gVisor"), "{refused}");
    eprintln!("gvisor is refused here: {refused}");
    for (test, reason) in WITHOUT {
        eprintln!("NOT TRIED in gvisor: {test}, because {reason}");
    }
    let without: Vec<_> = WITHOUT.iter().map(|(test, _)| *test).chain([UNSEEN]).collect();
    again_for(Tier::Gvisor, only, &without);
}

fn has_gvisor(test: &str) -> bool {
    let installed = Command::new("runsc").arg("--version").output().is_ok_and(|done| done.status.success());
    if !installed {
        eprintln!("SKIPPED: {test}, because runsc is not installed");
    }
    installed && has_daemon(test)
}

/// Whether there is a daemon for tests; says why not.
fn has_daemon(test: &str) -> bool {
    let has = std::env::var_os("SQUAD_TEST_DOCKER").is_some();
    if !has {
        let reason = std::env::var("SQUAD_TEST_NO_DOCKER");
        let reason = reason.unwrap_or_else(|_| "it does not run under scripts/with-docker.sh".into());
        eprintln!("SKIPPED: {test}, because {reason}");
    }
    has
}

/// Runs this test binary again, with another tier under attack.
fn again_for(tier: Tier, only: &[&str], without: &[&str]) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    for name in ["ordinary_user::", "containers::"].iter().chain(without) {
        command.args(["--skip", name]);
    }
    command.args(only);
    command.env("SQUAD_TEST_TIER", tier.to_string()).env("SQUAD_TEST_LAUNCHER", launcher());
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
}

/// Containers of this machine that a process of this program owns, in any state.
fn containers(owner: u32) -> Vec<String> {
    let label = "{{.ID}} {{.State}} {{.Label \"agent-squad.owner\"}}";
    let listed =
        Command::new("docker").args(["ps", "--all", "--no-trunc", "--format", label]).output().unwrap();
    let text = String::from_utf8(listed.stdout).unwrap();
    text.lines().filter(|line| line.contains(&format!("/{owner}/"))).map(str::to_owned).collect()
}

#[tokio::test]
async fn no_container_is_left_of_a_session_however_it_ends() {
    if !has_daemon("no_container_is_left_of_a_session_however_it_ends") {
        return;
    }
    let this = std::process::id();
    let sandbox = ContainerSandbox::docker(&config());
    let destroyed = room_in(&sandbox, |_| {}).await;
    destroyed.ok("true").await;
    assert_eq!(containers(this).len(), 1, "one is kept warm");
    destroyed.session.destroy().await;
    assert_eq!(containers(this), Vec::<String>::new());

    let dropped = room_in(&sandbox, |_| {}).await;
    dropped.ok("true").await;
    drop(dropped);
    while !containers(this).is_empty() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_container_whose_owner_died_before_it_started_is_removed() {
    if !has_daemon("a_container_whose_owner_died_before_it_started_is_removed") {
        return;
    }
    let sandbox = ContainerSandbox::docker(&config());
    let room = room_in(&sandbox, |_| {}).await;
    room.ok("true").await;
    let image = Command::new("docker")
        .args(["images", "--format", "{{.Repository}}:{{.Tag}}", "agent-squad-root"])
        .output()
        .unwrap();
    let image = String::from_utf8(image.stdout).unwrap().lines().next().unwrap().to_owned();
    let dead = "an-earlier-boot/pid:[1]/4242/1";
    let made = Command::new("docker")
        .args(["create", "--label", &format!("agent-squad.owner={dead}"), &image, "/bin/true"])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    assert_eq!(containers(4242).len(), 1);
    let other = ContainerSandbox::docker(&config());
    let _room = room_in(&other, |_| {}).await;
    assert_eq!(containers(4242), Vec::<String>::new());
    // A living one is nobody else's business.
    assert!(!containers(std::process::id()).is_empty());
    room.ok("true").await;
}

/// Runs this test binary again as the "server" and kills it in the middle of a command.
#[tokio::test]
async fn no_container_outlives_its_owner_in_any_runtime() {
    const ROLE: &str = "SQUAD_TEST_PLAYS_OWNER";
    let name = "no_container_outlives_its_owner_in_any_runtime";
    if std::env::var_os(ROLE).is_some() {
        room().await.run("sleep 600").await;
        return;
    }
    for tier in [Tier::Docker, Tier::Gvisor] {
        if !(if tier == Tier::Gvisor { has_gvisor(name) } else { has_daemon(name) }) {
            continue;
        }
        let mut owner = tokio::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &format!("containers::{name}")])
            .env(ROLE, "1")
            .env("SQUAD_TEST_TIER", tier.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let id = owner.id().unwrap();
        while !containers(id).iter().any(|line| line.contains(" running ")) {
            assert!(owner.try_wait().unwrap().is_none(), "the owner ended early");
        }
        owner.start_kill().unwrap();
        owner.wait().await.unwrap();
        while !containers(id).is_empty() {
            tokio::task::yield_now().await;
        }
    }
}

/// An image of a few files of the host stands for one that somebody built: it has another root, and tools of its own.
#[tokio::test]
async fn commands_run_in_an_image_that_was_chosen() {
    if !has_daemon("commands_run_in_an_image_that_was_chosen") {
        return;
    }
    let name = format!("agent-squad-test:{}", std::process::id());
    let script = format!(
        "set -e; d=$(mktemp -d); mkdir -p $d/bin $d/lib $d/lib64 $d/tools
         for p in sh cat id env ls; do cp -L \"$(command -v $p)\" $d/bin/; done
         for l in $(ldd $d/bin/* | grep -o '/[^ ]*\\.so[^ ]*' | sort -u); do mkdir -p $d$(dirname $l); cp -L $l $d$l; done
         printf '#!/bin/sh\\necho tool of the image\\n' > $d/tools/tool; chmod 755 $d/tools/tool
         tar -C $d -c . | docker import --change 'ENV PATH=/tools:/bin' --change 'ENV FLAVOUR=mint' - {name}; rm -rf $d"
    );
    let made = Command::new("sh").args(["-c", &script]).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let docker = DockerConfig { image: Some(name.clone()), ..DockerConfig::of_this_process() };
    let sandbox = ContainerSandbox::docker(&SandboxConfig { docker, ..config() });
    let room = room_in(&sandbox, |_| {}).await;
    let said = room.ok("tool; echo $FLAVOUR; echo x > file; cat file; echo y > ~/cached; ls /").await;
    assert!(said.starts_with("tool of the image\nmint\nx\n") && !said.contains("usr/share"), "{said}");
    room.refused("python3 --version").await;
    room.refused("ls /usr/bin/git /etc/ssl").await;
    room.refused("echo x > /tools/tool").await;
    room.session.destroy().await;
    let removed = Command::new("docker").args(["image", "rm", &name]).output().unwrap();
    assert!(removed.status.success(), "{removed:?}");
}

#[tokio::test]
async fn an_image_that_is_not_there_is_not_fetched() {
    if !has_daemon("an_image_that_is_not_there_is_not_fetched") {
        return;
    }
    let docker = DockerConfig { image: Some("no-such-image:1".into()), ..DockerConfig::of_this_process() };
    let sandbox = ContainerSandbox::docker(&SandboxConfig { docker, ..config() });
    let report = sandbox.probe().await.unwrap();
    let refused = report.require().unwrap_err().to_string();
    assert!(refused.contains("no-such-image:1"), "{refused}");
}
