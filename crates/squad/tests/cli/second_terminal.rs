//! What people do to an execution while it waits, or while another process drives it.

use crate::support::{House, end, events_and_result, until};

#[test]
fn a_plan_is_approved_from_a_second_terminal_and_the_run_goes_on() {
    let house = House::new();
    let waiting = end(&mut house.run(&["--json"]));
    assert_eq!(waiting.exit, 3, "waits for a person");
    let lines = waiting.json();
    let (_, result) = events_and_result(&lines);
    assert_eq!((&result["status"], &result["branch"]), (&"blocked".into(), &serde_json::Value::Null));
    let id = result["execution_id"].as_str().unwrap();
    let short = &id[id.len() - 8..];
    assert!(waiting.err.contains(&format!("squad approve {short}")), "{}", waiting.err);
    let shown = end(&mut house.squad(&["show"])).out;
    assert!(
        shown.contains("Why isn't it moving?") && shown.contains(&format!("squad approve {short}")),
        "{shown}"
    );

    let unfit = end(&mut house.squad(&["retry", short]));
    assert_eq!(unfit.exit, 2);
    assert!(unfit.err.contains("squad approve"), "{}", unfit.err);
    let approved = end(&mut house.squad(&["approve", "--note", "keep it small"]));
    assert_eq!(approved.exit, 0, "{}", approved.err);
    assert!(approved.out.contains(&format!("squad resume {short}")), "{}", approved.out);
    let moving = end(&mut house.squad(&["show", short])).out;
    assert!(moving.contains("no worker has it"), "{moving}");
    let done = end(&mut house.squad(&["resume", &id[..12]]));
    assert_eq!(done.exit, 0, "{}{}", done.out, done.err);
    assert!(
        done.out.contains("Completed") && !done.out.contains("drafts the plan"),
        "only what is new is shown"
    );
}

#[test]
fn a_run_is_watched_paused_and_cancelled_from_a_second_terminal() {
    let house = House::slow();
    let (mut child, printed) = until(&mut house.run(&["--approve", "never"]), "reads the task");
    let told = end(&mut house.squad(&["list", "--json"])).json();
    let id = told[0]["short_id"].as_str().unwrap().to_owned();
    let held = end(&mut house.squad(&["show", &id])).out;
    assert!(held.contains("It is moving"), "{held}");
    assert_eq!(end(&mut house.squad(&["message", &id, "--to", "Tom", "prefer small steps"])).exit, 0);
    let nobody = end(&mut house.squad(&["message", &id, "--to", "Zoe", "hello"]));
    assert_eq!(nobody.exit, 2);
    assert!(nobody.err.contains("Pia, Tom, Bea, Fay, Quinn"), "{}", nobody.err);

    assert_eq!(end(&mut house.squad(&["pause", &id])).exit, 0);
    assert_eq!(child.wait().unwrap().code(), Some(3), "a paused run leaves the terminal");
    let rest = printed.rest();
    assert!(rest.contains("paused the execution") && rest.contains(&format!("squad resume {id}")), "{rest}");
    let why = end(&mut house.squad(&["show", &id])).out;
    assert!(why.contains("ada paused it"), "{why}");

    let (mut child, printed) = until(&mut house.squad(&["resume", &id, "--json"]), "\"resumed\"");
    let (mut watcher, watched) = until(&mut house.squad(&["watch", &id, "--json"]), "\"resumed\"");
    assert_eq!(end(&mut house.squad(&["cancel", "--reason", "the ticket was closed"])).exit, 0);
    assert_eq!(child.wait().unwrap().code(), Some(4));
    assert_eq!(watcher.wait().unwrap().code(), Some(4));
    let last = |text: &str| text.lines().last().unwrap_or_default().to_owned();
    let (driven, seen) = (last(&printed.rest()), last(&watched.rest()));
    assert!(driven.contains("\"cancelled\""), "{driven}");
    assert_eq!(driven, seen, "driver and watcher tell the same end");
    assert_eq!(end(&mut house.squad(&["message", &id, "too late"])).exit, 2);
}

#[test]
fn a_worker_takes_up_what_a_person_has_answered() {
    let house = House::new();
    let waiting = end(&mut house.run(&[]));
    assert_eq!(waiting.exit, 3);
    assert_eq!(end(&mut house.squad(&["approve"])).exit, 0);
    let mut worker = house.squad(&["worker"]).stdout(std::process::Stdio::null()).spawn().unwrap();
    let watched = end(&mut house.squad(&["watch"]));
    assert_eq!(watched.exit, 0, "{}", watched.out);
    worker.kill().unwrap();
    worker.wait().unwrap();
}
