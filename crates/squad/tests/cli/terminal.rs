//! A person at a terminal: the live view, and questions in place. `script` (of util-linux) makes the terminal.

use crate::support::House;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};

/// A program on a terminal of 100 columns.
struct Terminal {
    child: Child,
    seen: String,
}

impl Terminal {
    fn open(command: &Command) -> Self {
        let quoted = |text: &std::ffi::OsStr| format!("'{}'", text.to_string_lossy().replace('\'', "'\\''"));
        let words: Vec<String> =
            std::iter::once(command.get_program()).chain(command.get_args()).map(quoted).collect();
        let line = format!("stty cols 100 rows 40; exec {}", words.join(" "));
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--flush", "--command", &line, "/dev/null"]);
        script.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        script.env("TERM", "xterm-256color").env("SHELL", "/bin/sh");
        script.current_dir(command.get_current_dir().unwrap());
        let child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        Self { child, seen: String::new() }
    }

    /// Reads until the screen has shown `text`.
    fn until(&mut self, text: &str) {
        let from = self.seen.len();
        let mut bytes = [0; 4096];
        while !self.seen[from..].contains(text) {
            let count = self.child.stdout.as_mut().unwrap().read(&mut bytes).unwrap();
            assert_ne!(count, 0, "it ended without showing {text:?}:\n{}", self.seen);
            self.seen.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
    }

    fn type_keys(&mut self, keys: &str) {
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(keys.as_bytes()).unwrap();
        stdin.flush().unwrap();
    }

    /// Reads to the end. Gives the exit status.
    fn end(&mut self) -> Option<i32> {
        let mut rest = Vec::new();
        self.child.stdout.as_mut().unwrap().read_to_end(&mut rest).unwrap();
        self.seen.push_str(&String::from_utf8_lossy(&rest));
        self.child.wait().unwrap().code()
    }
}

#[test]
fn a_person_approves_the_plan_in_place() {
    let house = House::new();
    let mut terminal = Terminal::open(&house.run(&[]));
    terminal.until("Reject, and say what should be different");
    terminal.type_keys("\r");
    terminal.until("A remark for the squad");
    terminal.type_keys("keep it small\r");
    assert_eq!(terminal.end(), Some(0), "{}", terminal.seen);
    for text in ["approved: keep it small", "Completed", "Acceptance criteria"] {
        assert!(terminal.seen.contains(text), "{text:?} is not in\n{}", terminal.seen);
    }
}

#[test]
fn ctrl_c_at_a_question_leaves_it_waiting_and_says_how_to_go_on() {
    let house = House::new();
    let mut terminal = Terminal::open(&house.run(&[]));
    terminal.until("Reject, and say what should be different");
    terminal.type_keys("\u{3}");
    assert_eq!(terminal.end(), Some(3), "{}", terminal.seen);
    assert!(
        terminal.seen.contains("squad approve") && terminal.seen.contains("squad resume"),
        "{}",
        terminal.seen
    );
}
