//! Files of the host, and ways out of the workspace.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use squad_sandbox::ReadOnlyMount;

use crate::support::{contained, room, room_with};

#[tokio::test]
async fn secrets_of_the_host_are_not_there() {
    let room = room().await;
    for path in [
        "/etc/shadow",
        "/etc/sudoers",
        "/etc/ssh",
        "/root/.ssh",
        "/root/.npmrc",
        "/root/.gitconfig",
        "/root/.bashrc",
        "/boot",
        "/var/log",
    ] {
        room.refused(&format!("ls -d {path}")).await;
    }
    let secret = tempfile::Builder::new().prefix("squad-secret").tempfile_in("/var/tmp").unwrap();
    fs::set_permissions(secret.path(), fs::Permissions::from_mode(0o644)).unwrap();
    room.refused(&format!("cat {}", secret.path().display())).await;
    symlink(secret.path(), room.workspace().join("link")).unwrap();
    room.refused("cat link").await;
    for up in ["..", "../..", "../../../../../../../.."] {
        room.refused(&format!("cat {up}{}", secret.path().display())).await;
    }
}

#[tokio::test]
async fn the_environment_of_the_server_is_not_there() {
    // Variables of this test process, which stands for the server; cargo and nextest set many.
    assert!(std::env::vars().any(|(name, _)| name.starts_with("CARGO_PKG") || name == "SQUAD_TEST_LAUNCHER"));
    let own = [
        "CARGO_HOME",
        "CARGO_NET_OFFLINE",
        "GIT_CONFIG_SYSTEM",
        "GIT_TERMINAL_PROMPT",
        "GOPATH",
        "GOPROXY",
        "HOME",
        "LANG",
        "LOGNAME",
        "MAVEN_ARGS",
        "PATH",
        "PIP_DISABLE_PIP_VERSION_CHECK",
        "PIP_RETRIES",
        "PYTHONDONTWRITEBYTECODE",
        "SHELL",
        "TERM",
        "TMPDIR",
        "USER",
        "UV_OFFLINE",
        "npm_config_audit",
        "npm_config_fetch_retries",
        "npm_config_fund",
        "npm_config_update_notifier",
    ];
    let by_the_shell = ["PWD", "OLDPWD", "SHLVL", "_"];
    let room = room().await;
    let seen = room.ok("env; cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n'").await;
    for (name, value) in seen.lines().filter_map(|line| line.split_once('=')) {
        let toolchain = (name.ends_with("_HOME") || name.ends_with("ROOT") || name.ends_with("_DIR"))
            && std::path::Path::new(value).is_dir();
        // Containers name process 1 its host, which is this one's own.
        let of_container = contained() && (name, value) == ("HOSTNAME", "sandbox");
        assert!(
            own.contains(&name) || of_container || by_the_shell.contains(&name) || toolchain,
            "{name}={value}"
        );
    }
}

#[tokio::test]
async fn writing_outside_the_workspace_changes_nothing_on_the_host() {
    let room = room().await;
    fs::write(room.folder.path().join("outside"), "kept").unwrap();
    room.refused("echo x > ../outside").await;
    room.refused("echo x > /usr/bin/evil").await;
    room.refused("echo x > /etc/passwd").await;
    room.refused("rm -rf /usr/bin/env").await;
    room.refused("mkdir /evil").await;
    room.refused("ln /usr/bin/env stolen").await;
    room.refused("mv /workspace /elsewhere").await;
    room.refused("touch /usr /etc /proc/sys/kernel/hostname && echo x > /proc/sys/kernel/hostname").await;
    room.ok("touch /tmp/private && echo x > ~/cached").await;
    assert_eq!(fs::read_to_string(room.folder.path().join("outside")).unwrap(), "kept");
    assert!(!std::path::Path::new("/tmp/private").exists());
    assert!(room.folder.path().join("cache/cached").exists());
}

#[tokio::test]
async fn git_metadata_can_be_read_but_not_written() {
    let repository = tempfile::tempdir().unwrap();
    let git = |folder: &std::path::Path, arguments: &[&str]| {
        let done = std::process::Command::new("git")
            .args(["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "safe.directory=*"])
            .args(arguments)
            .current_dir(folder)
            .env("HOME", folder)
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    git(repository.path(), &["init", "-q"]);
    git(repository.path(), &["commit", "-q", "--allow-empty", "-m", "first"]);
    let room = room_with(|spec| {
        fs::remove_dir(&spec.root).unwrap();
        git(repository.path(), &["worktree", "add", "-q", spec.root.to_str().unwrap()]);
        let inside = repository.path().join(".git");
        spec.read_only.push(ReadOnlyMount { host: inside.clone(), inside });
    })
    .await;
    assert!(room.ok("git log --oneline").await.contains("first"));
    assert_eq!(room.ok("touch new; git status --porcelain").await, "?? new\n");
    let metadata = repository.path().join(".git").display().to_string();
    for attack in [
        "echo 'gitdir: /tmp/evil' > .git".to_owned(),
        "rm -f .git".to_owned(),
        "mv .git elsewhere".to_owned(),
        "ln -sf /tmp .git".to_owned(),
        format!("echo x > {metadata}/hooks/pre-commit"),
        format!("mkdir -p {metadata}/hooks && cp /bin/true {metadata}/hooks/pre-commit"),
        format!("git config -f {metadata}/config core.fsmonitor /bin/true"),
        "git commit -q --allow-empty -m evil".to_owned(),
        "git config core.hooksPath /tmp".to_owned(),
    ] {
        room.refused(&attack).await;
    }
}

#[tokio::test]
async fn read_only_mounts_stay_so() {
    let shared = tempfile::tempdir().unwrap();
    fs::write(shared.path().join("note"), "kept").unwrap();
    fs::set_permissions(shared.path(), fs::Permissions::from_mode(0o777)).unwrap();
    fs::set_permissions(shared.path().join("note"), fs::Permissions::from_mode(0o666)).unwrap();
    let room = room_with(|spec| {
        spec.read_only.push(ReadOnlyMount { host: shared.path().into(), inside: "/shared".into() });
    })
    .await;
    assert_eq!(room.ok("cat /shared/note").await, "kept");
    room.refused("echo x > /shared/note").await;
    room.refused("touch /shared/new").await;
    room.refused("rm /shared/note").await;
}

#[tokio::test]
async fn device_nodes_and_set_uid_programs_are_useless() {
    let room = room().await;
    room.refused("mknod disk b 254 0").await;
    room.refused("mknod memory c 1 1").await;
    room.refused("ls /dev/vda /dev/sda /dev/mem /dev/kmsg").await;
    room.ok("cp /bin/true program && chmod 6755 program && ./program").await;
    assert_eq!(room.ok("grep -c '^NoNewPrivs:.0' /proc/self/status || true").await, "0\n");
    let rights = room.ok("grep -E '^Cap(Prm|Eff|Bnd|Amb)' /proc/self/status | cut -f2 | sort -u").await;
    assert_eq!(rights, "0000000000000000\n");
    room.refused("su -c true").await;
    room.refused("chown 0:0 program").await;
    room.refused("python3 -c 'import os; os.setuid(0)'").await;
    let host = fs::metadata(room.workspace().join("program")).unwrap();
    assert_ne!(host.uid(), 0, "files made inside belong to an ordinary user on the host");
}

#[tokio::test]
async fn a_file_with_a_second_name_elsewhere_keeps_its_owner() {
    let room = room_with(|spec| {
        let original = spec.root.parent().unwrap().join("original");
        fs::write(&original, "x").unwrap();
        fs::hard_link(&original, spec.root.join("second-name")).unwrap();
    })
    .await;
    let this_user = rustix::process::getuid().as_raw();
    assert_eq!(fs::metadata(room.folder.path().join("original")).unwrap().uid(), this_user);
}
