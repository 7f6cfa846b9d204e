//! `Ctrl-C` at any moment of a run on a real terminal, once or twice. `script` (of util-linux) makes the terminal.

use crate::check;
use crate::house::House;
use crate::random::{Random, seed};
use crate::run::{again_and_again, moment};
use crate::workers::holder;
use squad_testkit::Backend;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};

/// Runs it on a terminal, and keeps its exit status and what the terminal was set to before and after.
fn on_a_terminal(command: &Command) -> Child {
    let quoted = |text: &std::ffi::OsStr| format!("'{}'", text.to_string_lossy().replace('\'', "'\\''"));
    let words: Vec<String> =
        std::iter::once(command.get_program()).chain(command.get_args()).map(quoted).collect();
    // The shell takes the interrupt for itself and goes on; what it starts gets it as usual.
    let line = format!(
        "trap : INT; stty cols 100 rows 40; stty -g > before; {}; echo $? > status; stty -g > after",
        words.join(" ")
    );
    let mut script = Command::new("script");
    script.args(["--quiet", "--flush", "--command", &line, "/dev/null"]);
    script.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    script.env("TERM", "xterm-256color").env("SHELL", "/bin/sh");
    script.current_dir(command.get_current_dir().unwrap());
    script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

fn interrupted(house: &House, whole: &check::Whole, number: u64) -> u64 {
    let seed = seed().wrapping_add(number);
    let context = format!("SQUAD_KILL_SEED={seed}");
    let mut random = Random::new(seed);
    let mut again = Vec::new();
    let mut times = 0;
    loop {
        let started = house.row();
        let before = house.path().join("before");
        let _ = std::fs::remove_file(&before);
        let mut child = match &started {
            Some(_) => on_a_terminal(&house.squad(&["resume"])),
            None => on_a_terminal(&house.run_for_people()),
        };
        let mut keys = child.stdin.take().unwrap();
        let mut screen = child.stdout.take().unwrap();
        let shown = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            screen.read_to_end(&mut bytes).unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        });
        // Only now is it the program's turn; before, the shell's own preparations would be interrupted.
        house.until(&mut child, |_| before.metadata().is_ok_and(|file| file.len() > 0).then_some(()));
        let twice = random.below(4) == 0;
        if moment(house, &mut child, &mut random) {
            let _ = keys.write_all(if twice { b"\x03\x03" } else { b"\x03" });
            times += 1;
        }
        child.wait().unwrap();
        let shown = shown.join().unwrap();
        let read = |name: &str| std::fs::read_to_string(house.path().join(name)).unwrap();
        assert_eq!(read("before"), read("after"), "{context}: the terminal is not as it was\n{shown}");
        let (hidden, visible) = (shown.rfind("\u{1b}[?25l"), shown.rfind("\u{1b}[?25h"));
        assert!(hidden.is_none() || hidden < visible, "{context}: the cursor stays hidden\n{shown}");
        let status = read("status");
        let Some(row) = house.row() else {
            // Before there is anything to take up, it is an interrupt like any other.
            assert_eq!(status.trim(), "130", "{context}: {shown}");
            continue;
        };
        again.extend(check::under_way(house, row.id));
        if row.status.is_terminal() {
            assert_eq!(status.trim(), "0", "{context}: {shown}");
            break;
        }
        assert!(["3", "130"].contains(&status.trim()), "{context}: {status} {shown}");
        if status.trim() == "130" {
            assert!(row.last_seq <= 1 || started.is_some(), "{context}: {shown}");
        } else if !twice {
            assert_eq!(holder(house, row.id), "", "{context}: the lease is given back");
            assert!(shown.contains("squad resume"), "{context}: {shown}");
        }
    }
    check::disturbed(house, house.row().unwrap().id, whole, &again, &context);
    times
}

#[test]
fn interrupted_at_random_moments_on_a_terminal_a_run_can_be_taken_up_and_the_terminal_is_as_before() {
    again_and_again(Backend::Sqlite, 6, interrupted);
}
