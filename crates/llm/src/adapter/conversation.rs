//! Our conversations in the shape a wire accepts.
//!
//! Providers are strict where ours is loose: every call needs exactly one result right after it, roles alternate, ids have
//! their own alphabets, arguments are objects. What does not fit is repaired here the same way every time, so that a long
//! prefix stays byte for byte the same and is served from the cache.

use crate::ModelRequest;
use genai::adapter::AdapterKind;
use genai::chat::{
    CacheControl, ChatMessage, ChatRequest, ContentPart, MessageContent, MessageOptions, Tool, ToolCall,
    ToolResponse,
};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use squad_domain::conversation::{Message, Reply, ToolCall as DomainCall, ToolSpec};
use std::collections::{HashMap, HashSet};

/// Stands where a call's result should be: the wire refuses a call without one.
const NO_RESULT: &str = "(no result was recorded for this call)";
/// Stands for an empty text, which several wires refuse.
const EMPTY: &str = "(empty)";
/// Stands after a last word of the model: a conversation must end with something to answer.
const CONTINUE: &str = "(continue)";

/// The request for `kind`'s wire.
pub(super) fn to_chat_request(request: &ModelRequest, kind: AdapterKind) -> ChatRequest {
    let wire = Wire { kind, talk_only: request.tools.is_empty() };
    let mut messages = wire.messages(&request.messages);
    wire.mark_latest_turns(&mut messages);
    if !request.system.is_empty() {
        messages.insert(0, wire.cached(ChatMessage::system(request.system.as_str())));
    }
    let chat = ChatRequest::new(messages).with_store(false);
    if wire.talk_only { chat } else { chat.with_tools(wire.tools(&request.tools)) }
}

/// Names what stays the same in a member's requests, so that OpenAI sends them to where their prefix is cached. Naming it
/// also lets newer models cache on their own, tool results among it, where marks could only stand on the user's words.
pub(super) fn cache_key(request: &ModelRequest) -> String {
    digest(&request.system)[..32].to_owned()
}

/// What a model said, and what it was told until it spoke again.
#[derive(Default)]
struct Turn<'a> {
    reply: Option<&'a Reply>,
    results: Vec<(&'a str, &'a str)>,
    texts: Vec<String>,
}

struct Wire {
    kind: AdapterKind,
    /// No tools are offered: then the wires refuse tool calls in the history, which becomes text.
    talk_only: bool,
}

impl Wire {
    fn messages(&self, messages: &[Message]) -> Vec<ChatMessage> {
        let mut out = Vec::new();
        let mut ids = HashSet::new();
        for turn in turns(messages) {
            match turn.reply {
                Some(reply) if !self.talk_only && !reply.calls.is_empty() => {
                    self.calling_turn(reply, turn, &mut ids, &mut out);
                }
                Some(reply) => self.talking_turn(reply, turn, &mut out),
                None => self.told(turn.texts, turn.results, &mut out),
            }
        }
        if out.last().is_some_and(|last| last.role == genai::chat::ChatRole::Assistant) {
            out.push(ChatMessage::user(CONTINUE));
        }
        out
    }

    /// A turn in which the model called tools: the calls, then every result, then what else it was told.
    fn calling_turn(
        &self,
        reply: &Reply,
        mut turn: Turn<'_>,
        ids: &mut HashSet<String>,
        out: &mut Vec<ChatMessage>,
    ) {
        let mut parts: Vec<ContentPart> = Vec::new();
        if !reply.text.trim().is_empty() {
            parts.push(ContentPart::from_text(reply.text.as_str()));
        }
        let mut answers: Vec<ToolResponse> = Vec::new();
        for call in &reply.calls {
            let id = self.new_id(&call.id, ids);
            let name = wire_name(&call.name);
            let answer = turn.results.iter().position(|(answered, _)| *answered == call.id);
            let content = answer.map_or(NO_RESULT, |position| turn.results.remove(position).1);
            answers.push(ToolResponse::new(id.as_str(), content).with_fn_name(name.as_str()));
            parts.push(ContentPart::ToolCall(ToolCall {
                call_id: id,
                fn_name: name,
                fn_arguments: wire_arguments(&call.arguments),
                thought_signatures: None,
            }));
        }
        out.push(ChatMessage::assistant(MessageContent::from_parts(parts)));
        let mut texts: Vec<String> =
            turn.results.drain(..).map(|(id, content)| stray_result(id, content)).collect();
        texts.append(&mut turn.texts);
        self.answers(answers, &texts, out);
    }

    fn answers(&self, mut answers: Vec<ToolResponse>, texts: &[String], out: &mut Vec<ChatMessage>) {
        match self.kind {
            // One user message holds every result and then the words.
            AdapterKind::Anthropic => {
                let mut parts: Vec<ContentPart> =
                    answers.into_iter().map(ContentPart::ToolResponse).collect();
                if !texts.is_empty() {
                    parts.push(ContentPart::from_text(texts.join("\n\n")));
                }
                out.push(ChatMessage::user(MessageContent::from_parts(parts)));
            }
            // Mistral refuses the user's words right after a result: they go into it.
            AdapterKind::Mistral => {
                if let Some(last) = answers.last_mut() {
                    for text in texts {
                        last.content.push_str("\n\n");
                        last.content.push_str(text);
                    }
                }
                out.extend(answers.into_iter().map(ChatMessage::from));
            }
            _ => {
                out.extend(answers.into_iter().map(ChatMessage::from));
                if !texts.is_empty() {
                    out.push(ChatMessage::user(texts.join("\n\n")));
                }
            }
        }
    }

    /// A turn of words alone; calls in it are told as words, because no tools are offered.
    fn talking_turn(&self, reply: &Reply, turn: Turn<'_>, out: &mut Vec<ChatMessage>) {
        let mut said: Vec<String> = Vec::new();
        if !reply.text.trim().is_empty() {
            said.push(reply.text.clone());
        }
        let names: HashMap<&str, &str> =
            reply.calls.iter().map(|call| (call.id.as_str(), call.name.as_str())).collect();
        said.extend(reply.calls.iter().map(call_as_text));
        if !said.is_empty() {
            out.push(ChatMessage::assistant(said.join("\n\n")));
        }
        let mut texts: Vec<String> = turn
            .results
            .iter()
            .map(|(id, content)| match names.get(id) {
                Some(name) => format!("[result of `{name}`]\n{content}"),
                None => stray_result(id, content),
            })
            .collect();
        texts.extend(turn.texts);
        self.told(texts, Vec::new(), out);
    }

    fn told(&self, texts: Vec<String>, results: Vec<(&str, &str)>, out: &mut Vec<ChatMessage>) {
        let mut all: Vec<String> =
            results.into_iter().map(|(id, content)| stray_result(id, content)).collect();
        all.extend(texts);
        if !all.is_empty() {
            out.push(ChatMessage::user(all.join("\n\n")));
        }
    }

    fn tools(&self, specs: &[ToolSpec]) -> Vec<Tool> {
        let mut tools: Vec<Tool> = specs
            .iter()
            .map(|spec| {
                Tool::new(spec.name.as_str())
                    .with_description(spec.description.as_str())
                    .with_schema(spec.schema.clone())
            })
            .collect();
        if self.kind == AdapterKind::Anthropic
            && let Some(last) = tools.last_mut()
        {
            last.cache_control = Some(CacheControl::Ephemeral);
        }
        tools
    }

    /// With the marks on the tools and the system prompt these are four, the most that Anthropic takes: the newest one
    /// writes what the next call reads, the one before it is what this call reads.
    fn mark_latest_turns(&self, messages: &mut [ChatMessage]) {
        let told =
            messages.iter_mut().rev().filter(|message| message.role != genai::chat::ChatRole::Assistant);
        for message in told.take(2) {
            *message = self.cached(message.clone());
        }
    }

    /// Marks the end of what may be cached up to here. Providers that cache on their own ignore it.
    fn cached(&self, message: ChatMessage) -> ChatMessage {
        match self.kind {
            AdapterKind::Anthropic => message.with_options(MessageOptions::from(CacheControl::Ephemeral)),
            _ => message,
        }
    }

    /// Ids are unique within a turn, but wires want them unique within the conversation.
    fn new_id(&self, id: &str, taken: &mut HashSet<String>) -> String {
        let mut wire_id = self.wire_id(id);
        let mut round = 2;
        while !taken.insert(wire_id.clone()) {
            wire_id = self.wire_id(&format!("{id}_{round}"));
            round += 1;
        }
        wire_id
    }

    /// An id in the wire's alphabet, the same for a call and its result. A lane that changes providers carries ids of
    /// another one.
    fn wire_id(&self, id: &str) -> String {
        let plain =
            |id: &str| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        match self.kind {
            AdapterKind::Mistral if id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                id.to_owned()
            }
            AdapterKind::Mistral => digest(id)[..9].to_owned(),
            // Gemini's own ids, and those the crate makes for calls without one, have other characters.
            AdapterKind::Gemini | AdapterKind::GeminiIx => id.to_owned(),
            _ if !id.is_empty() && id.len() <= 40 && plain(id) => id.to_owned(),
            _ => format!("call_{}", &digest(id)[..24]),
        }
    }
}

fn turns(messages: &[Message]) -> Vec<Turn<'_>> {
    let mut turns = vec![Turn::default()];
    for message in messages {
        match message {
            Message::Assistant(reply) => turns.push(Turn { reply: Some(reply), ..Turn::default() }),
            Message::User { text } => {
                let text = if text.trim().is_empty() { EMPTY } else { text };
                turns.last_mut().expect("one is there from the start").texts.push(text.to_owned());
            }
            Message::Tool { call_id, content } => {
                turns.last_mut().expect("one is there from the start").results.push((call_id, content));
            }
        }
    }
    turns
}

fn stray_result(id: &str, content: &str) -> String {
    format!("[result of an earlier tool call `{id}`]\n{content}")
}

fn call_as_text(call: &DomainCall) -> String {
    format!("[called `{}` with {}]", call.name, call.arguments)
}

/// The wires take only objects; what the model wrote instead is shown to it inside one.
fn wire_arguments(arguments: &Value) -> Value {
    match arguments {
        Value::Object(_) => arguments.clone(),
        Value::Null => Value::Object(Map::new()),
        other => json!({ "unparsed_arguments": other }),
    }
}

/// A name as the wires accept it, for a tool that the model made up.
fn wire_name(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' })
        .take(64)
        .collect();
    if plain.is_empty() { "unnamed_tool".to_owned() } else { plain }
}

fn digest(id: &str) -> String {
    hex::encode(Sha256::digest(id.as_bytes()))
}
