//! Choosing a tier, and tier `none`.

use squad_sandbox::{
    DockerConfig, ExitStatus, Limits, Sandbox, SandboxConfig, SandboxError, Tier, TierChoice, select,
};

use crate::support::{alive, builtin, config, room_in, sandbox};

#[tokio::test]
async fn every_guarantee_holds_on_this_machine() {
    let report = sandbox().probe().await.unwrap();
    let failed: Vec<_> = report.checks.iter().filter(|check| !check.held).collect();
    assert!(failed.is_empty(), "{failed:?}");
    let names: Vec<_> = report.checks.iter().map(|check| check.name.as_str()).collect();
    let expected = [
        "commands",
        "files",
        "processes",
        "privileges",
        "system_calls",
        "environment",
        "network",
        "landlock",
        "memory",
        "pids",
        "lifetime",
        "disk",
    ];
    assert_eq!(names, expected);
}

#[tokio::test]
async fn auto_is_builtin_and_what_is_not_built_is_refused() {
    assert_eq!(select(TierChoice::Auto, &config()).await.unwrap().tier(), Tier::Builtin);
    let refused = select(TierChoice::Tier(Tier::Kubernetes), &config()).await.err().unwrap();
    assert!(matches!(refused, SandboxError::NotInThisBuild { tier: Tier::Kubernetes }));
}

#[tokio::test]
async fn without_a_daemon_the_tiers_that_need_one_are_refused_with_what_to_do() {
    for (host, advice) in
        [("unix:///nowhere/docker.sock", "install Docker"), ("tcp://127.0.0.1:1", "unix://")]
    {
        for tier in [Tier::Docker, Tier::Gvisor] {
            let docker = DockerConfig { host: Some(host.into()), image: None };
            let config = SandboxConfig { docker, ..config() };
            let refused = select(TierChoice::Tier(tier), &config).await.err().unwrap();
            assert!(matches!(refused, SandboxError::DoesNotHold { tier: named, .. } if named == tier));
            let text = refused.to_string();
            assert!(
                text.contains(advice) && text.contains("/docker.sock") != host.starts_with("tcp"),
                "{text}"
            );
        }
    }
}

#[tokio::test]
async fn a_launcher_that_is_none_is_refused_and_not_replaced_by_something_weaker() {
    let config = SandboxConfig { launcher: "/bin/false".into(), ..SandboxConfig::default() };
    let refused = select(TierChoice::Auto, &config).await.err().unwrap();
    assert!(matches!(refused, SandboxError::DoesNotHold { tier: Tier::Builtin, .. }), "{refused}");
}

#[tokio::test]
async fn tier_none_runs_on_the_host_and_still_ends_everything() {
    let sandbox = builtin().without_isolation();
    assert_eq!(sandbox.tier(), Tier::None);
    let room = room_in(&sandbox, |spec| {
        spec.limits = Limits { memory_bytes: 256 << 20, ..Limits::default() };
    })
    .await;
    assert_eq!(room.ok("pwd").await.trim(), room.workspace().canonicalize().unwrap().display().to_string());
    assert_eq!(room.ok("id -u").await.trim(), rustix::process::getuid().as_raw().to_string());
    let marker = format!("72001{}", std::process::id());
    room.ok(&format!("setsid sleep 600.{marker} & sleep 0.1")).await;
    assert_eq!(alive(&marker), Vec::<std::path::PathBuf>::new());
    let bomb = "for i in 1 2 3 4; do python3 -c 'import time; a = bytearray(200 << 20); time.sleep(600)' & done; wait";
    assert_eq!(room.run(bomb).await.status, ExitStatus::OutOfMemory);
}
