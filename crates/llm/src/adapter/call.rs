//! One attempt at one provider.

use super::answer::Answer;
use super::anthropic::AnthropicFrames;
use super::endpoint::crate_client;
use super::frames::OpenAiFrames;
use super::ollama::{self, Ollama};
use super::relay::{Passage, Relay};
use super::think::ThinkFilter;
use super::{Endpoint, Timeouts, bounds, conversation, failures, is_local, usage};
use crate::estimate::RequestSize;
use crate::{DeltaSink, ModelProvider, ModelRequest, ProviderCompletion, ProviderError};
use async_trait::async_trait;
use futures::StreamExt;
use genai::adapter::AdapterKind;
use genai::chat::{ChatOptions, ChatRequest, ChatStreamEvent, RawFrameRef, ReasoningEffort, StreamEnd};
use genai::resolver::{AuthData, Endpoint as GenaiEndpoint};
use genai::{Client, ModelIden, ServiceTarget};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::{Instant, timeout_at};
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

/// How a server wants to be asked. It is found out on the first call that fails for it, and remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Mode {
    #[default]
    Streamed,
    /// It streams, but does not know `stream_options`.
    StreamedWithoutOptions,
    InOnePiece,
}

/// A provider called through the `genai` crate.
#[derive(Debug)]
pub struct GenaiProvider {
    http: reqwest::Client,
    client: Client,
    endpoint: Endpoint,
    timeouts: Timeouts,
    relay: tokio::sync::Mutex<Option<Relay>>,
    modes: Mutex<HashMap<String, Mode>>,
}

impl GenaiProvider {
    /// Makes ready to call `endpoint`; nothing is sent yet. Without `timeouts`, those for its place are used.
    ///
    /// # Errors
    /// If the HTTP client cannot be set up.
    pub fn new(endpoint: Endpoint, timeouts: Option<Timeouts>) -> Result<Self, ProviderError> {
        let local = is_local(&endpoint.base_url);
        let timeouts = timeouts.unwrap_or(if local { Timeouts::LOCAL } else { Timeouts::REMOTE });
        let http = endpoint.http(timeouts.connect)?;
        let (relay, modes) = (tokio::sync::Mutex::default(), Mutex::default());
        Ok(Self { http, client: crate_client()?, endpoint, timeouts, relay, modes })
    }

    /// The way for one call; starts the relay with the first one.
    async fn passage(&self, streamed: bool) -> Result<Passage, ProviderError> {
        let mut relay = self.relay.lock().await;
        if let Some(running) = relay.as_ref().filter(|relay| relay.runs()) {
            return Ok(running.passage(streamed));
        }
        let Endpoint { base_url, key, .. } = &self.endpoint;
        let started = Relay::start(self.http.clone(), base_url, key, self.timeouts).await?;
        Ok(relay.insert(started).passage(streamed))
    }

    fn target(&self, model: &str, passage: &Passage) -> ServiceTarget {
        ServiceTarget {
            endpoint: GenaiEndpoint::from_owned(passage.base_url.as_str()),
            auth: AuthData::from_single(self.endpoint.key.expose()),
            model: ModelIden::new(self.kind(model), model.to_owned()),
        }
    }

    /// Two providers have a second API that some of their models are only reached by.
    fn kind(&self, model: &str) -> AdapterKind {
        match self.endpoint.kind {
            kind @ (AdapterKind::OpenAI | AdapterKind::Gemini)
                if !self.endpoint.custom
                    && matches!(self.endpoint.provider.as_str(), "openai" | "gemini" | "google") =>
            {
                match AdapterKind::from_model(model) {
                    Ok(second @ (AdapterKind::OpenAIResp | AdapterKind::GeminiIx)) => second,
                    _ => kind,
                }
            }
            kind => kind,
        }
    }

    fn options(&self, model: &str, request: &ModelRequest, mode: Mode) -> ChatOptions {
        let kind = self.kind(model);
        let mut options = ChatOptions::default()
            .with_max_tokens(request.max_output_tokens)
            // What the frames are read for themselves is not kept twice; and a call's index, which a server may choose as
            // high as it likes, would be taken for the number of calls to make room for.
            .with_capture_content(false)
            .with_capture_tool_calls(!has_own_frames(kind))
            .with_capture_usage(mode != Mode::StreamedWithoutOptions && kind != AdapterKind::Anthropic)
            .with_capture_raw_body(true);
        // The crate takes `-max`, `-high` and the like off a name as a reasoning effort; a budget, which this wire has no
        // field for, keeps the name whole and adds nothing.
        if kind == AdapterKind::OpenAI {
            options = options.with_reasoning_effort(ReasoningEffort::Budget(0));
        }
        if self.endpoint.provider == "openai" && !self.endpoint.custom {
            options = options.with_prompt_cache_key(conversation::cache_key(request));
        }
        options
    }

    fn mode(&self, model: &str) -> Mode {
        let modes = self.modes.lock().unwrap_or_else(PoisonError::into_inner);
        modes.get(model).copied().unwrap_or_default()
    }

    fn remember(&self, model: &str, mode: Mode) {
        let mut modes = self.modes.lock().unwrap_or_else(PoisonError::into_inner);
        if modes.insert(model.to_owned(), mode).unwrap_or_default() != mode {
            tracing::info!(
                provider = self.endpoint.provider,
                model,
                ?mode,
                "the server wants to be asked differently"
            );
        }
    }

    async fn streamed(
        &self,
        model: &str,
        request: &ModelRequest,
        chat: ChatRequest,
        mode: Mode,
        deltas: &DeltaSink,
    ) -> Result<ProviderCompletion, Failed> {
        let started = Instant::now();
        let frames = Arc::new(Mutex::new(Seen::default()));
        let sink = Arc::clone(&frames);
        let kind = self.kind(model);
        let options = self.options(model, request, mode).with_raw_frame_fn(move |_, frame| {
            sink.lock().unwrap_or_else(PoisonError::into_inner).frame(kind, &frame);
        });
        let passage = self.passage(true).await.map_err(Failed::Attempt)?;
        let limit = bounds::longest_reply(request.max_output_tokens);
        let mut received = 0;
        let mut stream = self
            .client
            .exec_chat_stream(self.target(model, &passage), chat, Some(&options))
            .await
            .map_err(|error| self.failed(&error, &passage, received))?
            .stream;
        let mut filter = ThinkFilter::default();
        let mut text = String::new();
        // Bytes of arguments that the crate keeps: of calls that are complete, and of the one that is coming in.
        let (mut kept, mut coming) = (0, (String::new(), 0));
        let mut first_token_ms = None;
        let mut end: Option<StreamEnd> = None;
        let mut last_word = Instant::now();
        loop {
            let next = timeout_at(last_word + self.timeouts.heartbeats, stream.next()).await;
            let Ok(next) = next else {
                let message = "the connection was kept open, but no word of the answer came".to_owned();
                return Err(Failed::Attempt(match received {
                    0 => ProviderError::Timeout { message },
                    received_bytes => ProviderError::Truncated { message, received_bytes },
                }));
            };
            let Some(event) = next else { break };
            let event = event.map_err(|error| self.failed(&error, &passage, received))?;
            if !matches!(event, ChatStreamEvent::Start | ChatStreamEvent::Heartbeat) {
                last_word = Instant::now();
                first_token_ms.get_or_insert_with(|| millis(started));
            }
            match event {
                ChatStreamEvent::Chunk(chunk) => {
                    received += chunk.content.len();
                    let piece = filter.push(&chunk.content);
                    deltas.text(&piece);
                    text.push_str(&piece);
                }
                ChatStreamEvent::ReasoningChunk(chunk) => received += chunk.content.len(),
                ChatStreamEvent::ToolCallChunk(chunk) => {
                    received += 4;
                    let call = chunk.tool_call;
                    let size = call.fn_name.len() + call.fn_arguments.as_str().map_or(0, str::len);
                    if call.call_id != coming.0 {
                        kept += coming.1;
                        coming = (call.call_id, 0);
                    }
                    // Some of its adapters give a call as far as it has come, others each piece alone.
                    coming.1 = size.max(coming.1);
                }
                ChatStreamEvent::End(last) => {
                    end = Some(last);
                    break;
                }
                _ => {}
            }
            let held = frames.lock().unwrap_or_else(PoisonError::into_inner).held();
            if text.len() + filter.held() + held.max(kept + coming.1) > limit {
                return Err(Failed::Attempt(ProviderError::Truncated {
                    message: bounds::too_long(request.max_output_tokens),
                    received_bytes: received,
                }));
            }
        }
        let rest = filter.finish();
        deltas.text(&rest);
        text.push_str(&rest);
        let mut seen = std::mem::take(&mut *frames.lock().unwrap_or_else(PoisonError::into_inner));
        if end.is_none() && seen.events == 0 && seen.foreign == 1 {
            return Err(Failed::NotStreaming);
        }
        let answer = if speaks_openai(kind) {
            Answer::from_frames(text, &mut seen.openai)
        } else if kind == AdapterKind::Anthropic {
            end.and_then(|_| Answer::from_anthropic(text, &mut seen.anthropic))
        } else {
            end.and_then(|end| Answer::from_end(text, end))
        };
        let Some(answer) = answer else {
            return Err(Failed::Attempt(ProviderError::Truncated {
                message: "the answer ended without saying why it stopped".to_owned(),
                received_bytes: received,
            }));
        };
        Ok(answer.complete(request, first_token_ms))
    }

    async fn in_one_piece(
        &self,
        model: &str,
        request: &ModelRequest,
        chat: ChatRequest,
        deltas: &DeltaSink,
    ) -> Result<ProviderCompletion, Failed> {
        let options = self.options(model, request, Mode::InOnePiece);
        let passage = self.passage(false).await.map_err(Failed::Attempt)?;
        let answered = self.client.exec_chat(self.target(model, &passage), chat, Some(&options)).await;
        let answer = if speaks_openai(self.kind(model)) {
            // The crate gives up on arguments that are not JSON; the body itself is still there.
            let (text, body) = match answered {
                Ok(response) => (response.texts().concat(), response.captured_raw_body),
                Err(genai::Error::ChatResponseGeneration { response_body, .. })
                    if response_body.is_object() =>
                {
                    let text = response_body.pointer("/choices/0/message/content").and_then(Value::as_str);
                    (text.unwrap_or_default().to_owned(), Some(*response_body))
                }
                Err(error) => return Err(self.failed(&error, &passage, 0)),
            };
            let body = body.unwrap_or_default();
            if let Some(error) = body.get("error").filter(|error| !error.is_null()) {
                let model_iden = ModelIden::new(self.kind(model), model.to_owned());
                let error = genai::Error::ChatResponse { model_iden, body: error.clone() };
                return Err(self.failed(&error, &passage, 0));
            }
            let mut frames = OpenAiFrames::default();
            frames.read_body(&body);
            // A body that came as one piece is whole, even where a server does not say why it stopped.
            frames.done = body.pointer("/choices/0/message").is_some();
            Answer::from_frames(text, &mut frames)
        } else {
            let response = answered.map_err(|error| self.failed(&error, &passage, 0))?;
            Answer::from_parts(
                response.texts().concat(),
                response.tool_calls().into_iter().cloned().collect(),
                response.stop_reason.as_ref(),
                usage::from_genai(&response.usage),
            )
        };
        let Some(mut answer) = answer else {
            return Err(Failed::Attempt(ProviderError::Truncated {
                message: "the answer is empty".to_owned(),
                received_bytes: 0,
            }));
        };
        let mut filter = ThinkFilter::default();
        answer.reply.text = filter.push(&answer.reply.text) + &filter.finish();
        deltas.text(&answer.reply.text);
        Ok(answer.complete(request, None))
    }

    async fn ollama(
        &self,
        model: &str,
        request: &ModelRequest,
        chat: &ChatRequest,
        deltas: &DeltaSink,
    ) -> Result<ProviderCompletion, Failed> {
        let server = Ollama {
            http: &self.http,
            base_url: &self.endpoint.base_url,
            key: &self.endpoint.key,
            first_byte: self.timeouts.first_byte,
            idle: self.timeouts.idle,
            heartbeats: self.timeouts.heartbeats,
        };
        let body =
            ollama::body(model, chat, request.max_output_tokens, RequestSize::of(request).estimated_tokens());
        let (answer, first_token_ms) =
            server.ask(&body, request.max_output_tokens, deltas).await.map_err(Failed::Attempt)?;
        Ok(answer.complete(request, first_token_ms))
    }

    fn failed(&self, error: &genai::Error, passage: &Passage, received_bytes: usize) -> Failed {
        if let Some(ended) = passage.failure(received_bytes) {
            return Failed::Attempt(ended);
        }
        let classified =
            failures::classify(error, &self.endpoint.key, &self.endpoint.base_url, received_bytes);
        match &classified {
            ProviderError::BadRequest { message } if message.to_lowercase().contains("stream_options") => {
                Failed::NoStreamOptions(classified)
            }
            ProviderError::BadRequest { message }
                if message.to_lowercase().replace("upstream", "").contains("stream") =>
            {
                Failed::StreamRefused(classified)
            }
            _ => Failed::Attempt(classified),
        }
    }
}

#[async_trait]
impl ModelProvider for GenaiProvider {
    async fn complete(
        &self,
        model: &str,
        request: &ModelRequest,
        deltas: &DeltaSink,
    ) -> Result<ProviderCompletion, ProviderError> {
        let attempt = async {
            let mut mode = self.mode(model);
            loop {
                let chat = conversation::to_chat_request(request, self.kind(model));
                let answered = match mode {
                    _ if self.endpoint.kind == AdapterKind::Ollama => {
                        self.ollama(model, request, &chat, deltas).await
                    }
                    Mode::InOnePiece => self.in_one_piece(model, request, chat, deltas).await,
                    streamed => self.streamed(model, request, chat, streamed, deltas).await,
                };
                mode = match answered {
                    Ok(completion) => return Ok((completion, mode)),
                    Err(Failed::NoStreamOptions(_)) if mode == Mode::Streamed => Mode::StreamedWithoutOptions,
                    Err(Failed::NotStreaming | Failed::StreamRefused(_) | Failed::NoStreamOptions(_))
                        if mode != Mode::InOnePiece =>
                    {
                        Mode::InOnePiece
                    }
                    Err(failed) => return Err(failed.into_error()),
                };
            }
        };
        // The crate logs the words of a failed provider as they are, and they may repeat the key.
        let attempt = attempt.with_subscriber(NoSubscriber::default());
        let (completion, mode) =
            tokio::time::timeout(self.timeouts.total, attempt).await.map_err(|_| {
                ProviderError::Timeout { message: "the answer took too long in all".to_owned() }
            })??;
        // Only what worked is remembered.
        self.remember(model, mode);
        Ok(completion)
    }
}

/// How one request failed, for the choice of the next mode.
enum Failed {
    Attempt(ProviderError),
    /// A plain body came where a stream was asked for.
    NotStreaming,
    NoStreamOptions(ProviderError),
    StreamRefused(ProviderError),
}

impl Failed {
    fn into_error(self) -> ProviderError {
        match self {
            Self::Attempt(error) | Self::NoStreamOptions(error) | Self::StreamRefused(error) => error,
            Self::NotStreaming => {
                ProviderError::BadRequest { message: "the server does not stream".to_owned() }
            }
        }
    }
}

/// What went over the wire.
#[derive(Debug, Default)]
struct Seen {
    openai: OpenAiFrames,
    anthropic: AnthropicFrames,
    /// Events of a stream.
    events: usize,
    /// Pieces that are no events: a body that is not a stream.
    foreign: usize,
}

impl Seen {
    fn frame(&mut self, kind: AdapterKind, frame: &RawFrameRef<'_>) {
        if frame.data.is_empty() {
            self.foreign += 1;
            return;
        }
        self.events += 1;
        match kind {
            AdapterKind::Anthropic => self.anthropic.read(frame.event, frame.data),
            kind if speaks_openai(kind) => self.openai.read(frame.data),
            _ => {}
        }
    }

    /// Bytes of tool calls that are kept.
    fn held(&self) -> usize {
        self.openai.held + self.anthropic.held
    }
}

/// Whether answers come in OpenAI's chat completion format.
fn speaks_openai(kind: AdapterKind) -> bool {
    matches!(
        kind,
        AdapterKind::OpenAI
            | AdapterKind::Groq
            | AdapterKind::Mistral
            | AdapterKind::DeepSeek
            | AdapterKind::Xai
            | AdapterKind::OpenRouter
            | AdapterKind::Together
            | AdapterKind::Fireworks
            | AdapterKind::Moonshot
    )
}

/// Whether calls are read from the frames, here and not by the crate.
fn has_own_frames(kind: AdapterKind) -> bool {
    speaks_openai(kind) || kind == AdapterKind::Anthropic
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FinishReason;
    use axum::Json;
    use axum::routing::post;
    use squad_domain::conversation::{Message, Reply, ToolCall};
    use squad_domain::model::Usage;

    fn endpoint(provider: &str) -> Endpoint {
        Endpoint::resolve(provider, None, &|_: &str| Some("sk-test-0123456789".to_owned())).unwrap()
    }

    #[test]
    fn models_of_a_second_api_are_asked_there_unless_a_gateway_stands_before_them() {
        let kind = |endpoint: Endpoint, model: &str| GenaiProvider::new(endpoint, None).unwrap().kind(model);
        assert_eq!(kind(endpoint("openai"), "gpt-5.5"), AdapterKind::OpenAIResp);
        assert_eq!(kind(endpoint("openai"), "gpt-4.1"), AdapterKind::OpenAI);
        assert_eq!(kind(endpoint("gemini"), "gemini-2.5-pro"), AdapterKind::Gemini);
        assert_eq!(kind(endpoint("groq"), "openai/gpt-oss-120b"), AdapterKind::Groq);
        assert_eq!(kind(Endpoint { custom: true, ..endpoint("openai") }, "gpt-5.5"), AdapterKind::OpenAI);
    }

    /// OpenAI's second API cannot be chosen at an address of one's own, so its server stands in here.
    #[tokio::test]
    async fn the_responses_wire() {
        let asked: Arc<Mutex<Value>> = Arc::default();
        let seen = Arc::clone(&asked);
        let answer = move |Json(body): Json<Value>| async move {
            *seen.lock().unwrap() = body;
            let item = serde_json::json!({"type": "function_call", "id": "fc_1", "call_id": "c2", "name": "read_file",
                "arguments": "{\"path\":\"b\"}", "status": "completed"});
            let events = [
                serde_json::json!({"type": "response.output_text.delta", "item_id": "m", "output_index": 0,
                    "content_index": 0, "delta": "I look."}),
                serde_json::json!({"type": "response.output_item.added", "output_index": 1, "item": item}),
                serde_json::json!({"type": "response.output_item.done", "output_index": 1, "item": item}),
                serde_json::json!({"type": "response.completed", "response": {"id": "r", "status": "completed",
                    "model": "gpt-5.5", "output": [item], "usage": {"input_tokens": 50, "output_tokens": 7,
                    "total_tokens": 57, "input_tokens_details": {"cached_tokens": 20},
                    "output_tokens_details": {"reasoning_tokens": 3}}}}),
            ];
            let body: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
            ([("content-type", "text/event-stream")], body)
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v1/", listener.local_addr().unwrap());
        let app = axum::Router::new().route("/v1/responses", post(answer));
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let provider = GenaiProvider::new(Endpoint { base_url, ..endpoint("openai") }, None).unwrap();
        let call = |id: &str, path: &str| ToolCall {
            id: id.to_owned(),
            name: "read_file".to_owned(),
            arguments: serde_json::json!({ "path": path }),
        };
        let request = ModelRequest {
            system: "You are Bea.".to_owned(),
            messages: vec![
                Message::User { text: "Fix the sum.".to_owned() },
                Message::Assistant(Reply { text: String::new(), calls: vec![call("c1", "a")] }),
                Message::Tool { call_id: "c1".to_owned(), content: "content of a".to_owned() },
            ],
            tools: vec![squad_domain::conversation::ToolSpec {
                name: "read_file".to_owned(),
                description: "Reads.".to_owned(),
                schema: serde_json::json!({"type": "object", "properties": {"path": {"type": "string"}}}),
            }],
            max_output_tokens: 1000,
        };
        let answer = provider.complete("gpt-5.5", &request, &DeltaSink::none()).await.unwrap();
        assert_eq!(answer.reply, Reply { text: "I look.".to_owned(), calls: vec![call("c2", "b")] });
        assert_eq!(answer.finish, FinishReason::ToolCalls);
        let usage = Usage { input: 50, cached_input: 20, cache_write: 0, output: 7, reasoning: 3 };
        assert_eq!(answer.usage, usage);
        insta::assert_json_snapshot!(*asked.lock().unwrap());
    }
}
