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

/// Process 1 and the launcher talk while commands start and end at once: none of their words may be lost.
#[tokio::test]
async fn many_short_commands_side_by_side_all_end() {
    let room = room().await;
    for _ in 0..20 {
        let (a, b, c, d) =
            tokio::join!(room.run("true"), room.run("exit 3"), room.run("echo x"), room.run("true"));
        let statuses = [a, b, c, d].map(|result| result.status);
        let expected = [0, 3, 0, 0].map(ExitStatus::Exited);
        assert_eq!(statuses, expected);
    }
}
