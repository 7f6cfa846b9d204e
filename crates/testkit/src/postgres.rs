//! A Postgres server for tests: the one that `SQUAD_TEST_POSTGRES_URL` names, else one of this process.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// Starts the server, and stops it when its command ends.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/with-postgres.sh");

/// The address of the server's `postgres` database.
///
/// # Panics
/// Where Postgres is not installed or does not start: a test that needs it must not pass without it.
pub(crate) fn server_url() -> &'static str {
    static SERVER: OnceLock<(String, Option<Child>)> = OnceLock::new();
    let (url, _) = SERVER.get_or_init(|| match std::env::var("SQUAD_TEST_POSTGRES_URL") {
        Ok(url) if !url.is_empty() => (url, None),
        _ => {
            let (url, child) = start();
            (url, Some(child))
        }
    });
    url
}

/// The script's command reads from a pipe whose other end this process holds. However this process ends, the pipe
/// closes, the command ends, and the script stops the server. A process group of its own keeps it out of the reach of signals
/// that are meant for the tests.
fn start() -> (String, Child) {
    let mut child = Command::new("sh")
        .args([SCRIPT, "sh", "-c", "echo \"$SQUAD_TEST_POSTGRES_URL\"; exec cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .expect("`sh` exists");
    let mut url = String::new();
    let output = child.stdout.as_mut().expect("it is piped");
    BufReader::new(output).read_line(&mut url).expect("the script prints text");
    if url.is_empty() {
        let mut why = String::new();
        let complaints = child.stderr.as_mut().expect("it is piped");
        complaints.read_to_string(&mut why).expect("the script prints text");
        panic!("{}", why.trim());
    }
    (url.trim().to_owned(), child)
}
