//! Secrets in all the places where a member must not reach, and services that must not be spoken to.

use std::io::Write;
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The variable of the server's process that holds a secret.
pub(crate) const VARIABLE: &str = "SQUAD_TEST_SERVER_SECRET";

/// Secrets, services and files, with what must never happen to them.
pub(crate) struct Canaries {
    /// Secret values, none of which may ever be seen.
    values: Vec<(&'static str, String)>,
    /// Files that everybody on the host may read and write.
    files: Vec<(PathBuf, String)>,
    pub(crate) tcp: TcpListener,
    pub(crate) udp: UdpSocket,
    path_socket: UnixListener,
    abstract_socket: UnixListener,
    pub(crate) abstract_name: String,
    open: TempDir,
    mark: PathBuf,
}

/// A value that stands nowhere else.
pub(crate) fn secret(place: &str) -> String {
    let mut bytes = [0; 12];
    std::io::Read::read_exact(&mut std::fs::File::open("/dev/urandom").unwrap(), &mut bytes).unwrap();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("canary-{place}-{hex}")
}

impl Canaries {
    pub(crate) fn set(data: &Path) -> Self {
        // Nothing but the sandbox keeps these from whoever runs commands: every user of the host may reach them.
        let open = tempfile::Builder::new().prefix("squad-canary").tempdir_in("/tmp").unwrap();
        let (tcp, udp) = (TcpListener::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
        let abstract_name = secret("socket");
        let address = SocketAddr::from_abstract_name(&abstract_name).unwrap();
        let mut canaries = Self {
            values: Vec::new(),
            files: Vec::new(),
            path_socket: UnixListener::bind(open.path().join("socket")).unwrap(),
            abstract_socket: UnixListener::bind_addr(&address).unwrap(),
            mark: open.path().join("mark"),
            tcp,
            udp,
            abstract_name,
            open,
        };
        for folder in [canaries.open.path(), data] {
            std::fs::create_dir_all(folder).unwrap();
            std::fs::set_permissions(folder, PermissionsExt::from_mode(0o777)).unwrap();
        }
        let socket = canaries.open.path().join("socket");
        std::fs::set_permissions(socket, PermissionsExt::from_mode(0o777)).unwrap();
        canaries.tcp.set_nonblocking(true).unwrap();
        canaries.udp.set_nonblocking(true).unwrap();
        canaries.path_socket.set_nonblocking(true).unwrap();
        canaries.abstract_socket.set_nonblocking(true).unwrap();
        canaries.plant("host", &canaries.open.path().join("secret"));
        canaries.plant("data", &data.join("canary-secret"));
        canaries.plant("cache", &data.join("caches/other-0000000000000000/members/canary-secret"));
        if let Ok(value) = std::env::var(VARIABLE) {
            canaries.values.push(("environment", value));
        }
        canaries
    }

    /// Writes a file with a secret.
    fn plant(&mut self, place: &'static str, path: &Path) {
        let value = secret(place);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, format!("{value}\n")).unwrap();
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o666)).unwrap();
        self.guard(place, value, path);
    }

    /// A secret that is in this file already.
    pub(crate) fn guard(&mut self, place: &'static str, value: String, path: &Path) {
        self.files.push((path.to_owned(), std::fs::read_to_string(path).unwrap()));
        self.values.push((place, value));
    }

    /// The files that hold secrets.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.files.iter().map(|(path, _)| path.display().to_string()).collect()
    }

    /// A file of the host that every user may read and write.
    pub(crate) fn host_file(&self) -> String {
        self.open.path().join("secret").display().to_string()
    }

    pub(crate) fn folder(&self) -> &Path {
        self.open.path()
    }

    /// What a trap writes to when it goes off on the host.
    pub(crate) fn mark(&self) -> String {
        self.mark.display().to_string()
    }

    /// A program that leaves the mark. It can do so only where it runs outside of the sandbox.
    pub(crate) fn trap(&self) -> String {
        format!("#!/bin/sh\necho \"$0 $*\" >> {}\ncat\n", self.mark.display())
    }

    /// Which secrets a text holds.
    pub(crate) fn seen_in(&self, text: &[u8]) -> Vec<&'static str> {
        let holds = |value: &str| text.windows(value.len()).any(|part| part == value.as_bytes());
        self.values.iter().filter(|(_, value)| holds(value)).map(|(place, _)| *place).collect()
    }

    /// Nobody knocked, nothing was changed, no trap went off.
    pub(crate) fn assert_untouched(&self) {
        assert!(self.tcp.accept().is_err(), "somebody connected to the host's loopback");
        assert!(self.udp.recv(&mut [0; 8]).is_err(), "a datagram reached the host's loopback");
        assert!(self.path_socket.accept().is_err(), "somebody connected to a unix socket of the host");
        assert!(
            self.abstract_socket.accept().is_err(),
            "somebody connected to an abstract socket of the host"
        );
        for (path, content) in &self.files {
            assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), *content, "{}", path.display());
        }
        let mark = std::fs::read_to_string(&self.mark).unwrap_or_default();
        assert_eq!(mark, "", "something of the repository ran on the host");
    }
}

/// Proves that the checks can fail.
#[test]
fn the_canaries_notice() {
    let folder = tempfile::tempdir().unwrap();
    let mut canaries = Canaries::set(&folder.path().join("data"));
    let held = std::fs::read(canaries.host_file()).unwrap();
    assert_eq!(canaries.seen_in(&held), ["host"]);
    canaries.assert_untouched();
    let fails = |canaries: &Canaries| {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| canaries.assert_untouched())).is_err()
    };
    std::net::TcpStream::connect(canaries.tcp.local_addr().unwrap()).unwrap();
    assert!(fails(&canaries));
    canaries.assert_untouched();
    let program = canaries.folder().join("trap");
    std::fs::File::create(&program).unwrap().write_all(canaries.trap().as_bytes()).unwrap();
    std::process::Command::new("sh").arg(program).stdin(std::process::Stdio::null()).output().unwrap();
    assert!(fails(&canaries));
    std::fs::remove_file(canaries.mark()).unwrap();
    std::fs::write(canaries.host_file(), "changed").unwrap();
    assert!(fails(&canaries));
    canaries.files.clear();
}
