//! `squad serve`: the product over HTTP, with the real program.

use crate::support::{House, end};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use squad_scripted::SAMPLE_TASK;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

/// A process that is ended with the test, however that ends.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(house: &House, more: &[&str]) -> Self {
        let args = [&["serve", "--listen", "127.0.0.1:0"], more].concat();
        let mut child = house.squad(&args).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let url = line.split("serving at ").nth(1).unwrap_or_else(|| panic!("{line}"));
        let url = url.split(';').next().unwrap().to_owned();
        std::thread::spawn(move || said.lines().for_each(drop));
        Self { child, url }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Ada {
    client: Client,
    url: String,
    token: String,
}

impl Ada {
    async fn sign_in(url: &str) -> Self {
        let mut ada = Self {
            client: Client::builder().no_proxy().build().unwrap(),
            url: url.to_owned(),
            token: String::new(),
        };
        let account =
            json!({ "email": "ada@example.com", "name": "Ada", "password": "quiet-otter-under-9-bridges" });
        ada.ask(Method::POST, "/auth/register", Some(account.clone())).await;
        let signed_in = ada.ask(Method::POST, "/auth/login", Some(account)).await;
        ada.token = signed_in["access_token"].as_str().unwrap().to_owned();
        ada
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let request =
            self.client.request(method, format!("{}/api/v1{path}", self.url)).bearer_auth(&self.token);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let response = request.send().await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    async fn get(&self, path: &str) -> Value {
        self.ask(Method::GET, path, None).await
    }

    /// Starts the sample task with the squad that knows the script. Gives the execution's id.
    async fn start(&self, house: &House) -> String {
        let squad = json!({ "name": "Product team", "template": "default" });
        let squad = self.ask(Method::POST, "/squads", Some(squad)).await;
        let wish = json!({
            "squad_id": squad["id"], "repository": house.repository(),
            "title": SAMPLE_TASK.title, "description": SAMPLE_TASK.description,
        });
        let started = self.ask(Method::POST, "/executions", Some(wish)).await;
        started["id"].as_str().unwrap().to_owned()
    }

    /// The ids that the stream shows after `last`, up to the first event that holds `text`.
    async fn watch(&self, id: &str, last: u64, text: &str) -> Vec<u64> {
        let request = self.client.get(format!("{}/api/v1/executions/{id}/events?deltas=false", self.url));
        let request = request.bearer_auth(&self.token).header("accept", "text/event-stream");
        let mut response = request.header("last-event-id", last).send().await.unwrap();
        assert_eq!(response.status(), 200, "{:?}", response.text().await);
        let (mut ids, mut rest) = (Vec::new(), String::new());
        loop {
            while let Some((event, more)) = rest.split_once("\n\n") {
                let found = event.contains(text);
                ids.extend(event.lines().filter_map(|line| line.strip_prefix("id: ")?.parse::<u64>().ok()));
                rest = more.to_owned();
                if found {
                    return ids;
                }
            }
            let chunk = response.chunk().await.unwrap().unwrap_or_else(|| panic!("the stream ended: {rest}"));
            rest.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

#[test]
fn a_task_goes_in_over_http_and_a_tested_branch_comes_out() {
    let house = House::new();
    house.configure();
    let server = Server::start(&house, &[]);
    house.wait(async {
        let ada = Ada::sign_in(&server.url).await;
        let id = ada.start(&house).await;
        let before = ada.watch(&id, 0, "plan_approval").await;
        let asked = ada.get(&format!("/executions/{id}/questions")).await;
        assert_eq!(asked["items"][0]["kind"], "plan_approval", "{asked}");
        ada.ask(Method::POST, &format!("/executions/{id}/approve"), Some(json!({ "note": "keep it small" })))
            .await;
        let after = ada.watch(&id, *before.last().unwrap(), "\"to\":\"completed\"").await;
        let all: Vec<u64> = before.into_iter().chain(after).collect();
        assert_eq!(all, (1..=all.len() as u64).collect::<Vec<_>>());
        let shown = ada.get(&format!("/executions/{id}")).await;
        assert_eq!(shown["status"], "completed");
        let branch = shown["branch"].as_str().unwrap();
        house.git(&["rev-parse", "--verify", branch]);
        let diff = ada.get(&format!("/executions/{id}/diff")).await;
        assert!(diff["diff"].as_str().unwrap().contains("src/totals.js"), "{diff}");
        let plan = ada.get(&format!("/executions/{id}/plan")).await;
        assert_eq!(plan["subtasks"].as_array().unwrap().len(), 2);
        let messages = ada.get(&format!("/executions/{id}/messages")).await;
        assert!(messages["items"].as_array().unwrap().len() > 3, "{messages}");
    });
    assert_eq!(house.complaints(), Vec::<String>::new());
}

#[test]
fn a_server_that_is_killed_and_a_worker_of_its_own_lose_no_event() {
    let house = House::slow();
    house.configure();
    let child = house.squad(&["worker"]).stderr(Stdio::null()).spawn().unwrap();
    let worker = Server { child, url: String::new() };
    let first = Server::start(&house, &["--no-worker"]);
    let (ada, id, seen) = house.wait(async {
        let ada = Ada::sign_in(&first.url).await;
        let id = ada.start(&house).await;
        let seen = ada.watch(&id, 0, "lane_opened").await;
        (ada, id, seen)
    });
    drop(first);
    let second = Server::start(&house, &["--no-worker"]);
    house.wait(async {
        // The session outlives the server; only its address is another one.
        let ada = Ada { url: second.url.clone(), ..ada };
        let rest = ada.watch(&id, *seen.last().unwrap(), "plan_approval").await;
        let all: Vec<u64> = seen.into_iter().chain(rest).collect();
        assert_eq!(all, (1..=all.len() as u64).collect::<Vec<_>>());
        ada.ask(Method::POST, &format!("/executions/{id}/cancel"), Some(json!({}))).await;
    });
    drop(worker);
}

#[test]
fn an_operator_looks_after_people_and_backups() {
    let house = House::new();
    let made =
        end(&mut house.squad(&["admin", "create-user", "--email", "Bob@example.com", "--name", "Bob"]));
    assert_eq!(made.exit, 0, "{}", made.err);
    assert!(made.out.contains("/reset-password#token=sqe_"), "{}", made.out);
    let twice =
        end(&mut house.squad(&["admin", "create-user", "--email", "bob@example.com", "--name", "Bob"]));
    assert_eq!(twice.exit, 2);
    let users = end(&mut house.squad(&["admin", "users", "--json"])).json();
    assert_eq!(
        (users[0]["email"].as_str(), users[0]["organizations"].as_u64()),
        (Some("bob@example.com"), Some(1))
    );
    assert_eq!(end(&mut house.squad(&["admin", "reset-password", "eve@example.com"])).exit, 2);
    let file = house.folder().join("copy.db");
    let file = file.to_str().unwrap();
    assert_eq!(end(&mut house.squad(&["admin", "backup", file])).exit, 0);
    assert_eq!(end(&mut house.squad(&["admin", "backup", file])).exit, 2, "an old copy is not overwritten");
    end(&mut house.squad(&["admin", "create-user", "--email", "eve@example.com", "--name", "Eve"]));
    let restored = end(&mut house.squad(&["admin", "restore", file]));
    assert_eq!(restored.exit, 0, "{}", restored.err);
    let users = end(&mut house.squad(&["admin", "users", "--json"])).json();
    assert_eq!(users.len(), 1, "what came after the copy is gone: {users:?}");
}

#[test]
fn a_port_that_is_taken_and_an_address_that_is_none_are_named() {
    let house = House::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = end(&mut house.squad(&["serve", "--no-worker", "--listen", &address]));
    assert_eq!(refused.exit, 2);
    assert!(refused.err.contains(&address) && refused.err.contains("--listen"), "{}", refused.err);
    let odd =
        end(&mut house.squad(&["serve", "--no-worker", "--listen", "127.0.0.1:0", "--public-url", "squad"]));
    assert_eq!(odd.exit, 2, "{}", odd.err);
}
