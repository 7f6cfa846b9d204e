//! The same attacks when squad runs as an ordinary user, because that is how people run it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::Command;

use crate::support::launcher;

/// The account of nobody in particular.
const NOBODY: u32 = 65_534;

#[test]
fn every_attack_fails_for_an_ordinary_user_as_well() {
    as_nobody(&[]);
}

#[test]
fn every_attack_fails_through_bwrap_as_well() {
    let program = "/usr/bin/bwrap";
    if fs::exists(program).unwrap() {
        as_nobody(&[("SQUAD_TEST_BWRAP", program)]);
    }
}

fn as_nobody(variables: &[(&str, &str)]) {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    // Programs and folders that the user can reach.
    let folder = tempfile::Builder::new().prefix("squad-user").tempdir_in("/tmp").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("attacks");
    let copied_launcher = folder.path().join("launcher");
    let home = folder.path().join("home");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    fs::copy(launcher(), &copied_launcher).unwrap();
    fs::create_dir(&home).unwrap();
    chown(&home, Some(NOBODY), Some(NOBODY)).unwrap();

    let done = Command::new("setpriv")
        .args([&format!("--reuid={NOBODY}"), &format!("--regid={NOBODY}"), "--clear-groups"])
        .arg(&program)
        .args(["--skip", "ordinary_user::"])
        .current_dir(&home)
        .env_clear()
        .envs([("PATH", "/usr/local/bin:/usr/bin:/bin"), ("HOME", home.to_str().unwrap())])
        .envs([
            ("TMPDIR", home.to_str().unwrap()),
            ("SQUAD_TEST_LAUNCHER", copied_launcher.to_str().unwrap()),
        ])
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
}
