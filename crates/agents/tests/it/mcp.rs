//! Tools of others, with real MCP servers: the protocol's own showpiece, and one that misbehaves on demand.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::story::{Story, five};
use serde_json::{Value, json};
use squad_agents::mcp::{Listing, McpCall, McpError, Servers};
use squad_agents::tools::{self, Invocation, Outcome};
use squad_domain::conversation::ToolCall;
use squad_domain::duty::Duty;
use squad_domain::execution::EventBody;
use squad_domain::mcp::{McpName, McpServer, McpServers, McpTool};
use squad_domain::role::Role;
use squad_testkit::{peer, tracker};
use tokio_util::sync::CancellationToken;

fn name(text: &str) -> McpName {
    text.parse().unwrap()
}

fn server(settings: Value) -> McpServer {
    let server: McpServer = serde_json::from_value(settings).unwrap();
    server.check().unwrap();
    server
}

/// One server called `here`, in an environment of these variables and what a program needs to start.
fn servers(settings: Value, variables: &[(&str, &str)]) -> Servers {
    let known: McpServers = [(name("here"), server(settings))].into();
    let mut all: BTreeMap<String, String> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    all.insert("PATH".to_owned(), std::env::var("PATH").unwrap());
    Servers::new(&known, Arc::new(move |name: &str| all.get(name).cloned()))
}

async fn listed(servers: &Servers) -> Listing {
    servers.list().await.unwrap().remove(0).1
}

async fn called(servers: &Servers, tool: &str, arguments: Value) -> Outcome {
    let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
    let call = McpCall { server: name("here"), tool: tool.to_owned(), arguments, repeatable: false };
    servers.call(&call, &CancellationToken::new()).await
}

fn everything() -> String {
    peer("mcp-server-everything").display().to_string()
}

#[tokio::test]
async fn a_program_is_listed_called_and_sees_only_the_variables_that_it_was_given() {
    let variables = [("SHOWN", "a-granted-token"), ("CANARY", "a-secret-of-ours")];
    let servers = servers(json!({"command": [everything(), "stdio"], "env": ["SHOWN"]}), &variables);

    let listing = listed(&servers).await;
    let echo = listing.tools.iter().find(|tool| tool.tool == "echo").unwrap();
    assert_eq!(echo.name, "mcp__here__echo");
    assert_eq!(echo.schema["properties"]["message"]["type"], "string");

    let told = called(&servers, "echo", json!({"message": "hello"})).await;
    assert!(!told.is_error && told.content.contains("hello"), "{told:?}");
    let seen = called(&servers, "get-env", json!({})).await.content;
    assert!(
        seen.contains("SHOWN") && !seen.contains("CANARY") && !seen.contains("a-secret-of-ours"),
        "{seen}"
    );
    let image = called(&servers, "get-tiny-image", json!({})).await.content;
    assert!(image.contains("[an image, image/png, about"), "{image}");
    servers.close().await;
}

/// The showpiece as a server over HTTP. Its end is the test's.
struct OverHttp(std::process::Child);

impl OverHttp {
    async fn start(port: u16) -> Self {
        let child = Command::new(everything())
            .arg("streamableHttp")
            .env("PORT", port.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let started = Self(child);
        let up = async {
            while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(60), up).await.unwrap();
        started
    }
}

impl Drop for OverHttp {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn a_server_over_http_that_went_away_is_found_again() {
    let port = free_port();
    let first = OverHttp::start(port).await;
    let servers = servers(json!({"url": format!("http://127.0.0.1:{port}/mcp"), "tools": ["get-sum"]}), &[]);
    let names: Vec<String> = listed(&servers).await.tools.into_iter().map(|tool| tool.name).collect();
    assert_eq!(names, ["mcp__here__get-sum"], "a person named one tool");
    let sum = called(&servers, "get-sum", json!({"a": 2, "b": 3})).await;
    assert!(sum.content.contains('5'), "{sum:?}");

    drop(first);
    let away = called(&servers, "get-sum", json!({"a": 2, "b": 3})).await;
    assert!(away.is_error && away.content.contains("`here`"), "{away:?}");
    assert!(away.content.contains("whether the call took effect is not known"), "{away:?}");

    let _second = OverHttp::start(port).await;
    let sum = called(&servers, "get-sum", json!({"a": 20, "b": 3})).await;
    assert!(!sum.is_error && sum.content.contains("23"), "{sum:?}");
    servers.close().await;
}

fn journal(folder: &tempfile::TempDir) -> std::path::PathBuf {
    folder.path().join("journal")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

#[tokio::test]
async fn whatever_a_server_does_is_told_and_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let settings =
        json!({"command": tracker(&journal(&folder)), "env": ["TRACKER_TOKEN"], "timeout_seconds": 5});
    let servers = servers(settings, &[("TRACKER_TOKEN", "tok-0123456789")]);
    let repeatable: Vec<(String, bool)> =
        listed(&servers).await.tools.into_iter().map(|tool| (tool.tool, tool.repeatable)).take(2).collect();
    assert_eq!(repeatable, [("lookup".to_owned(), true), ("create".to_owned(), false)]);

    let refused = called(&servers, "refuse", json!({})).await;
    assert!(refused.is_error && refused.content.starts_with("not with"), "{refused:?}");
    let flood = called(&servers, "flood", json!({})).await;
    assert!(
        !flood.is_error && flood.content.len() <= 30_100 && flood.content.contains("bytes left out"),
        "{}",
        flood.content.len()
    );
    let dead = called(&servers, "die", json!({})).await;
    assert!(dead.is_error && dead.content.contains("the MCP server `here` cannot be used"), "{dead:?}");
    let again = called(&servers, "lookup", json!({"id": 3})).await;
    assert_eq!(again.content, "ticket 3: the greeting must say hello", "it was started again");
    let cancelled = CancellationToken::new();
    let hang = McpCall {
        server: name("here"),
        tool: "hang".into(),
        arguments: Default::default(),
        repeatable: false,
    };
    let waits = servers.call(&hang, &cancelled);
    let (outcome, ()) = tokio::join!(waits, async {
        while !read(&journal(&folder)).contains("hang") {
            tokio::task::yield_now().await;
        }
        cancelled.cancel();
    });
    assert!(outcome.is_error, "{outcome:?}");
    servers.close().await;
}

#[tokio::test]
async fn a_server_that_cannot_be_used_says_why_without_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let command = tracker(&journal(&folder));
    let known = |settings: Value, variables: &[(&str, &str)]| servers(settings, variables);

    let missing = known(json!({"command": command, "env": ["TRACKER_TOKEN"]}), &[]).list().await;
    let variable = "TRACKER_TOKEN".to_owned();
    assert_eq!(missing, Err(McpError::NoVariable { server: name("here"), variable }));
    let nowhere = known(json!({"command": ["/nowhere/at-all"]}), &[]).list().await.unwrap_err().to_string();
    assert!(nowhere.contains("`/nowhere/at-all` cannot be started"), "{nowhere}");
    let refused = known(json!({"url": format!("http://127.0.0.1:{}/mcp", free_port())}), &[]).list().await;
    assert!(matches!(refused, Err(McpError::Away { .. })), "{refused:?}");
    let late = known(json!({"command": ["sleep", "1000"], "timeout_seconds": 1}), &[]).list().await;
    assert_eq!(late, Err(McpError::Late { server: name("here"), seconds: 1 }));

    let variables = [("TRACKER_TOKEN", "tok-0123456789"), ("TRACKER_BROKEN", "certainly")];
    let broken = known(json!({"command": command, "env": ["TRACKER_TOKEN", "TRACKER_BROKEN"]}), &variables);
    let broken = broken.list().await.unwrap_err().to_string();
    assert!(broken.contains("it said: tracker") && broken.contains("[redacted]"), "{broken}");
    assert!(!broken.contains("tok-0123456789"), "{broken}");
}

/// An execution with a server for backend developers, which has a `lookup`.
fn with_tracker(change: impl FnOnce(&mut McpServer)) -> Story {
    let mut settings = server(json!({"command": ["tracker"], "roles": ["backend_developer"]}));
    change(&mut settings);
    let tool = McpTool {
        name: "mcp__tracker__lookup".into(),
        tool: "look.up".into(),
        description: "Looks a ticket up.".into(),
        schema: json!({"type": "object", "properties": {"id": {"type": "integer"}, "note": {"type": ["string", "null"]}}, "required": ["id"]}),
        repeatable: true,
    };
    Story::begin_with(five(), |spec| {
        spec.mcp = [(name("tracker"), settings)].into();
    })
    .and(EventBody::McpToolsFound { server: name("tracker"), tools: vec![tool], left_out: Vec::new() })
    .lane("work/s1/1", "Bea", Duty::Work, None, 1)
    .lane("review/s1/1", "Tom", Duty::Review, None, 1)
}

fn parsed(story: &Story, lane: &str, tool: &str, arguments: Value) -> Result<Invocation, String> {
    let state = story.state();
    let lane = state.lanes[&lane.into()].clone();
    tools::parse(&state, &lane, &ToolCall { id: "c".into(), name: tool.into(), arguments })
}

#[test]
fn who_may_use_a_tool_of_others_is_for_the_employer_to_say() {
    let offered = |story: &Story, who: &str| {
        let state = story.state();
        let member = state.member(&who.into()).unwrap();
        tools::offered(&state, member, Duty::Work).iter().any(|tool| tool.name == "mcp__tracker__lookup")
    };
    let story = with_tracker(|_| ());
    assert!(offered(&story, "Bea") && !offered(&story, "Fay"), "it is for backend developers");
    let story = with_tracker(|server| server.roles = None);
    assert!(offered(&story, "Fay") && !offered(&story, "Quinn"), "Quinn's list of tools does not name it");
    let story = with_tracker(|server| server.roles = Some([Role::QaTester].into()));
    assert!(!offered(&story, "Bea"));

    let refusal =
        parsed(&with_tracker(|_| ()), "review/s1/1", "mcp__tracker__lookup", json!({"id": 1})).unwrap_err();
    assert!(
        refusal.starts_with("no tool `mcp__tracker__lookup` is offered to you; offered to you now: "),
        "{refusal}"
    );
}

#[test]
fn calls_are_checked_against_the_servers_schema_and_carry_its_own_name() {
    let story = with_tracker(|_| ());
    let call = |arguments| parsed(&story, "work/s1/1", "mcp__tracker__lookup", arguments);
    let Ok(Invocation::Mcp(good)) = call(json!({"id": 7, "note": null, "more": true})) else {
        panic!("a good call")
    };
    assert_eq!((good.tool.as_str(), good.repeatable), ("look.up", true));
    // What fits is handed on as it is: in somebody else's schema, `null` and further keys may mean something.
    assert_eq!(Value::Object(good.arguments), json!({"id": 7, "note": null, "more": true}));
    let Ok(Invocation::Mcp(mended)) = call(json!("{\"id\": \"7\"}")) else {
        panic!("a slip that is put right")
    };
    assert_eq!(Value::Object(mended.arguments), json!({"id": 7}));
    let refusal = call(json!({"note": "x"})).unwrap_err();
    assert!(
        refusal.contains("`id` is missing") && refusal.contains("mcp__tracker__lookup(id: integer"),
        "{refusal}"
    );
}

#[test]
fn a_star_stands_for_all_tools_of_a_server_and_for_nothing_else() {
    let mut quinn = five().remove(4);
    quinn.tools = Some(["mcp__tracker__*".to_owned(), "run*".to_owned()].into());
    assert!(quinn.may_use("mcp__tracker__lookup"));
    assert!(!quinn.may_use("mcp__trackers__lookup") && !quinn.may_use("run_command"));
}
