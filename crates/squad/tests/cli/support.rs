//! A sample repository, a scripted model and the program.

use serde_json::Value;
use squad_scripted::{Handle, SAMPLE_TASK, Scenario, ScriptedModel, write_sample};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;
use tokio::runtime::Runtime;

pub(crate) struct House {
    folder: TempDir,
    runtime: Runtime,
    model: Option<Handle>,
}

impl House {
    /// With a model that answers at once.
    pub(crate) fn new() -> Self {
        Self::with(Scenario::demo().without_delays())
    }

    /// With a model that takes its time, so that there is a middle to do something in.
    pub(crate) fn slow() -> Self {
        Self::with(Scenario::demo())
    }

    /// With members who play these scenes.
    pub(crate) fn playing(scenes: &str) -> Self {
        Self::with(Scenario::parse(scenes).unwrap())
    }

    fn with(scenario: Scenario) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_sample(&folder.path().join("shop")).unwrap();
        let runtime = Runtime::new().unwrap();
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        let model = runtime.block_on(ScriptedModel::start(scenario, free)).unwrap();
        Self { folder, runtime, model: Some(model) }
    }

    pub(crate) fn repository(&self) -> PathBuf {
        self.folder.path().join("shop")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn complaints(&self) -> Vec<String> {
        self.model.as_ref().map(Handle::complaints).unwrap_or_default()
    }

    pub(crate) fn model_url(&self) -> &str {
        &self.model.as_ref().expect("a model").base_url
    }

    pub(crate) fn requests(&self) -> usize {
        self.model.as_ref().expect("a model").request_count()
    }

    /// The program, with nothing of the surroundings that could change what it does.
    pub(crate) fn squad(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_squad"));
        command.current_dir(self.folder.path()).env_clear().args(args);
        for name in ["PATH", "HOME", "LANG"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command.env("SQUAD_DATA_DIR", self.data()).env("XDG_CONFIG_HOME", self.folder.path().join("config"));
        command.env("USER", "ada").stdin(Stdio::null());
        command
    }

    /// `squad run` on the sample, with more flags.
    pub(crate) fn run(&self, more: &[&str]) -> Command {
        let url = self.model.as_ref().expect("a model").base_url.clone();
        let repository = self.repository().to_string_lossy().into_owned();
        let task = format!("{}\n\n{}", SAMPLE_TASK.title, SAMPLE_TASK.description);
        let mut args = vec!["run", "--repo", &repository, "--task", &task, "--model", "scripted/demo"];
        args.extend(["--base-url", &url, "--price", "1/5", "--budget", "2"]);
        args.extend(more);
        self.squad(&args)
    }

    /// Lets every command work with the scripted model, as a person's own configuration would.
    pub(crate) fn configure(&self) {
        let folder = self.folder.path().join("config/squad");
        std::fs::create_dir_all(&folder).unwrap();
        let text = format!(
            "model = \"scripted/demo\"\nbudget = 2\n[providers.scripted]\nbase_url = \"{}\"\n[prices.\"scripted/demo\"]\ninput = 1\noutput = 5\n",
            self.model_url()
        );
        std::fs::write(folder.join("squad.toml"), text).unwrap();
    }

    /// Waits for what is asynchronous.
    pub(crate) fn wait<T>(&self, what: impl Future<Output = T>) -> T {
        self.runtime.block_on(what)
    }

    pub(crate) fn git(&self, args: &[&str]) -> String {
        let output = Command::new("git").arg("-C").arg(self.repository()).args(args).output().unwrap();
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(model) = self.model.take() {
            self.runtime.block_on(model.stop());
        }
    }
}

/// What a command did.
pub(crate) struct Done {
    pub(crate) exit: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Done {
    /// Every line of standard output, which must be JSON.
    pub(crate) fn json(&self) -> Vec<Value> {
        let read = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.out.lines().map(read).collect()
    }
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        Self {
            exit: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Runs it to its end.
pub(crate) fn end(command: &mut Command) -> Done {
    command.output().unwrap().into()
}

/// Starts it, and waits until a line of its standard output contains `text`. Gives the process and what it printed.
pub(crate) fn until(command: &mut Command, text: &str) -> (Child, Reader) {
    use std::io::BufRead as _;
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut reader = Reader(std::io::BufReader::new(child.stdout.take().unwrap()));
    let mut line = String::new();
    while !line.contains(text) {
        line.clear();
        if reader.0.read_line(&mut line).unwrap() == 0 {
            let done = Done::from(child.wait_with_output().unwrap());
            panic!("it ended with {} without saying {text:?}: {}", done.exit, done.err);
        }
    }
    (child, reader)
}

/// The rest of what a process prints.
pub(crate) struct Reader(std::io::BufReader<std::process::ChildStdout>);

impl Reader {
    /// Everything until the process ends.
    pub(crate) fn rest(mut self) -> String {
        use std::io::Read as _;
        let mut text = String::new();
        self.0.read_to_string(&mut text).unwrap();
        text
    }
}

/// The values of a key, of the events of a kind.
pub(crate) fn of_kind<'a>(events: &'a [Value], kind: &str, key: &str) -> Vec<&'a str> {
    let of_kind = events.iter().filter(|event| event["kind"] == kind);
    of_kind.filter_map(|event| event["payload"][key].as_str()).collect()
}

/// Events are numbered from 1 without a gap; the last line is the result.
pub(crate) fn events_and_result(lines: &[Value]) -> (&[Value], &Value) {
    let (result, events) = lines.split_last().expect("at least the result");
    for (event, seq) in events.iter().zip(1_u64..) {
        assert_eq!(event["seq"], seq, "{event}");
    }
    assert_eq!(result["kind"], "result", "{result}");
    (events, result)
}
