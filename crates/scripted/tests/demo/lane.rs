//! One member's conversation with the scripted model, in the OpenAI format.

use reqwest::Client;
use serde_json::{Value, json};
use squad_scripted::{Handle, MODEL_NAME};

use crate::project::Project;
use crate::tools;

pub(crate) struct Lane<'a> {
    model: &'a Handle,
    duty: String,
    assignment: Vec<String>,
}

/// How a lane ended.
pub(crate) enum End {
    Call { tool: String, args: Value },
    Text(String),
}

impl End {
    #[track_caller]
    pub(crate) fn call(self, expected: &str) -> Value {
        match self {
            Self::Call { tool, args } if tool == expected => args,
            Self::Call { tool, .. } => panic!("the lane ended by `{tool}`, not `{expected}`"),
            Self::Text(text) => panic!("the lane ended by text: {text}"),
        }
    }

    #[track_caller]
    pub(crate) fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Call { tool, .. } => panic!("the lane ended by `{tool}`, not by text"),
        }
    }
}

impl<'a> Lane<'a> {
    pub(crate) fn new(model: &'a Handle, member: &str, duty: &str) -> Self {
        let assignment = vec![format!("member: {member}"), format!("duty: {duty}")];
        Self { model, duty: duty.to_owned(), assignment }
    }

    pub(crate) fn on(mut self, subtask: &str, round: u32) -> Self {
        self.assignment.extend([format!("subtask: {subtask}"), format!("round: {round}")]);
        self
    }

    /// Plays the lane to its end, performing its tool calls in the project.
    pub(crate) async fn play(self, project: &Project) -> End {
        let brief = format!("<assignment>\n{}\n</assignment>\n\n# Ticket", self.assignment.join("\n"));
        let mut messages = vec![
            json!({ "role": "system", "content": "You are a member of a squad." }),
            json!({ "role": "user", "content": brief }),
        ];
        loop {
            let message = self.ask(&messages).await;
            messages.push(message.clone());
            let calls = message["tool_calls"].as_array().cloned().unwrap_or_default();
            if calls.is_empty() {
                return End::Text(message["content"].as_str().unwrap_or_default().to_owned());
            }
            for call in calls {
                let tool = call["function"]["name"].as_str().unwrap_or_default().to_owned();
                let raw = call["function"]["arguments"].as_str().unwrap_or_default();
                let args: Value = serde_json::from_str(raw).expect("the arguments are JSON");
                tools::check(&self.duty, &tool, &args);
                if tool.starts_with("submit_") {
                    return End::Call { tool, args };
                }
                let result = if tool == "ask_teammate" {
                    let colleague = Self::new(self.model, args["to"].as_str().unwrap_or_default(), "answer");
                    Box::pin(colleague.play(project)).await.text()
                } else {
                    tools::perform(project, &tool, &args)
                };
                messages.push(json!({ "role": "tool", "tool_call_id": call["id"], "content": result }));
            }
        }
    }

    async fn ask(&self, messages: &[Value]) -> Value {
        let body = json!({ "model": MODEL_NAME, "messages": messages });
        let url = format!("{}/chat/completions", self.model.base_url);
        let answer = Client::new().post(url).json(&body).send().await.expect("the server answers");
        let status = answer.status();
        let answer: Value = answer.json().await.expect("an answer is JSON");
        assert!(status.is_success(), "{}: {answer}", self.duty);
        answer["choices"][0]["message"].clone()
    }
}
