//! Standard streams that are closed, full or narrow, and words that are no text.

use super::{WILLING, greeting, says, solo};
use crate::support::{House, end, of_kind};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::Stdio;

#[test]
fn a_reader_that_goes_away_disturbs_nobody() {
    let house = House::playing(WILLING);
    let folder = greeting(&house, "shop");
    let mut child = solo(&house, &folder, &[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let done = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!((done.status.code(), said.as_ref()), (Some(0), ""));
}

#[test]
fn output_that_is_lost_is_told() {
    let house = House::playing(WILLING);
    let folder = greeting(&house, "shop");
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    // The work is done all the same, and the exit status tells so.
    let run = end(solo(&house, &folder, &["--json"]).stdout(full()));
    says(&run, 0, &["standard output takes no more"]);
    assert_eq!(run.err.lines().count(), 1, "once: {}", run.err);
    for reader in [&["list"][..], &["show", "--markdown"], &["config", "show"], &["templates"]] {
        let ids = end(&mut house.squad(&["list", "--json"])).json();
        let id = ids[0]["execution_id"].as_str().unwrap();
        let mut args = reader.to_vec();
        if reader[0] == "show" {
            args.push(id);
        }
        says(&end(house.squad(&args).stdout(full())), 1, &["standard output takes no more"]);
    }
}

#[test]
fn words_and_variables_that_are_no_text_are_refused_or_left_alone() {
    let house = House::playing(WILLING);
    let odd = OsStr::from_bytes(b"odd\xff");
    let done = end(house.squad(&["run", "--repo", "shop", "--task"]).arg(odd));
    says(&done, 2, &["--task"]);
    let done = end(house.squad(&["list"]).arg(odd));
    assert_eq!(done.exit, 2);
    // A variable of somebody else's is none of our business; one of ours is.
    assert_eq!(end(house.squad(&["templates"]).env("LANG", odd).env("OTHER", odd)).exit, 0);
    says(&end(house.squad(&["templates", "--json"]).env("SQUAD_BUDGET", odd)), 2, &["SQUAD_BUDGET", "UTF-8"]);
    // What the log or the configuration could not hold is refused, before anything is made.
    let folder = greeting(&house, "shop");
    let place = house.folder().join(odd);
    says(&end(solo(&house, &folder, &[]).arg("--data-dir").arg(&place)), 2, &["--data-dir", "UTF-8"]);
    std::fs::rename(&folder, &place).unwrap();
    let inside = end(solo(&house, Path::new("."), &[]).current_dir(&place));
    says(&inside, 2, &["--repo", "UTF-8"]);
}

#[test]
fn without_walls_every_surface_warns() {
    let house = House::playing(WILLING);
    let folder = greeting(&house, "shop");
    let none = ["--sandbox", "none"];
    let json = end(&mut solo(&house, &folder, &[&none[..], &["--json"]].concat()));
    says(&json, 0, &["warning: no sandbox"]);
    assert!(of_kind(&json.json(), "workspace_prepared", "tier").contains(&"none"));
    let plain = end(&mut solo(&house, &folder, &none));
    says(&plain, 0, &["warning: no sandbox"]);
    assert!(
        plain.out.contains("NO SANDBOX") && plain.out.contains("the sandbox was `none`"),
        "{}",
        plain.out
    );
}
