//! The same attacks where commands run in containers.
//!
//! They need a Docker daemon of their own: `scripts/with-docker.sh`. Without it they say so.

use squad_sandbox::{SandboxConfig, Tier, TierChoice, select};
use std::process::Command;

#[tokio::test]
async fn every_attack_fails_in_docker_as_well() {
    again_for(Tier::Docker).await;
}

#[tokio::test]
async fn every_attack_fails_in_gvisor_as_well() {
    again_for(Tier::Gvisor).await;
}

/// Runs this test binary again for another tier, if that tier holds here.
async fn again_for(tier: Tier) {
    if crate::tier::tier() != Tier::Builtin {
        return;
    }
    if std::env::var_os("SQUAD_TEST_DOCKER").is_none() {
        let reason = std::env::var("SQUAD_TEST_NO_DOCKER");
        let reason = reason.unwrap_or_else(|_| "it does not run under scripts/with-docker.sh".into());
        return eprintln!("SKIPPED: the attacks on tier `{tier}`, because {reason}");
    }
    let config = SandboxConfig { launcher: crate::house::launcher(), ..SandboxConfig::default() };
    if let Err(reason) = select(TierChoice::Tier(tier), &config).await {
        return eprintln!("SKIPPED: the attacks on tier `{tier}`, because {reason}");
    }
    let done = Command::new(std::env::current_exe().unwrap())
        .args(["--skip", "tiers::", "--skip", "many::", "--skip", "canaries::"])
        .env("SQUAD_TEST_TIER", tier.to_string())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
    assert!(!said.contains(" 0 passed"), "{said}");
}
