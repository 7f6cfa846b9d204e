//! Machines that lack something: git, room for temporary files, a home, the time of day.

use super::{WILLING, completes, fake, greeting, says, solo};
use crate::support::{House, end};
use std::path::PathBuf;
use std::process::Stdio;

/// A `PATH` with what the program needs apart from git.
fn without_git(house: &House, name: &str) -> PathBuf {
    let folder = house.folder().join(name);
    std::fs::create_dir(&folder).unwrap();
    for program in ["sh", "cp", "grep", "env"] {
        let real = std::env::split_paths(&std::env::var_os("PATH").unwrap())
            .map(|place| place.join(program))
            .find(|path| path.exists())
            .unwrap();
        std::os::unix::fs::symlink(real, folder.join(program)).unwrap();
    }
    folder
}

#[test]
fn a_git_that_is_missing_or_ancient_is_named_with_the_version_that_is_needed() {
    let house = House::playing(WILLING);
    let repository = greeting(&house, "shop");
    let (missing, ancient) = (without_git(&house, "missing"), without_git(&house, "ancient"));
    fake(&ancient, "git", "echo git version 2.10.1");
    for (path, said) in [(missing, "`git` was not found on the PATH"), (ancient, "git 2.10 is too old")] {
        says(&end(solo(&house, &repository, &[]).env("PATH", &path)), 2, &[said, "2.38"]);
        let checks = end(house.squad(&["doctor", "--json"]).env("PATH", &path));
        assert_eq!(checks.exit, 1);
        let git = checks.json().into_iter().find(|check| check["name"] == "git").unwrap();
        assert_eq!(git["health"], "bad");
        assert!(git["found"].as_str().unwrap().contains(said), "{git}");
    }
}

#[test]
fn no_place_for_temporary_files_is_told_and_no_home_is_done_without() {
    let house = House::playing(WILLING);
    let repository = greeting(&house, "shop");
    let done = end(solo(&house, &repository, &[]).env("TMPDIR", "/proc/nowhere"));
    says(&done, 2, &["/proc/nowhere", "set `TMPDIR`"]);
    assert_eq!(end(solo(&house, &repository, &[]).env_remove("HOME")).exit, 0);
}

#[test]
fn two_programs_share_a_data_folder() {
    let house = House::playing(WILLING);
    let (one, two) = (greeting(&house, "one"), greeting(&house, "two"));
    let start = |repository| {
        let mut command = solo(&house, repository, &[]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let (first, second) = (start(&one), start(&two));
    for child in [first, second] {
        let done = child.wait_with_output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    assert_eq!(end(&mut house.squad(&["list", "--json"])).json().len(), 2);
    completes(&house, &one);
}
