//! What every honest command may rely on.

use crate::support::{contained, room};
use squad_sandbox::{ExitStatus, SANDBOX_ID};

#[tokio::test]
async fn a_command_runs_in_the_workspace_and_its_files_stay() {
    let room = room().await;
    std::fs::write(room.workspace().join("in.txt"), "hello").unwrap();
    let output = room.ok("pwd; id -u; cat in.txt; echo written > out.txt; echo problem >&2").await;
    // A container has no user map: there it is the user that it is on the host.
    let this_user = rustix::process::getuid().as_raw();
    let id = match (contained(), this_user) {
        (true, 0) => SANDBOX_ID,
        (true, _) => this_user,
        (false, _) => 1000,
    };
    assert_eq!(output, format!("/workspace\n{id}\nhelloproblem\n"));
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

/// All of them make the folders that a home does not have yet.
#[tokio::test]
async fn commands_that_are_the_first_in_a_home_may_start_side_by_side() {
    for _ in 0..20 {
        let room = room().await;
        let all = futures::future::join_all((0..4).map(|_| room.run("true"))).await;
        assert!(all.iter().all(|result| result.status == ExitStatus::Exited(0)), "{all:?}");
    }
}

#[tokio::test]
async fn nothing_of_a_command_is_left_for_the_next_but_its_files() {
    let room = room().await;
    let script =
        "mkdir -p /tmp/a/b /dev/shm/a && touch /tmp/a/b/c /dev/shm/a/b /run/a ~/kept kept && chmod 500 /tmp/a
(setsid sleep 600 &)
python3 -c 'import ctypes; print(ctypes.CDLL(None).shmget(0x5ad, 4096, 0o1777))'";
    room.ok(script).await;
    assert_eq!(
        room.ok("ls -A /tmp /dev/shm /run | grep -v -e : -e squad-init | grep . || true; ls ~/kept kept")
            .await,
        "/home/squad/kept\nkept\n"
    );
    assert_eq!(room.ok("cat /proc/sysvipc/shm | wc -l").await, "1\n");
    assert_eq!(room.ok("cat /proc/[0-9]*/comm | grep -c sleep || true").await, "0\n");
}

/// A worktree that was made anew is another folder of the same name.
#[tokio::test]
async fn a_workspace_that_was_replaced_is_seen_as_it_is_now() {
    let room = room().await;
    room.ok("echo old > file").await;
    std::fs::remove_dir_all(room.workspace()).unwrap();
    std::fs::create_dir(room.workspace()).unwrap();
    std::fs::write(room.workspace().join("file"), "new\n").unwrap();
    assert_eq!(room.ok("cat file").await, "new\n");
}

/// Programs open these by name, as if they were files.
#[tokio::test]
async fn the_standard_streams_can_be_opened_by_name() {
    let room = room().await;
    assert_eq!(
        room.ok("echo one > /dev/stdout; echo two > /dev/stderr; cat < /dev/stdin").await,
        "one\ntwo\n"
    );
}
