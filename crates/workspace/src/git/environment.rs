//! What git may see of the world. The tables say what is switched off and why.

use std::ffi::OsString;
use std::path::Path;
use std::sync::LazyLock;

use tokio::process::Command;

/// Whose configuration git may read. A repository's own configuration is never trusted: what could start a program is overridden.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trust {
    /// No configuration of the machine or the user; no network.
    Nothing,
    /// As `Nothing`, with a configuration file that we wrote, because git hands `-c` settings not on to the
    /// `upload-pack` it starts; local paths may be read.
    OwnFile(std::path::PathBuf),
    /// The user's own configuration (credential helpers, proxies, ssh), for clone and push only.
    User,
}

/// Settings that override whatever a repository says.
const OVERRIDES: &[&str] = &[
    // Programs that git would start.
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.alternateRefsCommand=true",
    "core.pager=cat",
    "core.editor=false",
    "sequence.editor=false",
    "gpg.program=false",
    "log.showSignature=false",
    "commit.gpgSign=false",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    // We remove what a clone remembers of its origin, under this name.
    "clone.defaultRemoteName=origin",
    // Background work that would outlive the command.
    "gc.auto=0",
    "maintenance.auto=false",
    // Bytes stay bytes.
    "core.autocrlf=false",
    "core.safecrlf=false",
    "core.symlinks=true",
    "core.fileMode=true",
    "core.ignoreCase=false",
    "core.quotePath=false",
    "core.untrackedCache=false",
    "core.sparseCheckout=false",
    // A name that some system takes for `.git` is none that we record or write, whatever this system thinks of it.
    "core.protectHFS=true",
    "core.protectNTFS=true",
    // A tree whose id was recorded survives a power cut.
    "core.fsync=added,reference",
    "core.fsyncMethod=batch",
    // We say ourselves which repository is meant; whose it is does not matter when nothing in it is trusted.
    "safe.directory=*",
    "protocol.ext.allow=never",
    "advice.addEmbeddedRepo=false",
];

/// Settings on top where the user's own configuration is not read.
const OFFLINE: &[&str] = &[
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "core.sshCommand=false",
    "core.askPass=false",
    "credential.helper=",
];

/// Variables of the server that a transport to the user's remote may need.
const USER_VARIABLES: &[&str] = &[
    "HOME",
    "USER",
    "LOGNAME",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    "SSH_AUTH_SOCK",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
];

/// Fills in the cleared environment and the overriding settings.
pub(crate) fn neutralize(command: &mut Command, trust: &Trust) {
    command.env_clear();
    command.env("PATH", absolute_path_variable()).env("LANG", "C.UTF-8").env("LC_ALL", "C.UTF-8");
    for (key, value) in [
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_PAGER", "cat"),
        ("GIT_EDITOR", "false"),
        ("GIT_OPTIONAL_LOCKS", "0"),
        ("GIT_NO_LAZY_FETCH", "1"),
        ("GIT_NO_REPLACE_OBJECTS", "1"),
        ("GIT_ATTR_NOSYSTEM", "1"),
        ("GIT_COMMITTER_NAME", "Agent Squad"),
        ("GIT_COMMITTER_EMAIL", "squad@localhost"),
    ] {
        command.env(key, value);
    }
    command.arg("--no-pager");
    for setting in OVERRIDES {
        command.args(["-c", setting]);
    }
    if *trust == Trust::User {
        command.env("GIT_ALLOW_PROTOCOL", "https:http:ssh:git:file");
        for key in USER_VARIABLES {
            if let Some(value) = std::env::var_os(key) {
                command.env(key, value);
            }
        }
        if !user_chose_ssh() {
            // There is no terminal to ask on: a question must fail at once instead of hanging.
            command.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes");
        }
        return;
    }
    for setting in OFFLINE {
        command.args(["-c", setting]);
    }
    let global = match trust {
        Trust::OwnFile(file) => file.as_path(),
        _ => Path::new("/dev/null"),
    };
    command
        .env("HOME", "/")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", global)
        .env("GIT_SSH_COMMAND", "false")
        .env("GIT_ALLOW_PROTOCOL", if matches!(trust, Trust::OwnFile(_)) { "file" } else { "" });
}

/// Whether the user's own environment or configuration names an ssh program.
fn user_chose_ssh() -> bool {
    static CONFIGURED: LazyLock<bool> = LazyLock::new(|| {
        let query = ["config", "--global", "--get", "core.sshCommand"];
        std::process::Command::new("git")
            .args(query)
            .current_dir("/")
            .output()
            .is_ok_and(|out| out.status.success())
    });
    ["GIT_SSH", "GIT_SSH_COMMAND"].iter().any(|key| std::env::var_os(key).is_some()) || *CONFIGURED
}

/// The server's `PATH` without relative folders: git runs inside workspaces, where `.` would be a stranger's.
fn absolute_path_variable() -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_else(|| OsString::from("/usr/local/bin:/usr/bin:/bin"));
    let absolute = std::env::split_paths(&path).filter(|folder| folder.is_absolute());
    std::env::join_paths(absolute).unwrap_or_else(|_| OsString::from("/usr/local/bin:/usr/bin:/bin"))
}
