//! The same attacks in containers, and what only containers can do wrong.
//!
//! They need a Docker daemon of their own: `scripts/with-docker.sh`. Without it they say so.

use std::process::Command;

use squad_sandbox::{ContainerSandbox, DockerConfig, Sandbox, SandboxConfig, Tier};

use crate::support::{config, launcher, room_in};

#[test]
fn every_attack_fails_in_docker_as_well() {
    if has_daemon("every_attack_fails_in_docker_as_well") {
        again_for(Tier::Docker, &[]);
    }
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
fn again_for(tier: Tier, without: &[&str]) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    for name in ["ordinary_user::", "containers::"].iter().chain(without) {
        command.args(["--skip", name]);
    }
    command.env("SQUAD_TEST_TIER", tier.to_string()).env("SQUAD_TEST_LAUNCHER", launcher());
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
}

/// Containers of this machine that a process of this program owns, in any state.
fn containers(owner: u32) -> Vec<String> {
    let label = "{{.ID}} {{.Label \"agent-squad.owner\"}}";
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
