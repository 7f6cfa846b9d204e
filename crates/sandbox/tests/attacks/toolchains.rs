//! Real projects' test suites run, with the host's toolchains and without its credentials.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use squad_sandbox::HostEnvironment;

use crate::support::{Room, Wanted, room, room_in, room_with, sandbox_with};

fn put(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

async fn has(room: &Room, program: &str) -> bool {
    room.run(&format!("{program} --version")).await.status.success()
}

async fn project(files: &[(&str, &str)]) -> Room {
    room_with(|spec| files.iter().for_each(|(name, text)| put(&spec.root, name, text))).await
}

#[tokio::test]
async fn a_python_project_is_tested() {
    let test = "import unittest, sqlite3, ssl, tempfile, multiprocessing
class T(unittest.TestCase):
    def test_pool(self):
        with multiprocessing.Pool(2) as pool: self.assertEqual(pool.map(abs, [-1]), [1])
    def test_file(self):
        with tempfile.TemporaryFile() as f: f.write(b'x')
";
    let room = project(&[("test_it.py", test)]).await;
    let said = room.ok("python3 -m unittest -v").await;
    assert!(said.contains("OK"), "{said}");
    assert_eq!(room.ok("python3 -m venv --without-pip .venv && .venv/bin/python -c 'print(1)'").await, "1\n");
}

#[tokio::test]
async fn a_node_project_is_tested() {
    let room = project(&[
        ("package.json", r#"{"name": "a", "version": "1.0.0", "scripts": {"test": "node --test"}}"#),
        ("a.test.js", "require('node:test')('adds', () => require('node:assert').equal(1 + 1, 2))"),
    ])
    .await;
    if has(&room, "npm").await {
        let said = room.ok("npm test").await;
        assert!(said.contains("pass 1"), "{said}");
        room.ok("npm install --offline && test -f package-lock.json").await;
        // A package that is not there is missed once, not again and again.
        let missing = room.run("npm install --loglevel=http no-such-package 2>&1").await;
        assert!(!missing.status.success() && !missing.output.text.contains("attempt 2"), "{missing:?}");
    }
}

#[tokio::test]
async fn a_rust_project_is_tested_with_packages_that_the_user_fetched() {
    let room = project(&[
        (
            "Cargo.toml",
            "[package]\nname = \"a\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\ncfg-if = \"1\"\n",
        ),
        ("src/lib.rs", "#[test] fn it_adds() { cfg_if::cfg_if! { if #[cfg(unix)] { assert_eq!(1 + 1, 2) } } }"),
    ])
    .await;
    let fetched = room.run("ls $CARGO_HOME/registry/cache/*/cfg-if-1.*").await.status.success();
    if has(&room, "cargo").await && fetched {
        // Nobody has to say `--offline` where there is no network.
        let said = room.ok("cargo test 2>&1").await;
        assert!(said.contains("1 passed"), "{said}");
        room.refused("touch $RUSTUP_HOME/evil || touch $CARGO_HOME/registry/evil").await;
    }
}

#[tokio::test]
async fn pseudo_terminals_work() {
    let room = room().await;
    let said = room.ok("python3 -c 'import pty; pty.spawn([\"tty\"])'").await;
    assert!(said.contains("/dev/pts/"), "{said}");
}

#[tokio::test]
async fn tools_of_the_users_home_are_seen_and_credentials_beside_them_are_not() {
    let host = tempfile::tempdir().unwrap();
    let home = host.path().join("home");
    put(&home, "tools/hello/bin/hello", "#!/bin/sh\necho hello $(cat \"$(dirname \"$0\")/../share/name\")\n");
    put(&home, "tools/hello/share/name", "squad");
    put(&home, "tools/hello/.npmrc", "//registry.example/:_authToken=s3cret");
    put(&home, ".volta/credentials.toml", "token = \"s3cret\"");
    put(&home, ".volta/.docker/config.json", "{\"auths\": \"s3cret\"}");
    put(&home, ".ssh/id_ed25519", "s3cret");
    put(&home, "notes.txt", "s3cret");
    fs::set_permissions(
        home.join("tools/hello/bin/hello"),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    let environment = HostEnvironment {
        path: vec![home.join("tools/hello/bin"), "/usr/bin".into()],
        home: Some(home.clone()),
        variables: BTreeMap::new(),
    };
    let sandbox = sandbox_with(Wanted { host: Some(environment), ..Wanted::default() });
    let room = room_in(&*sandbox, |_| {}).await;
    assert_eq!(room.ok("hello").await, "hello squad\n");
    let found = room.ok(&format!("grep -r s3cret {} 2>/dev/null || true", home.display())).await;
    assert_eq!(found, "");
    room.refused(&format!("echo x >> {}/tools/hello/bin/hello", home.display())).await;
    room.refused(&format!("ls {}/notes.txt || ls -A {0}/.ssh", home.display())).await;
}
