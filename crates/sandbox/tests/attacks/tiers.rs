//! Choosing a tier, and tier `none`.

use squad_sandbox::{ExitStatus, Limits, Sandbox, SandboxConfig, SandboxError, Tier, TierChoice, select};

use crate::support::{alive, launcher, room_in, sandbox};

fn config() -> SandboxConfig {
    SandboxConfig { launcher: launcher(), ..SandboxConfig::default() }
}

#[tokio::test]
async fn every_guarantee_holds_on_this_machine() {
    let report = sandbox().probe().await.unwrap();
    let failed: Vec<_> = report.checks.iter().filter(|check| !check.held).collect();
    assert!(failed.is_empty(), "{failed:?}");
    let names: Vec<_> = report.checks.iter().map(|check| check.name.as_str()).collect();
    let expected = [
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
    for tier in [Tier::Docker, Tier::Gvisor, Tier::Kubernetes] {
        let refused = select(TierChoice::Tier(tier), &config()).await.err().unwrap();
        assert!(matches!(refused, SandboxError::NotInThisBuild { tier: named } if named == tier));
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
    let sandbox = sandbox().without_isolation();
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
