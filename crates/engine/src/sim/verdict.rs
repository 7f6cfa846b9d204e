//! What must hold when all is over.

use super::database::{Database, Row, path};
use super::guard;
use super::world::World;
use squad_domain::execution::{EventBody, ExecutionState, Status};
use squad_domain::ids::{LaneId, MemberName, StepKey};
use squad_domain::money::MicroUsd;
use squad_storage::BudgetScope;
use std::collections::BTreeMap;

pub(super) fn at_the_end(world: &World) {
    let database = guard(&world.database);
    let Some(row) = database.rows.get(&world.id) else { return };
    let mut wrong = Vec::new();
    log(row, &world.state(), &mut wrong);
    if row.status.is_terminal() {
        money(world, &database, row, &mut wrong);
        if row.runnable {
            wrong.push("it has ended, and workers still find it".to_owned());
        }
    }
    delivered(world, row, &mut wrong);
    guard(&world.watch).wrong.append(&mut wrong);
}

/// Nothing is lost, nothing is out of order, and the log alone gives the state.
fn log(row: &Row, state: &ExecutionState, wrong: &mut Vec<String>) {
    for (place, event) in (1..).zip(&row.events) {
        if event.seq != place {
            wrong.push(format!("event {} is at place {place} of the log", event.seq));
        }
    }
    match ExecutionState::fold(&row.events) {
        Ok(folded) if folded == *state => {}
        Ok(_) => wrong.push("the log folds to another state than the events did one by one".to_owned()),
        Err(error) => wrong.push(format!("the log cannot be folded: {error}")),
    }
}

/// Every call is booked once, on every budget of its path, and nothing is held back.
fn money(world: &World, database: &Database, row: &Row, wrong: &mut Vec<String>) {
    let mut lanes: BTreeMap<&LaneId, &MemberName> = BTreeMap::new();
    let mut running: BTreeMap<&StepKey, (&LaneId, MicroUsd)> = BTreeMap::new();
    let mut spent: Vec<(BudgetScope, MicroUsd)> = Vec::new();
    for event in &row.events {
        match &event.body {
            EventBody::LaneOpened { lane, member, .. } => {
                lanes.insert(lane, member);
            }
            EventBody::ModelCallStarted { step, lane, reserved, .. } => {
                running.insert(step, (lane, *reserved));
            }
            EventBody::ModelCallFinished { step, cost, .. }
            | EventBody::ModelCallFailed { step, cost, .. } => {
                let Some((lane, reserved)) = running.remove(step) else {
                    wrong.push(format!("`{step}` is settled, and was not under way"));
                    continue;
                };
                if *cost > reserved {
                    wrong.push(format!("`{step}` cost {cost}, and {reserved} was set aside"));
                }
                let member = lanes.get(lane).copied().cloned().unwrap_or_else(|| "nobody".into());
                spent.extend(path(world.id, &row.spec, &member).map(|scope| (scope, *cost)));
            }
            _ => {}
        }
    }
    for (scope, budget) in &database.budgets {
        let sum: MicroUsd = spent.iter().filter(|(of, _)| of == scope).map(|(_, cost)| *cost).sum();
        if budget.spent != sum {
            wrong.push(format!(
                "the budget of {scope} says that {} were spent; the log says {sum}",
                budget.spent
            ));
        }
        if budget.reserved != MicroUsd::ZERO {
            wrong.push(format!("the budget of {scope} still holds {} back", budget.reserved));
        }
    }
}

/// Only what passed the engine's own tests is delivered, and whoever says so has delivered it.
fn delivered(world: &World, row: &Row, wrong: &mut Vec<String>) {
    let state = world.state();
    if row.status != Status::Completed {
        return;
    }
    let disk = guard(&world.disk);
    let passed = state.whole.tests.as_ref().filter(|run| run.passed()).map(|run| &run.commit);
    if disk.delivered != state.head || passed != state.head.as_ref() {
        wrong.push(format!(
            "{:?} was delivered, {passed:?} passed, and the tip is {:?}",
            disk.delivered, state.head
        ));
    }
}
