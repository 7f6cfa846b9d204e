//! The attempts themselves. Each runs in a session like any other command.

use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Check, Subject, Trial};
use crate::builtin::Launched;
use crate::launcher::policy::Enforcement;
use crate::{Command, ExecOptions, ExitStatus, Limits, OutputSink, SandboxError, WorkspaceSpec};

const MIB: u64 = 1024 * 1024;

/// Processes that the probe may have at a time; it tries for four times as many.
const PIDS: u64 = 16;

/// Makes all attempts side by side and tells what came of them.
///
/// # Errors
///
/// When no command can be run at all.
pub(crate) async fn all(sandbox: &dyn Subject) -> Result<Vec<Check>, SandboxError> {
    let folder = tempfile::tempdir().map_err(SandboxError::io("create a folder for the probe"))?;
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "secret").map_err(SandboxError::io("create a file for the probe"))?;
    let port =
        TcpListener::bind("127.0.0.1:0").map_err(SandboxError::io("listen on loopback for the probe"))?;
    port.set_nonblocking(true).map_err(SandboxError::io("listen on loopback for the probe"))?;

    let (walls, excess) =
        tokio::join!(walls(sandbox, folder.path(), &secret, &port), excess(sandbox, folder.path()));
    let mut checks = walls?;
    checks.extend(excess?);
    Ok(checks)
}

async fn session(
    sandbox: &dyn Subject,
    folder: &Path,
    name: &str,
    limits: Limits,
) -> Result<Box<dyn Trial>, SandboxError> {
    let root = folder.join(name);
    std::fs::create_dir_all(&root).map_err(SandboxError::io("create a folder for the probe"))?;
    sandbox.open(WorkspaceSpec { limits, ..WorkspaceSpec::new(format!("probe {name}"), root) }).await
}

async fn run(session: &dyn Trial, command: String) -> Result<Launched, SandboxError> {
    session.run(&Command::new(command), &ExecOptions::default()).await
}

/// Every attempt prints `broken <guarantee>` if it succeeds; the last line shows that all were made. The shell makes
/// what it can itself: everybody who starts `squad` waits for this.
async fn walls(
    sandbox: &dyn Subject,
    folder: &Path,
    secret: &Path,
    port: &TcpListener,
) -> Result<Vec<Check>, SandboxError> {
    let limits = Limits { wall: Duration::from_secs(10), ..Limits::default() };
    let session = session(sandbox, folder, "walls", limits).await?;
    let address = port.local_addr().map_err(SandboxError::io("listen on loopback for the probe"))?;
    let script = format!(
        r#"
try() {{ name=$1; shift; "$@" >/dev/null 2>&1 && echo "broken $name"; }}
write() {{ echo x > "$1"; }}
{{ cp /etc/passwd /tmp/copy && ls -l /tmp/copy && stat / && rm /tmp/copy; }} >/dev/null 2>&1 || echo "broken commands"
( : < '{secret}' ) 2>/dev/null && echo "broken files"
( : < /etc/shadow ) 2>/dev/null && echo "broken files"
for place in /probe /usr/.probe /proc/sys/kernel/hostname; do ( write $place ) 2>/dev/null && echo "broken files"; done
set -- /proc/[0-9]*; test $# -gt 8 && echo "broken processes"
try processes grep -zqvE '^(HOME|HOSTNAME|PATH)=' /proc/1/environ
try privileges mount -t tmpfs none /tmp
try privileges unshare -U true
try privileges chroot / true
powers= bound= filter=
while read -r key value; do
  case $key in CapEff:) powers=$value ;; NoNewPrivs:) bound=$value ;; Seccomp:) filter=$value ;; esac
done < /proc/self/status
test "$powers" = 0000000000000000 && test "$bound" != 0 || echo "broken privileges"
test "$filter" = 2 || echo "broken system_calls"
cards=
while read -r card counts; do case $card in *:*) cards="$cards ${{card%%:*}}" ;; esac; done < /proc/net/dev
test "$cards" = " lo" || echo "broken network"
( write /dev/tcp/127.0.0.1/{port} ) 2>/dev/null && echo "broken network"
env | while IFS='=' read -r name value; do echo "env $name"; done
echo done"#,
        secret = secret.display(),
        port = address.port(),
    );
    let ran = run(&*session, script).await?;
    session.end().await;
    let lines: Vec<&str> = ran.result.output.text.lines().collect();
    let finished = lines.last() == Some(&"done");
    let leaked = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).any(|name| {
        lines.contains(&format!("env {name}").as_str())
            && !session.sets(&name)
            && !SHELL_SETS.contains(&name.as_str())
    });
    let connected = port.accept().is_ok();

    let held = |name: &str| finished && !lines.contains(&format!("broken {name}").as_str());
    let landlock = if ran.verdict.landlock {
        "Landlock is in force behind the mount namespace"
    } else {
        "this kernel has no Landlock; the mount namespace stands alone"
    };
    Ok(vec![
        check(
            "commands",
            held("commands"),
            "everyday programs run",
            "everyday programs (`cp`, `ls`, `stat`, `rm`) fail inside",
        ),
        check(
            "files",
            held("files"),
            "files of the host cannot be read or written",
            "files of the host were reached",
        ),
        check(
            "processes",
            held("processes"),
            "processes of the host cannot be seen",
            "processes of the host were seen",
        ),
        check(
            "privileges",
            held("privileges"),
            "no capability, set-uid program, mount or new namespace can be had",
            "privileges could be had",
        ),
        check(
            "system_calls",
            held("system_calls"),
            "dangerous system calls are filtered",
            "system calls are not filtered",
        ),
        check(
            "environment",
            finished && !leaked,
            "the server's environment does not enter",
            "variables of the server were seen",
        ),
        check(
            "network",
            held("network") && !connected,
            "neither the host's loopback nor any network can be reached",
            "a network was reached",
        ),
        check("landlock", true, landlock, landlock),
    ])
}

/// Variables that shells make up by themselves.
const SHELL_SETS: [&str; 4] = ["PWD", "OLDPWD", "SHLVL", "_"];

async fn excess(sandbox: &dyn Subject, folder: &Path) -> Result<Vec<Check>, SandboxError> {
    let (memory, processes, disk) =
        tokio::join!(memory(sandbox, folder), processes(sandbox, folder), disk(sandbox, folder));
    let mut checks = vec![memory?];
    checks.extend(processes?);
    checks.push(disk?);
    Ok(checks)
}

/// `tail` has to keep a line of any length.
async fn memory(sandbox: &dyn Subject, folder: &Path) -> Result<Check, SandboxError> {
    let limits = Limits { memory_bytes: 32 * MIB, wall: Duration::from_secs(10), ..Limits::default() };
    let session = session(sandbox, folder, "memory", limits).await?;
    let ran =
        run(&*session, "head -c 200000000 /dev/zero | tail -n 1 | { sleep 5; cat; } > /dev/null".into())
            .await?;
    session.end().await;
    let how = match ran.verdict.enforcement {
        Enforcement::Cgroup => "memory is bounded by a control group",
        Enforcement::Watcher => {
            "memory is bounded by a watcher, because control groups cannot be written here"
        }
    };
    Ok(check(
        "memory",
        ran.result.status == ExitStatus::OutOfMemory,
        how,
        "a command could exceed its memory",
    ))
}

/// Some shells end when they cannot fork and some try again for a long time; all complain, and then this ends the run.
async fn processes(sandbox: &dyn Subject, folder: &Path) -> Result<Vec<Check>, SandboxError> {
    let wall = Duration::from_secs(10);
    let session = session(sandbox, folder, "pids", Limits { pids: PIDS, wall, ..Limits::default() }).await?;
    // A length that no other process sleeps, nor another probe of this one.
    static PROBES: AtomicU32 = AtomicU32::new(0);
    let nap = format!("86400.{}{:04}", std::process::id(), PROBES.fetch_add(1, Ordering::Relaxed));
    let script = format!(
        "i=0; while [ $i -lt {} ]; do (echo x; exec sleep {nap}) & i=$((i+1)); done; exec sleep {nap}",
        PIDS * 4
    );
    let cancel = CancellationToken::new();
    let seen = Mutex::new(Vec::new());
    let end = cancel.clone();
    let sink: OutputSink = Arc::new(move |piece| {
        let mut seen = seen.lock().expect("no holder panics");
        seen.extend_from_slice(piece);
        let text = String::from_utf8_lossy(&seen);
        if text.contains(COMPLAINT) || started(&text) > PIDS {
            end.cancel();
        }
    });
    let options = ExecOptions { output: Some(sink), cancel };
    let ran = session.run(&Command::new(script), &options).await?;
    let text = &ran.result.output.text;
    let bounded = text.contains(COMPLAINT) && started(text) <= PIDS;
    let survivors = sleepers(&nap);
    session.end().await;
    Ok(vec![
        check(
            "pids",
            bounded,
            "the number of processes is bounded",
            "a command could start too many processes",
        ),
        check("lifetime", survivors == 0, "nothing outlives a command", "processes outlived their command"),
    ])
}

/// In what every shell says when it cannot start a process.
const COMPLAINT: &str = "fork";

fn started(output: &str) -> u64 {
    output.lines().filter(|line| *line == "x").count() as u64
}

fn sleepers(nap: &str) -> usize {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|process| std::fs::read(process.path().join("cmdline")).ok())
        .filter(|line| line.split(|byte| *byte == 0).any(|word| word == nap.as_bytes()))
        .count()
}

async fn disk(sandbox: &dyn Subject, folder: &Path) -> Result<Check, SandboxError> {
    let limits = Limits {
        workspace_bytes: 4 * MIB,
        tmp_bytes: MIB,
        wall: Duration::from_secs(10),
        ..Limits::default()
    };
    let session = session(sandbox, folder, "disk", limits).await?;
    let script = "head -c 4000000 /dev/zero > /tmp/fill && exit 3; head -c 16000000 /dev/zero > fill; exit 0";
    let ran = run(&*session, script.into()).await?;
    session.end().await;
    Ok(check(
        "disk",
        ran.result.status == ExitStatus::WorkspaceFull,
        "the workspace and the folders in memory are bounded",
        "a command could fill the disk",
    ))
}

fn check(name: &str, held: bool, good: &str, bad: &str) -> Check {
    Check { name: name.into(), held, detail: (if held { good } else { bad }).into(), remedy: None }
}
