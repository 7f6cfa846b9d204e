//! Servers that send without end, too slowly, cut, packed, or to somebody else. What they could send is counted: an end that
//! is not read holds no memory.

use crate::support::{Answer, IMPATIENT, Server, anthropic_stream, openai_stream, provider_at, said};
use serde_json::json;
use squad_domain::model::ProviderEndpoint;
use squad_llm::{DeltaSink, ModelProvider, ProbeOutcome, ProviderCompletion, ProviderError, Timeouts, probe};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const MIB: usize = 1024 * 1024;
/// What the buffers of the connections between the server and the reader hold, generously.
const BUFFERS: usize = 24 * MIB;

const STREAM: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
const LINES: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\nconnection: close\r\n\r\n";
const JSON: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n";

/// A server that writes what it is told, without any regard for HTTP.
struct Raw {
    url: String,
    sent: Arc<AtomicUsize>,
    asked: Arc<std::sync::Mutex<Vec<String>>>,
}

/// What it writes after `head`.
#[derive(Clone)]
enum Then {
    /// This, and the end of the connection.
    End(Vec<u8>),
    /// This, and a reset.
    Reset(Vec<u8>),
    /// This again and again, for ever.
    Forever(Vec<u8>),
    /// This byte by byte, with a pause before each, for ever from the beginning.
    Drip(Vec<u8>, Duration),
}

impl Raw {
    async fn start(head: impl Into<Vec<u8>>, then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sent, asked) = (Arc::new(AtomicUsize::new(0)), Arc::default());
        let server = Self { url, sent: Arc::clone(&sent), asked: Arc::clone(&asked) };
        let head = head.into();
        tokio::spawn(async move {
            loop {
                let (connection, _) = listener.accept().await.unwrap();
                let play =
                    play(connection, head.clone(), then.clone(), Arc::clone(&sent), Arc::clone(&asked));
                // Whoever is asked ends the conversation: that is what is looked for.
                tokio::spawn(async move { drop(play.await) });
            }
        });
        server
    }

    async fn ask_as(&self, wire: &str, timeouts: Timeouts) -> Result<ProviderCompletion, ProviderError> {
        provider_at(&self.url, wire, timeouts).complete("m", &said("hi"), &DeltaSink::none()).await
    }

    async fn ask(&self, wire: &str) -> Result<ProviderCompletion, ProviderError> {
        self.ask_as(wire, Timeouts::REMOTE).await
    }
}

async fn play(
    mut connection: TcpStream,
    head: Vec<u8>,
    then: Then,
    sent: Arc<AtomicUsize>,
    asked: Arc<std::sync::Mutex<Vec<String>>>,
) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        if connection.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let text = String::from_utf8_lossy(&request).to_lowercase();
    let length =
        text.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok());
    let body_from = text.find("\r\n\r\n").map_or(0, |at| at + 4);
    while request.len() < body_from + length.unwrap_or(0) {
        connection.read_buf(&mut request).await?;
    }
    asked.lock().unwrap().push(text);
    connection.write_all(&head).await?;
    match then {
        Then::End(bytes) => {
            connection.write_all(&bytes).await?;
            connection.shutdown().await?;
            // Reads until the other side has closed, so that what was written is not reset away.
            while connection.read_buf(&mut request).await? > 0 {}
            Ok(())
        }
        Then::Reset(bytes) => {
            connection.write_all(&bytes).await?;
            connection.set_zero_linger()?;
            Ok(())
        }
        Then::Forever(bytes) => loop {
            connection.write_all(&bytes).await?;
            sent.fetch_add(bytes.len(), Ordering::Relaxed);
        },
        Then::Drip(bytes, pause) => {
            connection.set_nodelay(true)?;
            let mut ticks = tokio::time::interval(pause);
            for byte in bytes.iter().cycle() {
                ticks.tick().await;
                connection.write_all(&[*byte]).await?;
            }
            Ok(())
        }
    }
}

#[tokio::test]
async fn an_event_without_an_end_is_cut_off() {
    for (wire, head) in
        [("openai-compatible", STREAM), ("anthropic", STREAM), ("gemini", STREAM), ("ollama", LINES)]
    {
        let server =
            Raw::start(format!("{head}data: {{\"x\": \""), Then::Forever(vec![b'x'; 256 * 1024])).await;
        let error = server.ask(wire).await.unwrap_err();
        assert!(
            matches!(&error, ProviderError::Truncated { message, .. } if message.contains("grew beyond 4 MiB")),
            "{wire}: {error:?}"
        );
        let sent = server.sent.load(Ordering::Relaxed);
        assert!(sent < 4 * MIB + BUFFERS, "{wire}: {sent}");
    }
}

#[tokio::test]
async fn a_body_without_an_end_is_cut_off() {
    let endless = Raw::start(format!("{JSON}{{\"x\": \""), Then::Forever(vec![b'x'; 256 * 1024])).await;
    for wire in ["openai-compatible", "anthropic", "gemini"] {
        let error = endless.ask(wire).await.unwrap_err();
        assert!(
            matches!(&error, ProviderError::Truncated { message, .. } if message.contains("it grew beyond 4 MiB")),
            "{wire}: {error:?}"
        );
    }
    assert!(endless.sent.load(Ordering::Relaxed) < 3 * (4 * MIB + BUFFERS));
    let listed = Raw::start(format!("{JSON}{{\"data\": [\""), Then::Forever(vec![b'x'; 256 * 1024])).await;
    let settings = ProviderEndpoint { base_url: Some(listed.url.clone()), api_key_env: None };
    let probed = probe("openai-compatible", Some(&settings), &|_: &str| None, Duration::from_secs(60)).await;
    assert!(
        matches!(&probed.outcome, ProbeOutcome::Failed(why) if why.contains("it grew beyond 16 MiB")),
        "{probed:?}"
    );
    assert!(listed.sent.load(Ordering::Relaxed) < 16 * MIB + BUFFERS);
}

#[tokio::test]
async fn a_refusal_without_an_end_is_read_as_far_as_people_would() {
    let head = "HTTP/1.1 401 Unauthorized\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n";
    let server = Raw::start(head, Then::Forever("Go away. ".repeat(30_000).into_bytes())).await;
    for wire in ["openai-compatible", "anthropic", "gemini", "ollama"] {
        let error = server.ask(wire).await.unwrap_err();
        assert!(
            matches!(&error, ProviderError::Refused { message } if message.starts_with("Go away.") && message.len() < 1000),
            "{wire}: {error:?}"
        );
    }
    assert!(server.sent.load(Ordering::Relaxed) < 4 * BUFFERS);
}

#[tokio::test]
async fn words_and_arguments_without_an_end_are_cut_off() {
    let piece = "x ".repeat(2_000);
    let openai = |delta: serde_json::Value| format!("data: {}\n\n", json!({"choices": [{"delta": delta}]}));
    let begin = json!({"type": "content_block_start", "index": 0,
        "content_block": {"type": "tool_use", "id": "t", "name": "x", "input": {}}});
    let delta = |delta: serde_json::Value| {
        let event = json!({"type": "content_block_delta", "index": 0, "delta": delta});
        format!("event: content_block_delta\ndata: {event}\n\n")
    };
    let call =
        json!({"tool_calls": [{"index": 0, "id": "c", "function": {"name": "x", "arguments": piece}}]});
    let gemini = json!({"candidates": [{"content": {"role": "model", "parts": [{"text": piece}]}}]});
    let ollama = |message: serde_json::Value| format!("{}\n", json!({"message": message, "done": false}));
    let cases = [
        ("openai-compatible", STREAM.to_owned(), openai(json!({"content": piece}))),
        ("openai-compatible", STREAM.to_owned(), openai(call)),
        ("anthropic", STREAM.to_owned(), delta(json!({"type": "text_delta", "text": piece}))),
        (
            "anthropic",
            format!("{STREAM}event: content_block_start\ndata: {begin}\n\n"),
            delta(json!({"type": "input_json_delta", "partial_json": piece})),
        ),
        ("gemini", STREAM.to_owned(), format!("data: {gemini}\n\n")),
        ("ollama", LINES.to_owned(), ollama(json!({"content": piece}))),
        ("ollama", LINES.to_owned(), ollama(json!({"content": "", "thinking": piece}))),
        (
            "ollama",
            LINES.to_owned(),
            ollama(json!({"tool_calls": [{"function": {"name": "x", "arguments": {"a": piece}}}]})),
        ),
    ];
    for (wire, head, event) in cases {
        let server = Raw::start(head, Then::Forever(event.clone().into_bytes())).await;
        let error = server.ask(wire).await.unwrap_err();
        assert!(
            matches!(&error, ProviderError::Truncated { message, received_bytes: 1.. } if message.contains("1 MiB although 1000 tokens")),
            "{wire} {event:.120}: {error:?}"
        );
        assert!(server.sent.load(Ordering::Relaxed) < 2 * MIB + BUFFERS, "{wire}");
    }
}

#[tokio::test]
async fn a_connection_that_is_only_kept_open_ends_in_time() {
    let ping = "event: ping\ndata: {\"type\": \"ping\"}\n\n";
    let empty = "data: {\"choices\": [{\"delta\": {}}]}\n\n";
    for (wire, head, beat) in [
        ("openai-compatible", STREAM, ": still here\n\n"),
        ("openai-compatible", STREAM, empty),
        ("anthropic", STREAM, ping),
        ("anthropic", STREAM, ": still here\n\n"),
        ("gemini", STREAM, ": still here\n\n"),
        ("ollama", LINES, "\n"),
        ("ollama", LINES, "{\"message\": {\"content\": \"\"}, \"done\": false}\n"),
    ] {
        // Both as fast as it can and byte by byte: the pause between two bytes stays far below the limit of silence.
        let slow = Then::Drip(beat.as_bytes().to_vec(), Duration::from_millis(2));
        for then in [Then::Forever(beat.as_bytes().to_vec()), slow] {
            let server = Raw::start(head, then).await;
            let error = server.ask_as(wire, IMPATIENT).await.unwrap_err();
            assert!(matches!(error, ProviderError::Timeout { .. }), "{wire} {beat:?}: {error:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_drips_in_ends_in_time() {
    let pause = Duration::from_millis(2);
    for (wire, head) in
        [("openai-compatible", STREAM), ("anthropic", STREAM), ("gemini", STREAM), ("ollama", LINES)]
    {
        let line = Raw::start(head, Then::Drip(b"data: x".to_vec(), pause)).await;
        let error = line.ask_as(wire, IMPATIENT).await.unwrap_err();
        assert!(matches!(error, ProviderError::Timeout { .. }), "{wire}: {error:?}");
        let headers = Raw::start("HTTP/1.1 200 OK\r\n", Then::Drip(b"x-a: b\r\n".to_vec(), pause)).await;
        let error = headers.ask_as(wire, IMPATIENT).await.unwrap_err();
        assert!(matches!(error, ProviderError::Timeout { .. }), "{wire}: {error:?}");
    }
}

#[tokio::test]
async fn a_flood_of_headers_is_no_answer() {
    let server =
        Raw::start("HTTP/1.1 200 OK\r\n", Then::Forever("x-more: and more\r\n".repeat(1000).into_bytes()))
            .await;
    for wire in ["openai-compatible", "anthropic", "ollama"] {
        let error = server.ask(wire).await.unwrap_err();
        assert!(error.is_retryable(), "{wire}: {error:?}");
    }
    assert!(server.sent.load(Ordering::Relaxed) < 3 * BUFFERS);
}

#[tokio::test]
async fn a_cut_body_and_a_reset_are_no_answer() {
    let beginnings = [
        ("openai-compatible", "data: {\"choices\": [{\"delta\": {\"content\": \"I am\"}}]}\n\n".to_owned()),
        ("anthropic", {
            let event = json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "I am"}});
            format!("event: content_block_delta\ndata: {event}\n\n")
        }),
        (
            "gemini",
            format!(
                "data: {}\n\n",
                json!({"candidates": [{"content": {"role": "model", "parts": [{"text": "I am"}]}}]})
            ),
        ),
        ("ollama", "{\"message\": {\"content\": \"I am\"}, \"done\": false}\n".to_owned()),
    ];
    for (wire, words) in beginnings {
        let chunk = format!("{:x}\r\n{words}\r\n", words.len());
        let kind = if wire == "ollama" { "application/x-ndjson" } else { "text/event-stream" };
        let chunked =
            format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n{chunk}");
        let longer =
            format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: 9999\r\n\r\n{words}");
        for (head, then) in [
            (chunked.clone(), Then::End(b"ffff\r\ndata: {\"cho".to_vec())),
            (chunked.clone(), Then::End(b"not a length\r\n".to_vec())),
            (longer, Then::End(Vec::new())),
            (chunked, Then::Reset(Vec::new())),
            (STREAM.replace("text/event-stream", kind) + &words, Then::End(Vec::new())),
        ] {
            let server = Raw::start(head.clone(), then).await;
            let error = server.ask(wire).await.unwrap_err();
            // After a reset the words may never have arrived.
            assert!(
                matches!(error, ProviderError::Truncated { .. } | ProviderError::Unreachable { .. }),
                "{wire} {head}: {error:?}"
            );
        }
    }
}

#[tokio::test]
async fn nothing_is_asked_for_packed_and_a_bomb_is_not_unpacked() {
    // A gigabyte of `x`, packed: the head of a gzip file, and one stored block after the other would do as well; what
    // matters is that the bytes are taken as they are.
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\n";
    let bomb = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xed, 0xc1, 1, 13, 0, 0, 0, 0xc2, 0xa0, 0xf7];
    for wire in ["openai-compatible", "anthropic", "gemini", "ollama"] {
        let server = Raw::start(head, Then::End(bomb.clone())).await;
        let error = server.ask(wire).await.unwrap_err();
        assert!(matches!(error, ProviderError::Truncated { .. }), "{wire}: {error:?}");
        assert!(
            server.asked.lock().unwrap().iter().all(|asked| !asked.contains("accept-encoding")),
            "{wire}"
        );
    }
}

#[tokio::test]
async fn who_is_not_there_does_not_speak_tls_or_has_no_name_is_unreachable() {
    let server = Raw::start(STREAM, Then::End(Vec::new())).await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nameless = format!("http://{}.invalid", "x".repeat(64));
    for url in [format!("http://{closed}"), server.url.replace("http://", "https://"), nameless] {
        for wire in ["openai-compatible", "anthropic", "ollama"] {
            let error = provider_at(&url, wire, Timeouts::REMOTE)
                .complete("m", &said("hi"), &DeltaSink::none())
                .await
                .unwrap_err();
            assert!(
                matches!(&error, ProviderError::Unreachable { message } if message.contains(&url)),
                "{wire}: {error:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_redirect_takes_the_key_nowhere() {
    let elsewhere = Server::start(Vec::new()).await;
    for wire in ["openai-compatible", "anthropic", "gemini", "ollama"] {
        for status in [301, 302, 303, 307, 308] {
            let redirect = Answer::json_with(status, &json!(null), &[("location", elsewhere.url.as_str())]);
            let error = Server::start(vec![redirect]).await.ask(wire, &said("hi")).await.unwrap_err();
            assert!(
                matches!(&error, ProviderError::BadRequest { message } if message.contains("redirects elsewhere")),
                "{wire} {status}: {error:?}"
            );
        }
    }
    assert!(elsewhere.asked().is_empty());
}

#[tokio::test]
async fn an_answer_with_carriage_returns_is_read_wherever_it_is_cut() {
    let hello =
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello."}});
    let answers = [
        ("openai-compatible", openai_stream(&[json!({"content": "Hello."})], "stop").concat()),
        ("anthropic", anthropic_stream(&[hello], "end_turn").concat()),
    ];
    for (wire, answer) in answers {
        // Ends with the connection: a drip goes on for ever.
        let text = answer.replace('\n', "\r\n");
        let server = Raw::start(STREAM, Then::Drip(text.into_bytes(), Duration::from_micros(200))).await;
        let answer = server.ask(wire).await.unwrap();
        assert_eq!((answer.reply.text.as_str(), answer.usage_estimated), ("Hello.", false), "{wire}");
    }
}
