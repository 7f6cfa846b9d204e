//! Tasks, and commands that test: absent, endless, loud.

use super::{WILLING, greeting, says, solo};
use crate::support::{House, end, events_and_result};

#[test]
fn a_task_may_be_anything_but_nothing() {
    let house = House::playing(WILLING);
    let folder = greeting(&house, "shop");
    let ticket = house.folder().join("ticket.md");
    let from_file = format!("@{}", ticket.display());
    for nothing in ["", "  \n\t "] {
        says(&end(&mut solo(&house, &folder, &["--task", nothing])), 2, &["the task is empty"]);
    }
    std::fs::write(&ticket, b"caf\xe9").unwrap();
    says(&end(&mut solo(&house, &folder, &["--task", &from_file])), 2, &["ticket.md", "UTF-8"]);
    std::fs::write(&ticket, "word ".repeat(2 << 20)).unwrap();
    says(&end(&mut solo(&house, &folder, &["--task", &from_file])), 2, &["longer than 100 kB"]);
    std::fs::write(&ticket, "Say\u{1b}[2J\u{7} hello\r\n\u{202e}\u{0}and wave").unwrap();
    let done = end(&mut solo(&house, &folder, &["--task", &from_file]));
    assert_eq!(done.exit, 0, "{}", done.err);
    assert!(!done.out.contains(['\u{1b}', '\u{7}', '\u{202e}', '\0']), "{:?}", done.out);
}

#[test]
fn a_test_command_that_is_not_there_says_so() {
    let house = House::playing(WILLING);
    let folder = greeting(&house, "shop");
    let done = end(&mut solo(&house, &folder, &["--test-command", "no-such-program --all"]));
    assert_eq!(done.exit, 3, "{}{}", done.out, done.err);
    for part in ["exit status 127", "no-such-program", "squad retry"] {
        assert!(done.out.contains(part), "{part}: {}", done.out);
    }
}

#[test]
fn tests_that_never_end_or_never_stop_printing_are_bounded() {
    let house = House::playing(WILLING);
    let folder = greeting(&house, "shop");
    for (command, said) in [("sleep 1000", "1 s"), ("yes no", "1 s")] {
        let mut run = solo(&house, &folder, &["--json", "--test-command", command]);
        let done = end(run.env("SQUAD_LIMITS__TEST_SECONDS", "1").env("SQUAD_LIMITS__FIX_ROUNDS", "0"));
        assert_eq!(done.exit, 3, "{command}: {}", done.err);
        let lines = done.json();
        let (events, _) = events_and_result(&lines);
        let runs: Vec<_> = events.iter().filter(|event| event["kind"] == "tests_finished").collect();
        assert!(
            runs.len() >= 2 && runs.iter().all(|run| run["payload"]["run"]["exit_code"].is_null()),
            "{runs:?}"
        );
        let ended = runs[0]["payload"]["run"]["ended"].as_str().unwrap();
        assert!(ended.contains(said), "{command}: {ended}");
        assert!(done.out.len() < 4 << 20, "{} bytes", done.out.len());
        assert_eq!(end(&mut house.squad(&["cancel"])).exit, 0);
    }
}
