//! The disk is full in the middle of a run: it says so, and goes on once there is space. Needs root, to mount small disks.

use crate::check;
use crate::house::House;
use crate::run::undisturbed;
use squad_domain::execution::Status;
use squad_testkit::Backend;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use tokio::runtime::Runtime;

/// A disk in memory, of so many megabytes, until it is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path, megabytes: u32) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            let _ = writeln!(std::io::stderr(), "skipped: only root can mount a small disk");
            return None;
        }
        std::fs::create_dir_all(at).unwrap();
        let size = format!("size={megabytes}m,mode=755");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "small"]).arg(at).output().unwrap();
        if !mounted.status.success() {
            let why = String::from_utf8_lossy(&mounted.stderr);
            let _ = writeln!(std::io::stderr(), "skipped: no disk can be mounted here: {why}");
            return None;
        }
        Some(Self(at.to_owned()))
    }

    /// Leaves not a byte.
    fn fill(&self) {
        let mut file = std::fs::File::create(self.0.join("ballast")).unwrap();
        for size in [1 << 16, 1 << 12, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
    }

    fn make_space(&self) {
        std::fs::remove_file(self.0.join("ballast")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn a_full_data_folder_ends_a_run_with_what_to_do_and_it_is_resumed_once_there_is_space() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("disk");
    let Some(disk) = SmallDisk::mount(&place, 64) else { return };
    let whole = undisturbed(Backend::Sqlite);
    let url = squad_storage::sqlite_url(&place.join("squad.db"));
    let house = House::with_data(Runtime::new().unwrap(), url, place.join("data"));
    let mut run = house.run(&[]).spawn().unwrap();
    let id = house.until(&mut run, |house| house.row().map(|row| row.id));
    house.until(&mut run, |house| (house.last_seq(id) >= 20).then_some(()));
    disk.fill();
    let status = run.wait().unwrap().code();
    let said = house.said();
    assert!(matches!(status, Some(1 | 3)), "{status:?} {said}");
    assert!(said.to_lowercase().contains("no space left") || said.contains("disk is full"), "{said}");
    assert!(said.contains("squad resume"), "{said}");
    disk.make_space();
    while house.row().is_some_and(|row| row.status == Status::Blocked) {
        assert!(house.squad(&["retry"]).status().unwrap().success(), "{}", house.said());
    }
    let resumed = house.squad(&["resume", "--json"]).status().unwrap();
    assert_eq!(resumed.code(), Some(0), "{}", house.said());
    check::disturbed(&house, id, &whole, &[], "the disk was full");
}

#[test]
fn a_repository_on_a_full_disk_gets_its_branch_once_there_is_space() {
    let house = House::new(Backend::Sqlite);
    let (git, aside) = (house.repository.path().join(".git"), house.path().join("aside"));
    std::fs::rename(&git, &aside).unwrap();
    let Some(disk) = SmallDisk::mount(&git, 16) else { return };
    let copied = Command::new("cp").arg("-a").arg(aside.join(".")).arg(&git).status().unwrap();
    assert!(copied.success());
    let whole = undisturbed(Backend::Sqlite);
    disk.fill();
    let status = house.run(&[]).status().unwrap().code();
    let said = house.said();
    assert_eq!(status, Some(3), "a person is asked: {said}");
    assert!(said.contains("No space left") && said.contains("squad retry"), "{said}");
    let id = house.row().unwrap().id;
    disk.make_space();
    assert!(house.squad(&["retry"]).status().unwrap().success(), "{}", house.said());
    let resumed = house.squad(&["resume", "--json"]).status().unwrap();
    assert_eq!(resumed.code(), Some(0), "{}", house.said());
    check::asked_about(&house, id, &whole, "the repository's disk was full");
    house.leave();
}
