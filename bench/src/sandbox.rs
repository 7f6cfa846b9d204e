//! How soon a command says something, per tier that holds on this machine.

use crate::stats::{Times, say};
use squad_sandbox::{Command, ExecOptions, Sandbox, SandboxConfig, Tier, TierChoice, WorkspaceSpec};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What is run: a shell's first word, and an interpreter's.
const COMMANDS: &[(&str, &str)] = &[("echo", "echo x"), ("python3", "python3 -c 'print(1)'")];

/// Measures every tier that holds here and prints what it finds.
///
/// # Errors
/// Where something does not run.
pub async fn measure(runs: usize) -> anyhow::Result<()> {
    let config = SandboxConfig::default();
    let mut tiers: Vec<(Tier, Arc<dyn Sandbox>)> = Vec::new();
    for tier in [Tier::None, Tier::Builtin, Tier::Docker, Tier::Gvisor] {
        match squad_sandbox::select(TierChoice::Tier(tier), &config).await {
            Ok(sandbox) => tiers.push((tier, sandbox)),
            Err(error) => say(&format!("{tier}: not here: {error}")),
        }
    }
    for (name, command) in COMMANDS {
        let mut cold = vec![Times::default(); tiers.len()];
        let mut warm = vec![Times::default(); tiers.len()];
        for _ in 0..runs {
            for (at, (tier, sandbox)) in tiers.iter().enumerate() {
                let folder = tempfile::tempdir()?;
                let begin = Instant::now();
                let session =
                    sandbox.prepare(WorkspaceSpec::new(format!("bench-{tier}"), folder.path())).await?;
                let opening = begin.elapsed();
                cold[at].add(opening + first_output(&*session, command).await?);
                warm[at].add(first_output(&*session, command).await?);
                session.destroy().await;
            }
        }
        for (at, (tier, _)) in tiers.iter().enumerate() {
            say(&format!(
                "{tier}, {name}: new session {}; open session {}",
                cold[at].told(),
                warm[at].told()
            ));
        }
    }
    Ok(())
}

async fn first_output(session: &dyn squad_sandbox::Session, command: &str) -> anyhow::Result<Duration> {
    let first = Arc::new(Mutex::new(None));
    let noted = Arc::clone(&first);
    let begin = Instant::now();
    let output: squad_sandbox::OutputSink = Arc::new(move |_: &[u8]| {
        noted.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| begin.elapsed());
    });
    let options = ExecOptions { output: Some(output), ..ExecOptions::default() };
    let result = session.exec(Command::new(command), options).await?;
    let first = *first.lock().unwrap_or_else(PoisonError::into_inner);
    first.ok_or_else(|| {
        anyhow::anyhow!("`{command}` said nothing: {:?} {}", result.status, result.output.text)
    })
}
