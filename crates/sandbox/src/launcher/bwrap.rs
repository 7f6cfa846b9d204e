//! The same walls through `bwrap`, where the host lets only that program create user namespaces (AppArmor does so on
//! Ubuntu). `bwrap` makes namespaces and mounts; then our own program, as process 1 inside, adds the other walls.

use std::ffi::CString;
use std::io::{Seek, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;

use rustix::fs::MemfdFlags;

use super::error::{Step, StepError};
use super::policy::{Node, NodeKind, Policy};
use super::{INSIDE_ID, init, read_policy, sys};

/// The hidden sub-command by which `bwrap` starts the program as process 1.
pub(crate) const INNER_COMMAND: &str = "__sandbox_inner";

/// Where process 1 finds its own program, read-only.
const INNER_PROGRAM: &str = "/run/squad-init";

/// Replaces this process by `bwrap`, which starts our program again inside. Returns only when that failed.
pub(crate) fn become_process_one(
    program: &Path,
    policy: &Policy,
    bounded_by_group: bool,
    launcher: &UnixStream,
    control: &UnixStream,
) -> StepError {
    let result = (|| {
        if policy.drop_to.is_some() {
            return Err("it would stay root on the host").step("use `bwrap` as root");
        }
        let policy_file =
            in_memory(&length_and_text(policy).step("pass the policy on")?).step("pass the policy on")?;
        let mut arguments = Arguments::default();
        arguments.walls(policy)?;
        let own = std::fs::read_link("/proc/self/exe").step("find the own program")?;
        arguments.add(["--ro-bind", &own.to_string_lossy(), INNER_PROGRAM, "--remount-ro", "/"]);
        let group = if bounded_by_group { "group" } else { "alone" };
        arguments.add(["--", INNER_PROGRAM, INNER_COMMAND, group]);

        let program = CString::new(program.as_os_str().as_bytes()).step("start `bwrap`")?;
        let mut argv = vec![c"bwrap".to_owned()];
        argv.extend(arguments.words);
        let mut passed = vec![launcher.as_fd(), control.as_fd(), policy_file.as_fd()];
        passed.extend(arguments.files.iter().map(AsFd::as_fd));
        sys::pass_on(&passed).step("pass descriptors on")?;
        Err(sys::exec(&program, &argv, &[])).step("start `bwrap`")
    })();
    let Err::<std::convert::Infallible, _>(error) = result;
    error
}

/// First of the descriptors at which generated files are passed; before them: launcher, squad, policy.
const FIRST_FILE: usize = 6;

#[derive(Default)]
struct Arguments {
    words: Vec<CString>,
    files: Vec<OwnedFd>,
}

impl Arguments {
    fn add<const N: usize>(&mut self, words: [&str; N]) {
        // No path of a policy holds a zero byte: all came from the file system or from constants.
        self.words.extend(words.iter().filter_map(|word| CString::new(*word).ok()));
    }

    fn walls(&mut self, policy: &Policy) -> Result<(), StepError> {
        let id = INSIDE_ID.to_string();
        self.add(["--unshare-all", "--unshare-user", "--uid", &id, "--gid", &id, "--hostname", "sandbox"]);
        self.add(["--die-with-parent", "--new-session", "--as-pid-1", "--clearenv", "--cap-drop", "ALL"]);
        self.add(["--proc", "/proc", "--dev", "/dev"]);
        let mut nodes: Vec<&Node> = policy.nodes.iter().collect();
        nodes.sort_by_key(|node| node.target.components().count());
        for node in nodes {
            self.node(node).step(format!("set up `{}` inside", node.target.display()))?;
        }
        self.add(["--remount-ro", "/dev", "--chdir", "/"]);
        Ok(())
    }

    fn node(&mut self, node: &Node) -> std::io::Result<()> {
        let target = &*node.target.to_string_lossy();
        match &node.kind {
            NodeKind::Bind { source, writable } => {
                self.add([if *writable { "--bind" } else { "--ro-bind" }, &source.to_string_lossy(), target]);
            }
            // `--dev` made the devices and the links between them.
            NodeKind::Device { .. } => {}
            NodeKind::Link { .. } if node.target.starts_with("/dev") => {}
            NodeKind::Link { to } => self.add(["--symlink", &to.to_string_lossy(), target]),
            NodeKind::Tmpfs { bytes, mode } => {
                self.add(["--perms", &format!("{mode:o}"), "--size", &bytes.to_string(), "--tmpfs", target]);
            }
            NodeKind::Folder => self.add(["--dir", target]),
            NodeKind::File { text } => {
                let number = FIRST_FILE + self.files.len();
                self.files.push(in_memory(text.as_bytes())?);
                self.add(["--perms", "0644", "--ro-bind-data", &number.to_string(), target]);
            }
            // What is masked is seen at the host's own path.
            NodeKind::Mask if node.target.is_dir() => self.add(["--tmpfs", target, "--remount-ro", target]),
            NodeKind::Mask if node.target.exists() => self.add(["--ro-bind", "/dev/null", target]),
            NodeKind::Mask => {}
        }
        Ok(())
    }
}

fn in_memory(text: &[u8]) -> std::io::Result<OwnedFd> {
    let mut file = std::fs::File::from(rustix::fs::memfd_create("squad", MemfdFlags::CLOEXEC)?);
    file.write_all(text)?;
    file.rewind()?;
    Ok(file.into())
}

fn length_and_text(policy: &Policy) -> std::io::Result<Vec<u8>> {
    let text = serde_json::to_vec(policy)?;
    let length = u32::try_from(text.len()).map_err(std::io::Error::other)?;
    Ok([&length.to_le_bytes(), text.as_slice()].concat())
}

/// The life of process 1 as `bwrap` started it.
pub(crate) fn process_one() -> ExitCode {
    let (Ok(mut launcher), Ok(control)) = (sys::passed::<UnixStream>(3), sys::passed::<UnixStream>(4)) else {
        return ExitCode::FAILURE;
    };
    let result = (|| {
        let policy_file: std::fs::File = sys::passed(5).step("read the policy")?;
        let policy = read_policy(policy_file).step("read the policy")?;
        // Or the command would inherit a way to squad and to the launcher.
        sys::close_on_exec_from(3).step("close descriptors")?;
        let bounded_by_group = std::env::args().nth(2).is_some_and(|group| group == "group");
        init::serve(&policy, bounded_by_group, &mut launcher, &control)
    })();
    init::say_goodbye(result, &mut launcher)
}
