//! Replies that make no sense, on every wire: what can be understood is, nothing is made up, nothing takes the process down.

use crate::support::{Answer, Server, anthropic_stream, call, data, event, openai_stream, said};
use serde_json::{Value, json};
use squad_domain::conversation::ToolCall;
use squad_llm::{FinishReason, ProviderCompletion, ProviderError};

/// A tool call of a reply: its place, its id, its name, its arguments as text.
type Said<'a> = (u64, &'a str, &'a str, &'a str);

/// The answer that calls these tools, on a wire.
fn calling(wire: &str, calls: &[Said<'_>], finish: &str) -> Answer {
    match wire {
        "anthropic" => {
            let events = calls.iter().flat_map(|(index, id, name, arguments)| {
                [
                    json!({"type": "content_block_start", "index": index,
                        "content_block": {"type": "tool_use", "id": id, "name": name, "input": {}}}),
                    json!({"type": "content_block_delta", "index": index,
                        "delta": {"type": "input_json_delta", "partial_json": arguments}}),
                    json!({"type": "content_block_stop", "index": index}),
                ]
            });
            Answer::Events(anthropic_stream(&events.collect::<Vec<_>>(), finish))
        }
        "ollama" => {
            let calls = calls.iter().map(|(_, id, name, arguments)| {
                json!({"id": id, "function": {"name": name, "arguments": arguments}})
            });
            lines(&[
                json!({"message": {"content": "", "tool_calls": calls.collect::<Vec<_>>()}, "done": true, "done_reason": finish}),
            ])
        }
        _ => {
            let deltas: Vec<Value> = calls
                .iter()
                .map(|(index, id, name, arguments)| {
                    json!({"tool_calls": [{"index": index, "id": id, "function": {"name": name, "arguments": arguments}}]})
                })
                .collect();
            Answer::Events(openai_stream(&deltas, finish))
        }
    }
}

fn lines(values: &[Value]) -> Answer {
    let body = values.iter().map(|value| format!("{value}\n")).collect();
    Answer::Plain { status: 200, headers: Vec::new(), content_type: "application/x-ndjson", body }
}

const WIRES: [&str; 3] = ["openai-compatible", "anthropic", "ollama"];

async fn asked(wire: &str, answer: Answer) -> Result<ProviderCompletion, ProviderError> {
    Server::start(vec![answer]).await.ask(wire, &said("hi")).await
}

async fn calls(wire: &str, said: &[Said<'_>]) -> Vec<ToolCall> {
    asked(wire, calling(wire, said, "tool_calls"))
        .await
        .unwrap_or_else(|error| panic!("{wire}: {error}"))
        .reply
        .calls
}

#[tokio::test]
async fn arguments_that_cannot_be_read_are_kept_as_they_are() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let cut = "{\"path\": \"a";
    let twice = "{\"path\": \"a\", \"path\": \"b\"}";
    let surrogate = "{\"path\": \"\\ud800\"}";
    for wire in WIRES {
        for raw in [cut, twice, surrogate, deep.as_str(), "path=a", "{\"path\": \"a\"} {}"] {
            let read = calls(wire, &[(0, "c1", "read_file", raw)]).await;
            assert_eq!(read, [call("c1", "read_file", json!(raw))], "{wire}");
        }
        for (raw, value) in [("[1]", json!([1])), ("7", json!(7)), ("", json!({})), ("\"x\"", json!("x"))] {
            let read = calls(wire, &[(0, "c1", "read_file", raw)]).await;
            assert_eq!(read[0].arguments, value, "{wire} {raw}");
        }
    }
}

#[tokio::test]
async fn names_and_ids_are_taken_as_they_come_and_ids_are_made_unique() {
    let long = "n".repeat(10_000);
    let odd = "a\u{0}\u{1b}[31m\u{202e}\n\u{fffd}/../x";
    for wire in WIRES {
        let read = calls(
            wire,
            &[
                (0, "same", long.as_str(), "{}"),
                (1, "same", odd, "{}"),
                (2, "", "x", "{}"),
                (3, " ", "x", "{}"),
                (4, odd, "", "{}"),
            ],
        )
        .await;
        let names: Vec<&str> = read.iter().map(|call| call.name.as_str()).collect();
        assert_eq!(names, [long.as_str(), odd, "x", "x", ""], "{wire}");
        let ids: Vec<&str> = read.iter().map(|call| call.id.as_str()).collect();
        assert_eq!(ids, ["same", "same_2", "call_3", "call_4", odd], "{wire}");
    }
}

#[tokio::test]
async fn ten_thousand_calls_in_one_reply_are_read_at_once() {
    for wire in WIRES {
        let many: Vec<Said<'_>> = (0..10_000).map(|index| (index, "same", "x", "{}")).collect();
        let read = calls(wire, &many).await;
        assert_eq!(read.len(), 10_000, "{wire}");
        assert_eq!(read[9_999].id, "same_10000", "{wire}");
    }
}

#[tokio::test]
async fn an_index_is_a_name_and_no_number_of_calls_to_make_room_for() {
    for wire in ["openai-compatible", "anthropic", "groq", "deepseek"] {
        for index in [u64::from(u32::MAX), u64::MAX, 1 << 40] {
            let read = asked(
                if wire == "anthropic" { wire } else { "openai-compatible" },
                calling(wire, &[(index, "c", "x", "{}")], "tool_calls"),
            )
            .await;
            assert_eq!(read.unwrap().reply.calls, [call("c", "x", json!({}))], "{wire} {index}");
        }
    }
}

#[tokio::test]
async fn calls_that_come_in_side_by_side_are_kept_apart_or_refused() {
    let piece = |index: u64, head: bool, text: &str| {
        let mut call = json!({"index": index, "function": {"arguments": text}});
        if head {
            call["id"] = json!(format!("c{index}"));
            call["function"]["name"] = json!("x");
        }
        json!({"tool_calls": [call]})
    };
    let deltas =
        [piece(7, true, "{\"p\":"), piece(3, true, "{\"q\":"), piece(7, false, "1}"), piece(3, false, "2}")];
    let read =
        asked("openai-compatible", Answer::Events(openai_stream(&deltas, "tool_calls"))).await.unwrap();
    assert_eq!(read.reply.calls, [call("c7", "x", json!({"p": 1})), call("c3", "x", json!({"q": 2}))]);
    let begins = |index: u64| {
        json!({"type": "content_block_start", "index": index,
        "content_block": {"type": "tool_use", "id": format!("c{index}"), "name": "x", "input": {}}})
    };
    let goes_on = |index: u64, text: &str| {
        json!({"type": "content_block_delta", "index": index,
        "delta": {"type": "input_json_delta", "partial_json": text}})
    };
    let events = [
        begins(7),
        begins(3),
        goes_on(7, "{\"p\":"),
        goes_on(3, "{\"q\":"),
        goes_on(7, "1}"),
        goes_on(3, "2}"),
    ];
    let read = asked("anthropic", Answer::Events(anthropic_stream(&events, "tool_use"))).await.unwrap();
    assert_eq!(read.reply.calls, [call("c7", "x", json!({"p": 1})), call("c3", "x", json!({"q": 2}))]);
}

#[tokio::test]
async fn a_usage_that_cannot_be_true_is_estimated() {
    for count in
        [json!(u64::MAX), json!(i64::MAX), json!(i32::MAX), json!(-7), json!("many"), json!(1e300), json!([])]
    {
        let openai = vec![
            data(&json!({"choices": [{"delta": {"content": "Hello."}, "finish_reason": "stop"}]})),
            data(
                &json!({"choices": [], "usage": {"prompt_tokens": count, "completion_tokens": count, "total_tokens": count,
                "prompt_tokens_details": {"cached_tokens": count}}}),
            ),
        ];
        let anthropic = vec![
            event(&json!({"type": "message_start", "message": {"usage": {"input_tokens": count,
                "cache_read_input_tokens": count, "cache_creation_input_tokens": count, "output_tokens": count}}})),
            event(
                &json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
            ),
            event(
                &json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello."}}),
            ),
            event(
                &json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": count}}),
            ),
            event(&json!({"type": "message_stop"})),
        ];
        let ollama = json!({"message": {"content": "Hello."}, "done": true, "done_reason": "stop",
            "prompt_eval_count": count, "eval_count": count});
        for (wire, answer) in [
            ("openai-compatible", Answer::Events(openai)),
            ("anthropic", Answer::Events(anthropic)),
            ("ollama", lines(&[ollama])),
        ] {
            let read = asked(wire, answer).await.unwrap_or_else(|error| panic!("{wire} {count}: {error}"));
            assert_eq!(read.reply.text, "Hello.", "{wire} {count}");
            assert!(
                read.usage_estimated && (1..100_000).contains(&read.usage.input),
                "{wire} {count}: {:?}",
                read.usage
            );
        }
    }
}

#[tokio::test]
async fn no_choice_no_content_and_a_stop_that_nobody_knows() {
    let openai = |frames: &[Value]| Answer::Events(frames.iter().map(data).collect());
    let none = asked("openai-compatible", openai(&[json!({"choices": []})])).await.unwrap_err();
    assert!(matches!(none, ProviderError::Truncated { .. }), "{none:?}");
    let null = json!({"choices": [{"delta": {"content": null, "tool_calls": null}, "finish_reason": "stop"}], "usage": null});
    let null = asked("openai-compatible", openai(&[null])).await.unwrap();
    assert_eq!((null.reply.text.as_str(), null.reply.calls.len(), null.usage_estimated), ("", 0, true));
    for (word, finish) in [
        ("length", FinishReason::Length),
        ("content_filter", FinishReason::ContentFilter),
        ("moon_phase", FinishReason::Other("moon_phase".into())),
    ] {
        for wire in WIRES {
            let read = asked(wire, calling(wire, &[], word)).await.unwrap();
            assert_eq!(read.finish, finish, "{wire}");
        }
    }
    let refusal = asked("anthropic", calling("anthropic", &[], "refusal")).await.unwrap();
    assert_eq!(refusal.finish, FinishReason::ContentFilter);
}

#[tokio::test]
async fn frames_that_are_no_json_break_the_answer_off() {
    for junk in [
        "{\"choices\": [",
        "\\ud800",
        "{\"choices\": [{\"delta\": {\"content\": \"\\ud800\"}}]}",
        "[[[[",
        "nul",
    ] {
        for wire in ["openai-compatible", "gemini"] {
            let error = asked(wire, Answer::Events(vec![format!("data: {junk}\n\n")])).await.unwrap_err();
            assert!(matches!(error, ProviderError::Truncated { .. }), "{wire} {junk}: {error:?}");
        }
        let event = format!("event: content_block_delta\ndata: {junk}\n\n");
        let error = asked("anthropic", Answer::Events(vec![event])).await.unwrap_err();
        assert!(matches!(error, ProviderError::Truncated { .. }), "{junk}: {error:?}");
        let line =
            Answer::Plain { status: 200, headers: Vec::new(), content_type: "x", body: format!("{junk}\n") };
        let error = asked("ollama", line).await.unwrap_err();
        assert!(matches!(error, ProviderError::Truncated { .. }), "{junk}: {error:?}");
    }
}

#[tokio::test]
async fn a_page_and_an_error_with_status_200_are_told() {
    let page = |kind: &'static str| Answer::Plain {
        status: 200,
        headers: Vec::new(),
        content_type: kind,
        body: "<html>\n\n<body>\n\nPlease sign in\n\n</body></html>\n".to_owned(),
    };
    for wire in ["openai-compatible", "anthropic"] {
        for kind in ["text/html", "text/html; charset=utf-8"] {
            let server = Server::start(vec![page(kind), page(kind)]).await;
            let error = server.ask(wire, &said("hi")).await.unwrap_err();
            assert!(!matches!(error, ProviderError::Refused { .. }), "{wire}: {error:?}");
        }
    }
    let error =
        || json!({"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}});
    let server = Server::start(vec![Answer::json(200, &error()), Answer::json(200, &error())]).await;
    let told = server.ask("openai-compatible", &said("hi")).await.unwrap_err();
    assert!(
        matches!(&told, ProviderError::Refused { message } if message.contains("current quota")),
        "{told:?}"
    );
    for (status, body) in
        [(402, json!({"error": "pay first"})), (429, error()), (403, json!({"message": "no"}))]
    {
        for wire in ["openai-compatible", "anthropic", "gemini", "ollama"] {
            let told = asked(wire, Answer::json(status, &body)).await.unwrap_err();
            assert!(matches!(told, ProviderError::Refused { .. }), "{wire} {status}: {told:?}");
        }
    }
}

#[tokio::test]
async fn events_under_another_name_are_read_all_the_same() {
    let body = openai_stream(&[json!({"content": "Hello."})], "stop").concat();
    for kind in ["text/plain", "application/octet-stream"] {
        let answer =
            Answer::Plain { status: 200, headers: Vec::new(), content_type: kind, body: body.clone() };
        assert_eq!(asked("openai-compatible", answer).await.unwrap().reply.text, "Hello.");
    }
}
