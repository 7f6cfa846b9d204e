//! What every honest command may rely on.

use crate::support::room;
use squad_sandbox::ExitStatus;

#[tokio::test]
async fn a_command_runs_in_the_workspace_and_its_files_stay() {
    let room = room().await;
    std::fs::write(room.workspace().join("in.txt"), "hello").unwrap();
    let output = room.ok("pwd; id -u; cat in.txt; echo written > out.txt; echo problem >&2").await;
    assert_eq!(output, "/workspace\n1000\nhelloproblem\n");
    assert_eq!(std::fs::read_to_string(room.workspace().join("out.txt")).unwrap(), "written\n");
}

#[tokio::test]
async fn the_exit_status_and_the_signal_are_told() {
    let room = room().await;
    assert_eq!(room.run("exit 7").await.status, ExitStatus::Exited(7));
    assert_eq!(room.run("kill -TERM $$").await.status, ExitStatus::Signaled(15));
    assert_eq!(room.run("no-such-program-here").await.status, ExitStatus::Exited(127));
}
