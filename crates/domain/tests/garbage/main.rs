//! What comes out of a database may be anything: events that were never written, of a newer version, or mangled. Reading and
//! folding them gives an error that says what is wrong, and never a panic. `PROPTEST_CASES` makes it longer.

#![expect(clippy::unwrap_used, reason = "a fixture that does not parse is a broken test")]

#[path = "../walk/world.rs"]
mod world;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use squad_domain::execution::{Event, EventBody, ExecutionState, decide};
use squad_domain::model::{ModelRef, Price, Usage};
use squad_domain::money::MicroUsd;
use squad_domain::role::Role;
use world::{Moods, World};

/// The log of an execution that took some of its steps, as JSON.
fn log(seed: u64, steps: usize) -> Vec<Value> {
    let roles = [Role::ProjectManager, Role::TechLead, Role::BackendDeveloper, Role::QaTester];
    let mut world = World::new(seed, &roles, Moods { grumpy: 30, faults: 15 });
    for _ in 0..steps {
        let steps = decide(&world.state);
        if world.state.status.is_terminal() || (steps.is_empty() && !world.answer_a_person()) {
            break;
        }
        if !steps.is_empty() {
            world.perform_one(steps);
        }
    }
    world.events.iter().map(|event| serde_json::to_value(event).unwrap()).collect()
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop_oneof![Just(u64::MAX), Just(u64::from(u32::MAX)), Just(0), Just(1)].prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop_oneof![
            Just("engine"),
            Just("work/s1/1"),
            Just("s1"),
            Just("q1"),
            Just("stop"),
            Just("completed")
        ]
        .prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-z_]{1,10}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// One thing that is done to a log.
#[derive(Debug, Clone)]
enum Harm {
    Drop(prop::sample::Index),
    Repeat(prop::sample::Index),
    Swap(prop::sample::Index, prop::sample::Index),
    /// Some value inside of an event becomes another one.
    Change(prop::sample::Index, prop::sample::Index, Value),
    /// An event of another log comes in between.
    Stranger(prop::sample::Index, prop::sample::Index),
}

fn harm() -> impl Strategy<Value = Harm> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        at().prop_map(Harm::Drop),
        at().prop_map(Harm::Repeat),
        (at(), at()).prop_map(|(a, b)| Harm::Swap(a, b)),
        (at(), at(), json()).prop_map(|(event, place, value)| Harm::Change(event, place, value)),
        (at(), at()).prop_map(|(from, to)| Harm::Stranger(from, to)),
    ]
}

/// Every place inside of a value.
fn places(value: &Value, path: String, all: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| places(value, format!("{path}/{key}"), all)),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(n, value)| places(value, format!("{path}/{n}"), all));
        }
        _ => {}
    }
    all.push(path);
}

fn mangle(log: &mut Vec<Value>, other: &[Value], harm: &Harm) {
    if log.is_empty() {
        return;
    }
    match harm {
        Harm::Drop(at) => drop(log.remove(at.index(log.len()))),
        Harm::Repeat(at) => {
            let at = at.index(log.len());
            log.insert(at, log[at].clone());
        }
        Harm::Swap(a, b) => {
            let (a, b) = (a.index(log.len()), b.index(log.len()));
            log.swap(a, b);
        }
        Harm::Change(event, place, value) => {
            let event = event.index(log.len());
            let mut all = Vec::new();
            places(&log[event], String::new(), &mut all);
            let place = &all[place.index(all.len())];
            *log[event].pointer_mut(place).unwrap() = value.clone();
        }
        Harm::Stranger(from, to) => {
            let stranger = other[from.index(other.len())].clone();
            log.insert(to.index(log.len() + 1), stranger);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_mangled_log_is_an_error_or_a_state_that_decides(
        seed: u64, other: u64, steps in 1_usize..250, renumber: bool, harms in proptest::collection::vec(harm(), 1..6),
    ) {
        let (mut events, strangers) = (log(seed, steps), log(other, 60));
        harms.iter().for_each(|harm| mangle(&mut events, &strangers, harm));
        if renumber {
            // Without gaps, so that what the events say is what has to hold.
            for (seq, event) in (1_u64..).zip(&mut events) {
                if let Some(event) = event.as_object_mut() {
                    event.insert("seq".to_owned(), json!(seq));
                }
            }
        }
        let read: Vec<Event> =
            events.into_iter().filter_map(|event| serde_json::from_value(event).ok()).collect();
        match ExecutionState::fold(&read) {
            Ok(state) => drop(decide(&state)),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
        // Read one by one, an event that cannot follow leaves a state that still decides.
        if let Some((first, rest)) = read.split_first()
            && let Ok(mut state) = ExecutionState::fold([first])
        {
            for event in rest {
                let mut event = event.clone();
                event.seq = state.seq + 1;
                drop(state.apply(&event));
                drop(decide(&state));
            }
        }
    }

    #[test]
    fn any_json_is_an_event_that_comes_back_the_same_or_an_error(value in json(), payload in json(), kind in kinds()) {
        let event = json!({"seq": 1, "at": "2026-01-02T03:04:05Z", "actor": "engine", "kind": kind, "payload": payload});
        for value in [value, event] {
            match serde_json::from_value::<Event>(value) {
                Ok(event) => {
                    let text = serde_json::to_string(&event).unwrap();
                    prop_assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
                }
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
    }

    #[test]
    fn names_of_models_and_amounts_come_back_as_they_were_typed(text in "\\PC{0,40}|[a-z]{1,8}/[a-z0-9/.:-]{1,20}|\\$?[0-9]{0,14}\\.?[0-9]{0,8}") {
        if let Ok(model) = text.parse::<ModelRef>() {
            prop_assert_eq!(model.to_string().parse::<ModelRef>().unwrap(), model.clone());
            prop_assert!(!model.provider.is_empty() && !model.model.is_empty());
        }
        if let Ok(amount) = text.parse::<MicroUsd>() {
            let micros = amount.micros();
            let exact = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
            prop_assert_eq!(exact.parse::<MicroUsd>().unwrap(), amount);
        }
    }

    #[test]
    fn no_usage_and_no_price_is_too_large_to_reckon_with(counts: [u64; 5], prices: [u64; 4]) {
        let [input, cached_input, cache_write, output, reasoning] = counts;
        let usage = Usage { input, cached_input, cache_write, output, reasoning };
        let money = |n: usize| MicroUsd::from_micros(prices[n]);
        let price = Price { input: money(0), output: money(1), cached_input: Some(money(2)), cache_write: Some(money(3)) };
        let cost = price.cost(&usage);
        prop_assert!(cost <= MicroUsd::from_micros(u64::MAX));
        let mut all = usage;
        all.add(&usage);
        all.add(&Usage { input: u64::MAX, ..usage });
        prop_assert_eq!(all.input, u64::MAX);
    }
}

fn kinds() -> impl Strategy<Value = String> {
    let known =
        log(7, 400).iter().map(|event| event["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    prop_oneof![proptest::sample::select(known), "[a-z_]{1,12}"]
}

#[test]
fn an_event_of_a_newer_version_is_refused_by_its_kind_and_a_newer_field_is_passed_over() {
    let event = |kind: &str, payload: Value| json!({"seq": 2, "at": "2026-01-02T03:04:05Z", "actor": "engine", "kind": kind, "payload": payload});
    let newer =
        serde_json::from_value::<Event>(event("dreamed", json!({"of": "sheep"}))).unwrap_err().to_string();
    assert!(newer.contains("dreamed"), "{newer}");
    let more = event("taken_up", json!({"worker": "w", "mood": "good"}));
    let read = serde_json::from_value::<Event>(more).unwrap();
    assert_eq!(read.body, EventBody::TakenUp { worker: "w".into() });
    let less = serde_json::from_value::<Event>(event("taken_up", json!({}))).unwrap_err().to_string();
    assert!(less.contains("worker"), "{less}");
}
