//! Machines that lack something: git, room for temporary files, a home, the time of day.

use super::{WILLING, completes, fake, greeting, says, solo};
use crate::support::{House, end};
use std::path::PathBuf;
use std::process::{Command, Stdio};

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

/// The same command in namespaces of its own, where `first` is done before.
fn elsewhere(command: &Command, namespaces: &[&str], first: &str) -> Command {
    let mut inside = Command::new("unshare");
    inside.args(namespaces).args(["sh", "-c", &format!("{first} && exec \"$@\""), "sh"]);
    inside.arg(command.get_program()).args(command.get_args()).env_clear();
    inside.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    inside.current_dir(command.get_current_dir().unwrap());
    inside
}

#[test]
fn a_data_folder_that_became_read_only_is_read_and_not_written() {
    let house = House::playing(WILLING);
    let repository = greeting(&house, "shop");
    completes(&house, &repository);
    let mount = format!("mount --bind {0} {0} && mount -o remount,ro,bind {0}", house.data().display());
    // Who is not root may do that in a user namespace.
    let read_only = |command: Command| end(&mut elsewhere(&command, &["--mount", "--map-root-user"], &mount));
    let listed = read_only(house.squad(&["list", "--json"]));
    assert_eq!((listed.exit, listed.json().len()), (0, 1), "{}", listed.err);
    says(&read_only(house.squad(&["show"])), 2, &["`squad list` shows them"]);
    let refused = read_only(solo(&house, &repository, &[]));
    says(&refused, 2, &["squad.db", "Read-only file system", "choose a folder that you may write to"]);
    assert_eq!(house.requests(), 3, "nothing was paid for");
}

#[test]
fn without_user_namespaces_nothing_runs_unprotected() {
    let house = House::playing(WILLING);
    let repository = greeting(&house, "shop");
    let none = "echo 0 > /proc/sys/user/max_user_namespaces";
    let without = |command: Command| end(&mut elsewhere(&command, &["--user", "--map-root-user"], none));
    let refused = without(solo(&house, &repository, &[]));
    says(&refused, 2, &["sandbox tier `builtin` does not hold", "user.max_user_namespaces"]);
    let checks = without(house.squad(&["doctor", "--json"]));
    assert_eq!(checks.exit, 1);
    let walls = |check: &serde_json::Value| {
        check["name"].as_str().unwrap().starts_with("sandbox builtin") && check["health"] == "bad"
    };
    assert!(checks.json().iter().any(walls), "{}", checks.out);
    assert_eq!((house.requests(), greeting_of(&repository)), (0, "goodbye\n".to_owned()));
}

fn greeting_of(repository: &std::path::Path) -> String {
    std::fs::read_to_string(repository.join("greeting.txt")).unwrap()
}

/// What machines without a battery begin with.
const IN_1970: &str = r"
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && clock == CLOCK_REALTIME) now->tv_sec %= 86400;
    return result;
}
";

#[test]
fn a_clock_in_1970_is_good_enough() {
    let house = House::playing(WILLING);
    let repository = greeting(&house, "shop");
    let (source, clock) = (house.folder().join("clock.c"), house.folder().join("clock.so"));
    std::fs::write(&source, IN_1970).unwrap();
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&clock, &source]).status().unwrap();
    assert!(built.success());
    let done = end(solo(&house, &repository, &[]).env("LD_PRELOAD", &clock));
    assert_eq!(done.exit, 0, "{}", done.err);
    let rows = end(&mut house.squad(&["list", "--json"])).json();
    assert!(rows[0]["created_at"].as_str().unwrap().starts_with("1970-01-01"), "{}", rows[0]);
    // The clock is mended: what happened before stays before.
    completes(&house, &greeting(&house, "other"));
    let rows = end(&mut house.squad(&["list", "--json"])).json();
    assert_eq!(rows.len(), 2);
}
