//! Whatever a model writes and whatever a transcript holds: an answer that says what to do, and a request that providers
//! take. `PROPTEST_CASES` makes it longer.

use crate::story::{Story, five, lane};
use proptest::prelude::*;
use serde_json::{Value, json};
use squad_agents::{Prompts, condense_request, request, tools};
use squad_domain::conversation::{Message, Reply, ToolCall};
use squad_domain::duty::Duty;
use squad_domain::tool::ToolName;
use std::collections::BTreeMap;
use std::sync::LazyLock;

const DUTIES: [Duty; 7] =
    [Duty::Analyze, Duty::Plan, Duty::Work, Duty::Review, Duty::Test, Duty::Resolve, Duty::Answer];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,30}",
        Just(String::new()),
        Just("ä\u{0}\u{1b}[2J\u{202e}\n".to_owned()),
        Just("x".repeat(70_000)),
        Just("{\"path\": \"a\", \"path\": \"b\"}".to_owned()),
        Just("{\"path\": ".to_owned()),
        prop_oneof![
            Just("Pia"),
            Just("everyone"),
            Just("s1"),
            Just("approve"),
            Just("fail"),
            Just("../../etc")
        ]
        .prop_map(str::to_owned),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(key(), inner, 0..6).prop_map(|map| json!(map)),
        ]
    })
}

/// The names of all arguments, and some that are none.
fn key() -> impl Strategy<Value = String> {
    static KEYS: LazyLock<Vec<String>> = LazyLock::new(|| {
        let state = Story::under_way().state();
        let specs = DUTIES.iter().flat_map(|duty| five().into_iter().map(move |member| (member, *duty)));
        let offered = specs.flat_map(|(member, duty)| tools::offered(&state, &member, duty));
        let mut keys: Vec<String> = offered
            .flat_map(|tool| tool.schema["properties"].as_object().cloned().unwrap_or_default())
            .map(|(key, _)| key)
            .collect();
        keys.extend(
            ["id", "title", "description", "role", "depends_on", "body", "line", "stranger"]
                .map(str::to_owned),
        );
        keys.sort();
        keys.dedup();
        keys
    });
    proptest::sample::select(KEYS.clone())
}

fn arguments() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => proptest::collection::btree_map(key(), value(), 0..8).prop_map(|map| json!(map)),
        1 => value(),
        1 => value().prop_map(|value| Value::String(value.to_string())),
    ]
}

/// A transcript as no honest log has it: results without calls, calls without results, ids twice.
fn transcript() -> impl Strategy<Value = Vec<Message>> {
    let id = || prop_oneof![Just("c1"), Just("c2"), Just("c3"), Just("")].prop_map(str::to_owned);
    let call = (id(), text(), value()).prop_map(|(id, name, arguments)| ToolCall { id, name, arguments });
    let message = prop_oneof![
        text().prop_map(|text| Message::User { text }),
        (text(), proptest::collection::vec(call, 0..4))
            .prop_map(|(text, calls)| Message::Assistant(Reply { text, calls })),
        (id(), text()).prop_map(|(call_id, content)| Message::Tool { call_id, content }),
    ];
    proptest::collection::vec(message, 0..14)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_call_means_something_or_is_answered_with_what_to_do(
        who in prop_oneof![Just("Pia"), Just("Tom"), Just("Bea"), Just("Fay"), Just("Quinn")],
        duty in proptest::sample::select(&DUTIES[..]),
        tool in proptest::sample::select(ToolName::ALL),
        arguments in arguments(),
        odd in proptest::option::weighted(0.05, text()),
    ) {
        let state = Story::under_way().lane("lane", who, duty, None, 1).state();
        let name = odd.unwrap_or_else(|| tool.slug().to_owned());
        let call = ToolCall { id: "c".into(), name, arguments };
        match tools::parse(&state, &lane(&state, "lane"), &call) {
            Ok(invocation) => {
                if let tools::Invocation::Control(control) = &invocation {
                    prop_assert_eq!(control.tool().slug(), call.name.trim());
                }
                prop_assert!(duty.tools().contains(&tool), "{} in {}", tool, duty);
            }
            Err(told) => {
                prop_assert!(!told.trim().is_empty());
                prop_assert!(told.len() < 20_000, "{}", told.len());
            }
        }
        prop_assert!(tools::summary(&call).chars().count() < 1_000);
        prop_assert!(!tools::summary(&call).chars().any(char::is_control));
    }

    #[test]
    fn every_call_in_a_request_has_exactly_one_result_right_after_it(transcript in transcript(), upto in 0_usize..20) {
        let state = Story::under_way().lane("lane", "Fay", Duty::Work, Some("s2"), 2).state();
        let mut lane = lane(&state, "lane");
        lane.transcript = transcript;
        let prompts = Prompts::embedded();
        let asked = request(&prompts, &state, &lane);
        let mut open: BTreeMap<&str, usize> = BTreeMap::new();
        for message in &asked.messages {
            match message {
                Message::Tool { call_id, .. } => {
                    let left = open.get_mut(call_id.as_str());
                    prop_assert!(left.is_some(), "a result of no call: {:?}", call_id);
                    let left = left.unwrap();
                    prop_assert!(*left > 0, "a second result of {:?}", call_id);
                    *left -= 1;
                }
                other => {
                    prop_assert!(open.values().all(|left| *left == 0), "a call without a result before {:?}", other);
                    open.clear();
                    if let Message::Assistant(reply) = other {
                        for call in &reply.calls {
                            *open.entry(&call.id).or_default() += 1;
                        }
                    }
                }
            }
        }
        prop_assert!(open.values().all(|left| *left == 0));
        let condensing = condense_request(&prompts, &state, &lane, upto);
        let bytes: usize = condensing.messages.iter().map(|message| match message {
            Message::User { text } => text.len(),
            _ => usize::MAX,
        }).sum();
        prop_assert!(bytes < 400_000, "{}", bytes);
    }

    #[test]
    fn output_is_bounded_and_free_of_control_characters(output in "\\PC{0,100}|(\u{1b}\\[[0-9;]{0,4}[A-Za-z]|ä|\r|\n|\u{0}){0,60}", times in 1_usize..2_000) {
        let bounded = tools::bounded_output(&output.repeat(times));
        prop_assert!(bounded.len() < 40_000, "{}", bounded.len());
        prop_assert!(!bounded.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')), "{:?}", bounded);
    }
}
