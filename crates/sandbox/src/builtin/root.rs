//! What is in the private root of a session.

use std::fs;
use std::path::{Path, PathBuf};

use crate::launcher::policy::{Node, NodeKind};
use crate::toolchain::Toolchains;
use crate::{SandboxError, WorkspaceSpec};

/// Where the workspace is for commands. The same for every workspace, so that build caches fit.
pub const WORKSPACE_INSIDE: &str = "/workspace";

/// The home folder of commands.
pub(crate) const HOME_INSIDE: &str = "/home/squad";

const MIB: u64 = 1024 * 1024;

/// Folders of the system that hold programs and libraries.
const SYSTEM: [&str; 8] = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store"];

/// The parts of `/etc` that programs need and that hold no secret. A trailing `*` stands for any ending.
const ETC: [&str; 30] = [
    "alternatives",
    "ca-certificates",
    "ca-certificates.conf",
    "crypto-policies",
    "debian_version",
    "fonts",
    "gai.conf",
    "host.conf",
    "inputrc",
    "java*",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "locale.conf",
    "localtime",
    "magic",
    "mime.types",
    "os-release",
    "perl",
    "php*",
    "pki",
    "protocols",
    "python*",
    "rpc",
    "services",
    "shells",
    "ssl",
    "terminfo",
    "timezone",
    "xml",
];

const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];

/// Everything that commands of this workspace see. They are user and group `id` as far as they see.
pub(crate) fn nodes(
    spec: &WorkspaceSpec,
    toolchains: &Toolchains,
    id: (u32, u32),
) -> Result<Vec<Node>, SandboxError> {
    let mut nodes = Vec::new();
    system(&mut nodes);
    etc(&mut nodes, id)?;
    devices(&mut nodes, spec.limits.tmp_bytes);
    workspace(&mut nodes, spec);
    toolchains.add_nodes(&mut nodes);
    toolchains.add_packages(&mut nodes, spec, Path::new(HOME_INSIDE));
    Ok(nodes)
}

/// What commands see beside a root that comes from elsewhere.
pub(crate) fn nodes_without_system(spec: &WorkspaceSpec) -> Vec<Node> {
    let mut nodes = Vec::new();
    folders_in_memory(&mut nodes, spec.limits.tmp_bytes);
    workspace(&mut nodes, spec);
    nodes
}

/// The folders whose size is bounded, and the bounds in bytes.
pub(crate) fn bounded_folders(spec: &WorkspaceSpec) -> Vec<(PathBuf, u64)> {
    let workspace = (spec.root.clone(), spec.limits.workspace_bytes);
    let cache = spec.cache_dir.iter().map(|path| (path.clone(), spec.limits.cache_bytes));
    std::iter::once(workspace).chain(cache).collect()
}

pub(crate) fn read_only(path: impl Into<PathBuf>) -> Node {
    let path = path.into();
    Node { target: path.clone(), kind: NodeKind::Bind { source: path, writable: false } }
}

fn node(target: impl Into<PathBuf>, kind: NodeKind) -> Node {
    Node { target: target.into(), kind }
}

/// A link stays a link, a folder is mounted.
fn mirror(nodes: &mut Vec<Node>, path: &Path) {
    let Ok(status) = fs::symlink_metadata(path) else { return };
    if status.is_symlink() {
        if let Ok(to) = fs::read_link(path) {
            nodes.push(node(path, NodeKind::Link { to }));
        }
    } else if status.is_dir() || status.is_file() {
        nodes.push(read_only(path));
    }
}

fn system(nodes: &mut Vec<Node>) {
    for path in SYSTEM {
        mirror(nodes, Path::new(path));
    }
    for path in ["/sys/devices/system/cpu", "/sys/devices/system/node"] {
        mirror(nodes, Path::new(path));
    }
}

fn etc(nodes: &mut Vec<Node>, (uid, gid): (u32, u32)) -> Result<(), SandboxError> {
    let entries = fs::read_dir("/etc").map_err(SandboxError::io("read `/etc`"))?;
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let wanted = ETC.iter().any(|wanted| match wanted.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == *wanted,
        });
        if wanted {
            mirror(nodes, &entry.path());
        }
    }
    // Distributions keep private keys beside the certificates.
    for secret in ["/etc/ssl/private", "/etc/pki/private", "/etc/pki/tls/private"] {
        nodes.push(node(secret, NodeKind::Mask));
    }
    let file = |path: &str, text: String| node(path, NodeKind::File { text });
    nodes.extend([
        file(
            "/etc/passwd",
            format!(
                "squad:x:{uid}:{gid}:squad:{HOME_INSIDE}:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"
            ),
        ),
        file("/etc/group", format!("squad:x:{gid}:\nnogroup:x:65534:\n")),
        file("/etc/hosts", "127.0.0.1 localhost sandbox\n::1 localhost\n".into()),
        file("/etc/hostname", "sandbox\n".into()),
        file("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n".into()),
        file("/etc/resolv.conf", String::new()),
        // The repository's files may belong to another user than the one inside, and tests commit.
        file(
            "/etc/gitconfig",
            "[safe]\n\tdirectory = *\n[user]\n\tname = squad\n\temail = squad@localhost\n".into(),
        ),
    ]);
    Ok(())
}

fn devices(nodes: &mut Vec<Node>, tmp_bytes: u64) {
    for name in DEVICES {
        let path = Path::new("/dev").join(name);
        if path.exists() {
            nodes.push(node(&path, NodeKind::Device { source: path.clone() }));
        }
    }
    for (name, to) in [
        ("/dev/fd", "/proc/self/fd"),
        ("/dev/stdin", "/proc/self/fd/0"),
        ("/dev/stdout", "/proc/self/fd/1"),
        ("/dev/stderr", "/proc/self/fd/2"),
        ("/dev/ptmx", "pts/ptmx"),
        ("/var/tmp", "/tmp"),
        ("/var/run", "/run"),
    ] {
        nodes.push(node(name, NodeKind::Link { to: to.into() }));
    }
    folders_in_memory(nodes, tmp_bytes);
}

fn folders_in_memory(nodes: &mut Vec<Node>, tmp_bytes: u64) {
    nodes.extend([
        node("/tmp", NodeKind::Tmpfs { bytes: tmp_bytes, mode: 0o1777 }),
        node("/dev/shm", NodeKind::Tmpfs { bytes: tmp_bytes.min(256 * MIB), mode: 0o1777 }),
        node("/run", NodeKind::Tmpfs { bytes: 16 * MIB, mode: 0o755 }),
    ]);
}

fn workspace(nodes: &mut Vec<Node>, spec: &WorkspaceSpec) {
    let bind = |source: &Path, writable| NodeKind::Bind { source: source.to_path_buf(), writable };
    nodes.push(node(WORKSPACE_INSIDE, bind(&spec.root, true)));
    let git = spec.root.join(".git");
    if fs::symlink_metadata(&git).is_ok_and(|status| status.is_dir() || status.is_file()) {
        nodes.push(node(Path::new(WORKSPACE_INSIDE).join(".git"), bind(&git, false)));
    }
    nodes.push(node(
        HOME_INSIDE,
        match &spec.cache_dir {
            Some(cache) => bind(cache, true),
            None => NodeKind::Tmpfs { bytes: spec.limits.tmp_bytes, mode: 0o755 },
        },
    ));
    for mount in &spec.read_only {
        nodes.push(node(&mount.inside, bind(&mount.host, false)));
    }
}
