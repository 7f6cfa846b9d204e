//! `SIGTERM` and `SIGINT` hand over at once; a worker that was frozen past its lease writes nothing.

use crate::check;
use crate::house::House;
use crate::remains;
use crate::run::undisturbed;
use crate::signals::{freeze, send};
use crate::workers::{Worker, holder, is_over};
use rustix::process::Signal;
use squad_domain::execution::EventBody;
use squad_domain::ids::ExecutionId;
use squad_testkit::Backend;
use std::process::Child;

/// As long as a lease may be: a handover that waited for its end would not be over while the test lasts.
const LONG: &str = "600";

fn taken_up(house: &House, id: ExecutionId) -> usize {
    let (_, events) = house.log(id);
    events.iter().filter(|event| matches!(event.body, EventBody::TakenUp { .. })).count()
}

fn at_work(house: &House, id: ExecutionId, child: &mut Child) {
    house.until(child, |house| {
        let (_, events) = house.log(id);
        events.iter().any(|event| matches!(event.body, EventBody::ToolStarted { .. })).then_some(())
    });
}

#[test]
fn a_worker_that_is_asked_to_end_hands_over_at_once() {
    for backend in Backend::ALL {
        let whole = undisturbed(backend);
        for signal in [Signal::TERM, Signal::INT] {
            let house = House::new(backend);
            let id = house.detached();
            let long =
                |args: &[&str]| Worker(house.squad(args).env("SQUAD_LEASE_SECONDS", LONG).spawn().unwrap());
            let mut first = long(&["worker"]);
            at_work(&house, id, &mut first.0);
            send(&first.0, signal);
            assert_eq!(first.0.wait().unwrap().code(), Some(0), "{}", house.said());
            let again = check::under_way(&house, id);
            assert_eq!(holder(&house, id), "", "the lease is given back before the process ends");
            let mut second = long(&["worker"]);
            house.until(&mut second.0, |house| is_over(house, id));
            send(&second.0, signal);
            assert_eq!(second.0.wait().unwrap().code(), Some(0));
            assert_eq!(taken_up(&house, id), 0, "nobody had vanished");
            check::disturbed(&house, id, &whole, &again, "handed over");
            remains::nothing_temporary(&house);
            house.leave();
        }
    }
}

#[test]
fn a_run_that_is_asked_to_end_is_handed_to_a_waiting_worker() {
    let whole = undisturbed(Backend::Sqlite);
    for signal in [Signal::TERM, Signal::INT] {
        let house = House::new(Backend::Sqlite);
        let mut run = house.run(&[]).env("SQUAD_LEASE_SECONDS", LONG).spawn().unwrap();
        let id = house.until(&mut run, |house| house.row().map(|row| row.id));
        at_work(&house, id, &mut run);
        send(&run, signal);
        assert_eq!(run.wait().unwrap().code(), Some(3), "it can be taken up again: {}", house.said());
        let again = check::under_way(&house, id);
        assert_eq!(holder(&house, id), "");
        assert!(house.said().contains("squad resume"), "{}", house.said());
        let mut worker = Worker::start(&house);
        house.until(&mut worker.0, |house| is_over(house, id));
        assert_eq!(taken_up(&house, id), 0);
        send(&worker.0, Signal::TERM);
        assert_eq!(worker.0.wait().unwrap().code(), Some(0));
        check::disturbed(&house, id, &whole, &again, "handed over");
        remains::nothing_temporary(&house);
        house.leave();
    }
}

/// Freezes a worker in the middle of its work, and lets another one finish it.
fn frozen(backend: Backend) {
    let house = House::new(backend);
    let id = house.detached();
    let mut zombie = Worker::start(&house);
    at_work(&house, id, &mut zombie.0);
    freeze(&zombie.0);
    let name = holder(&house, id);
    let mut heir = Worker::start(&house);
    house.until(&mut heir.0, |house| is_over(house, id));
    let (_, before) = house.log(id);
    assert_eq!(taken_up(&house, id), 1);

    send(&zombie.0, Signal::CONT);
    // It says that it has lost what it worked on, and takes up other work.
    house.until(&mut zombie.0, |house| house.said().contains("another worker has taken over").then_some(()));
    send(&heir.0, Signal::TERM);
    assert_eq!(heir.0.wait().unwrap().code(), Some(0));
    let (_, after) = house.log(id);
    assert_eq!(before.len(), after.len(), "the zombie wrote something");
    let next = house.detached();
    assert_ne!(next, id);
    house.until(&mut zombie.0, |house| is_over(house, next));
    send(&zombie.0, Signal::TERM);
    assert_eq!(zombie.0.wait().unwrap().code(), Some(0), "{}", house.said());
    let (_, events) = house.log(id);
    let heirs =
        events.iter().any(|event| matches!(&event.body, EventBody::TakenUp { worker } if *worker != name));
    assert!(heirs && events.len() == after.len());
    house.leave();
}

#[test]
fn a_worker_that_was_frozen_past_its_lease_writes_nothing_and_takes_up_other_work() {
    Backend::ALL.into_iter().for_each(frozen);
}
