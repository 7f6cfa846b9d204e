//! The wire formats as a client sees them: raw HTTP, no client library in between.

mod anthropic;
mod faults;
mod openai;
mod scenes;

use std::net::SocketAddr;

use reqwest::{Client, Response};
use serde_json::Value;
use squad_scripted::{Handle, Scenario, ScriptedModel};

/// A server on a free port that plays this scenario.
async fn play(scenario: &str) -> Handle {
    let scenario = Scenario::parse(scenario).expect("the test's scenario is valid");
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    ScriptedModel::start(scenario, any_port).await.expect("loopback has a free port")
}

async fn post(model: &Handle, path: &str, body: &Value) -> Response {
    Client::new()
        .post(format!("{}{path}", model.base_url))
        .json(body)
        .send()
        .await
        .expect("the server answers")
}
