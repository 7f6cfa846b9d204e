//! Several processes on one data folder, and a plain `squad run` among workers.

use crate::check;
use crate::house::House;
use crate::run::undisturbed;
use crate::signals::send;
use crate::workers::{Worker, holder, is_over};
use rustix::process::Signal;
use squad_testkit::Backend;

#[test]
fn two_workers_and_a_run_share_one_data_folder() {
    let whole = undisturbed(Backend::Sqlite);
    let house = House::new(Backend::Sqlite);
    let mut workers = [Worker::start(&house), Worker::start(&house)];
    let detached = house.detached();
    let mut run = house.run(&["--branch", "by-hand"]).spawn().unwrap();
    for worker in &mut workers {
        house.until(&mut worker.0, |house| is_over(house, detached));
    }
    assert_eq!(run.wait().unwrap().code(), Some(0), "{}", house.said());
    for worker in &mut workers {
        send(&worker.0, Signal::TERM);
        assert_eq!(worker.0.wait().unwrap().code(), Some(0), "{}", house.said());
    }
    for row in house.runtime.block_on(house.storage.executions(10, Default::default())).unwrap() {
        let (state, _) = house.log(row.id);
        assert_eq!(
            state.head_tree.map(|tree| tree.to_string()),
            Some(whole.tree.clone()),
            "{}",
            house.said()
        );
        assert_eq!(row.lease, None);
    }
}

#[test]
fn who_resumes_what_another_process_drives_is_told_and_takes_over_when_that_one_is_killed() {
    for backend in Backend::ALL {
        let whole = undisturbed(backend);
        let house = House::new(backend);
        let id = house.detached();
        let mut worker = Worker::start(&house);
        house.until(&mut worker.0, |house| (!holder(house, id).is_empty()).then_some(()));
        let name = holder(&house, id);
        let mut resumed = house.squad(&["resume", &id.to_string(), "--json"]).spawn().unwrap();
        let told = format!("worker {name} has this execution");
        house.until(&mut resumed, |house| {
            (house.said().contains(&told) || is_over(house, id).is_some()).then_some(())
        });
        worker.kill();
        assert_eq!(resumed.wait().unwrap().code(), Some(0), "{}", house.said());
        check::disturbed(&house, id, &whole, &[], "taken over by who watched");
        house.leave();
    }
}
