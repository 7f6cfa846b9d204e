//! Whatever servers send: no reader panics, none keeps more than it counts, and no words are lost on the way.

use super::anthropic::AnthropicFrames;
use super::failures;
use super::frames::{OpenAiFrames, unique_ids};
use super::ollama::Reading;
use super::think::ThinkFilter;
use crate::{DeltaSink, PriceBook, Secret, parse_arguments};
use proptest::prelude::*;
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use serde_json::{Value, json};
use std::collections::HashSet;

/// JSON of the keys that the wires know, in any shape.
fn frame() -> impl Strategy<Value = Value> {
    let keys = [
        "type",
        "index",
        "choices",
        "delta",
        "message",
        "tool_calls",
        "function",
        "name",
        "arguments",
        "id",
        "content",
        "finish_reason",
        "usage",
        "prompt_tokens",
        "completion_tokens",
        "content_block",
        "partial_json",
        "input",
        "stop_reason",
        "input_tokens",
        "output_tokens",
        "error",
        "done",
        "done_reason",
        "eval_count",
        "prompt_eval_count",
    ];
    let words = [
        "tool_use",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_start",
        "message_delta",
        "{\"a\":",
        "1}",
        "x",
        "",
        "stop",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        proptest::sample::select(words.to_vec()).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(proptest::sample::select(keys.to_vec()), inner, 0..6)
                .prop_map(|map| json!(map)),
        ]
    })
}

/// Frames as they should be, with anything in their places.
fn frames() -> impl Strategy<Value = Vec<Value>> {
    let openai = (frame(), frame())
        .prop_map(|(call, usage)| json!({"choices": [{"delta": {"tool_calls": [call]}}], "usage": usage}));
    let anthropic = (0_u64..3, frame(), ".{0,9}").prop_map(|(index, block, piece)| {
        json!([
            {"type": "content_block_start", "index": index, "content_block": block},
            {"type": "content_block_delta", "index": index, "delta": {"partial_json": piece}},
        ])
    });
    proptest::collection::vec(prop_oneof![frame(), openai, anthropic], 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn frames_of_any_shape_are_read(frames in frames(), cut: bool, junk in ".{0,40}") {
        let (mut openai, mut anthropic) = (OpenAiFrames::default(), AnthropicFrames::default());
        for frame in frames.iter().flat_map(|frame| frame.as_array().cloned().unwrap_or_else(|| vec![frame.clone()])) {
            openai.read(&frame.to_string());
            anthropic.read(None, &frame.to_string());
        }
        openai.read(&junk);
        anthropic.read(Some(&junk), &junk);
        let counts = [openai.usage, anthropic.usage()].into_iter().flatten();
        for usage in counts {
            prop_assert!(usage.cached_input <= usage.input && usage.reasoning <= usage.output);
        }
        for (held, mut calls) in [(openai.held, openai.take_calls(cut)), (anthropic.held, anthropic.take_calls(cut))] {
            let kept: usize = calls.iter().map(|call| call.id.len() + call.name.len() + 1).sum();
            prop_assert!(kept <= held, "{} of {}", kept, held);
            unique_ids(&mut calls);
            let ids: HashSet<&str> = calls.iter().map(|call| call.id.as_str()).collect();
            prop_assert_eq!(ids.len(), calls.len());
        }
    }

    #[test]
    fn lines_of_any_kind_cut_anywhere_are_read(lines in proptest::collection::vec(frame(), 0..6), junk: Vec<u8>, size in 1_usize..50) {
        let mut body: Vec<u8> = lines.iter().flat_map(|line| format!("{line}\n").into_bytes()).collect();
        body.extend(junk);
        let mut reading = Reading::default();
        let key = Secret::new("sk-test-0123456789");
        let read = body.chunks(size).try_for_each(|piece| reading.take(piece, &key, &DeltaSink::none()));
        if let Err(error) = read {
            prop_assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn refusals_of_any_kind_are_told_in_few_words(status in 300_u16..600, body in ".{0,300}|\\{\"error\": .{0,60}\\}", wait in "\\PC{0,30}|-?[0-9]{0,20}\\.?[0-9]{0,5}", date in ".{0,30}") {
        let mut headers = HeaderMap::new();
        for (name, value) in [(RETRY_AFTER, &wait), (DATE, &date)] {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        }
        let error = failures::by_status(StatusCode::from_u16(status).unwrap(), &failures::own_words(&body), &headers);
        prop_assert!(error.to_string().len() < 4_000);
        let body: Value = serde_json::from_str(&body).unwrap_or(Value::String(body));
        prop_assert!(!failures::by_body("words", &body, 0).to_string().is_empty());
    }

    #[test]
    fn thoughts_are_kept_out_however_a_text_is_cut(text in "(<think>|</think>|[a-z< \n]){0,12}", cuts in proptest::collection::vec(0_usize..40, 0..6)) {
        let whole = {
            let mut filter = ThinkFilter::default();
            let shown = filter.push(&text);
            shown + &filter.finish()
        };
        let mut filter = ThinkFilter::default();
        let (mut shown, mut from) = (String::new(), 0);
        let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut <= text.len()).collect();
        cuts.sort_unstable();
        for cut in cuts.into_iter().chain([text.len()]) {
            shown.push_str(&filter.push(&text[from..cut]));
            from = cut;
        }
        shown.push_str(&filter.finish());
        prop_assert_eq!(shown, whole);
    }

    #[test]
    fn arguments_and_price_tables_of_any_kind_are_read_or_refused(text in ".{0,80}|[{\\[\"a:,0-9\\]}]{0,40}") {
        if let Ok(value) = parse_arguments(&text) {
            prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        }
        if let Err(error) = PriceBook::parse(&text) {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
