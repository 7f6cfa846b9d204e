//! Random walks: whatever models, tests, merges and people do, an execution ends or waits for a named reason, never
//! does a finished step again, and folds to the same state when its log is read back.

#![expect(clippy::unwrap_used, reason = "a fixture that does not parse is a broken test")]

mod world;

use proptest::prelude::*;
use squad_domain::execution::{Event, ExecutionState, Status, decide};
use squad_domain::role::Role;
use world::{Moods, World};

/// Far more steps than any bounded execution needs.
const MANY: usize = 6_000;

fn walk(seed: u64, roles: &[Role], moods: Moods) -> World {
    let mut world = World::new(seed, roles, moods);
    for _ in 0..MANY {
        if world.state.status.is_terminal() {
            return world;
        }
        let steps = decide(&world.state);
        if steps.is_empty() {
            assert!(
                world.answer_a_person(),
                "wedged in {} without a question: {}",
                world.state.status,
                world.story()
            );
        } else {
            world.perform_one(steps);
        }
    }
    panic!("no end after {MANY} steps: {}", world.story());
}

const FIVE: &[Role] =
    &[Role::ProjectManager, Role::TechLead, Role::BackendDeveloper, Role::FrontendDeveloper, Role::QaTester];

fn squads() -> impl Strategy<Value = Vec<Role>> {
    prop_oneof![
        Just(FIVE.to_vec()),
        Just(vec![Role::BackendDeveloper]),
        Just(vec![Role::ProjectManager]),
        Just(vec![Role::QaTester, Role::Designer]),
        Just(vec![Role::TechLead, Role::BackendDeveloper]),
        proptest::collection::vec(proptest::sample::select(Role::ALL), 1..6),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_execution_ends_or_waits_for_a_named_reason(seed: u64, roles in squads(), grumpy in 0_u32..60, faults in 0_u32..30) {
        let world = walk(seed, &roles, Moods { grumpy, faults });
        prop_assert!(world.state.status.is_terminal());
        let events: Vec<Event> = world.events.iter().map(|event| {
            let json = serde_json::to_string(event).expect("events are JSON");
            serde_json::from_str(&json).expect("and come back from it")
        }).collect();
        prop_assert_eq!(&events, &world.events);
        let again = ExecutionState::fold(&events).expect("what was applied once can be folded");
        prop_assert_eq!(again, world.state);
    }
}

#[test]
fn in_good_weather_every_squad_delivers() {
    for seed in 0..200 {
        for roles in [FIVE, &[Role::BackendDeveloper], &[Role::TechLead, Role::BackendDeveloper]] {
            let world = walk(seed, roles, Moods { grumpy: 0, faults: 0 });
            assert_eq!(world.state.status, Status::Completed, "seed {seed}: {}", world.story());
            let run = world.state.whole.tests.as_ref().expect("the gate was passed");
            assert!(
                run.passed() && run.commit == *world.state.head.as_ref().unwrap(),
                "the gate saw what was delivered"
            );
        }
    }
}
