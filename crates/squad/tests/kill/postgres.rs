//! Postgres goes away in the middle of a run, in every way in which it can, and comes back.

use crate::check;
use crate::house::House;
use crate::run::undisturbed;
use rustix::process::{Pid, Signal, kill_process};
use squad_testkit::Backend;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A server of this test alone, on a socket in its folder. It flushes nothing to the disk, but writes everything before
/// it says that it has: a killed server loses nothing, only a machine without power would.
struct Server {
    folder: TempDir,
    programs: PathBuf,
}

impl Server {
    fn start() -> Self {
        let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let programs =
            versions.map(|version| version.path().join("bin")).find(|bin| bin.join("initdb").exists());
        let programs = programs.expect("Postgres is installed: apt-get install postgresql");
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        let server = Self { folder, programs };
        if rustix::process::geteuid().is_root() {
            let done = Command::new("chown").arg("postgres").arg(server.folder.path()).status().unwrap();
            assert!(done.success());
        }
        server.call("initdb", &["-U", "squad", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]);
        server.up();
        server
    }

    fn url(&self) -> String {
        format!("postgres://squad@localhost/postgres?host={}", self.folder.path().display())
    }

    fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.arg("-D").arg(self.folder.path().join("data")).args(args).current_dir("/");
        let owner = self.folder.path().metadata().unwrap();
        if rustix::process::geteuid().is_root() {
            command.uid(owner.uid()).gid(owner.gid());
        }
        command
    }

    fn call(&self, program: &str, args: &[&str]) {
        let log = std::fs::File::create(self.folder.path().join("called")).unwrap();
        let status =
            self.command(program, args).stdout(log.try_clone().unwrap()).stderr(log).status().unwrap();
        let said = || std::fs::read_to_string(self.folder.path().join("called")).unwrap();
        assert!(status.success(), "{program} {args:?}: {}", said());
    }

    fn up(&self) {
        let socket = format!(
            "-k {} -c listen_addresses= -c fsync=off -c full_page_writes=off",
            self.folder.path().display()
        );
        let log = self.folder.path().join("data/log").display().to_string();
        let up = ["-w", "-t", "60", "-l", &log, "-o", &socket, "start"];
        // What a killed server's children held is free a moment after the last of them is gone.
        for _ in 0..50 {
            if self
                .command("pg_ctl", &up)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .unwrap()
                .success()
            {
                return;
            }
            std::thread::sleep(crate::house::LOOK);
        }
        panic!("it does not start: {}", std::fs::read_to_string(log).unwrap());
    }

    fn down(&self, how: How) {
        match how {
            How::Fast => self.call("pg_ctl", &["-w", "-m", "fast", "stop"]),
            How::Immediate => self.call("pg_ctl", &["-w", "-m", "immediate", "stop"]),
            How::Killed => {
                let file = self.folder.path().join("data/postmaster.pid");
                let text = std::fs::read_to_string(file).unwrap();
                let postmaster: i32 = text.lines().next().unwrap().parse().unwrap();
                let family: Vec<i32> = children(postmaster).into_iter().chain([postmaster]).collect();
                for process in family.iter().rev().filter_map(|process| Pid::from_raw(*process)) {
                    // A child may end at once when its parent does.
                    let _ = kill_process(process, Signal::KILL);
                }
                while family.iter().any(|process| is_alive(*process)) {
                    std::thread::sleep(crate::house::LOOK);
                }
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be down already.
        let _ = self.command("pg_ctl", &["-w", "-m", "immediate", "stop"]).output();
    }
}

#[derive(Debug, Clone, Copy)]
enum How {
    Fast,
    Immediate,
    Killed,
}

fn stat(process: i32) -> Option<(String, i32)> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?))
}

fn is_alive(process: i32) -> bool {
    stat(process).is_some_and(|(state, _)| state != "Z")
}

fn children(parent: i32) -> Vec<i32> {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    all.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|process| stat(*process).is_some_and(|(_, of)| of == parent))
        .collect()
}

#[test]
fn a_run_outlives_a_postgres_that_is_stopped_in_every_way_and_started_again() {
    let whole = undisturbed(Backend::Sqlite);
    let server = Server::start();
    let house = House::at(Runtime::new().unwrap(), server.url());
    let mut run = house.run(&[]).spawn().unwrap();
    let id = house.until(&mut run, |house| house.row().map(|row| row.id));
    for (how, events) in [(How::Fast, 10), (How::Immediate, 25), (How::Killed, 40)] {
        house.until(&mut run, |house| (house.last_seq(id) >= events).then_some(()));
        server.down(how);
        server.up();
    }
    assert_eq!(run.wait().unwrap().code(), Some(0), "{}", house.said());
    check::disturbed(&house, id, &whole, &[], "Postgres was away three times");
}

#[test]
fn a_run_whose_postgres_stays_away_ends_with_what_to_do_and_is_resumed_later() {
    let whole = undisturbed(Backend::Sqlite);
    let server = Server::start();
    let house = House::at(Runtime::new().unwrap(), server.url());
    let mut run = house.run(&[]).spawn().unwrap();
    let id = house.until(&mut run, |house| house.row().map(|row| row.id));
    house.until(&mut run, |house| (house.last_seq(id) >= 20).then_some(()));
    server.down(How::Immediate);
    assert_eq!(run.wait().unwrap().code(), Some(1), "{}", house.said());
    let said = house.said();
    assert!(said.contains("the database failed") && said.contains("squad resume"), "{said}");
    server.up();
    let resumed = house.squad(&["resume", "--json"]).status().unwrap();
    assert_eq!(resumed.code(), Some(0), "{}", house.said());
    check::disturbed(&house, id, &whole, &[], "Postgres came back");
}
