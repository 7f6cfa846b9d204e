//! Requests that come twice have one effect.

use crate::common::NOW;
use crate::people::later;
use squad_domain::Timestamp;
use squad_storage::{Begin, IDEMPOTENCY_RETENTION, RequestTicket, Storage, StoredAnswer};
use squad_testkit::each_database;
use std::time::Duration;

const STALE: Duration = Duration::from_secs(60);

async fn begin(storage: &Storage, key: &str, fingerprint: &str, at: Timestamp) -> Begin {
    storage.begin_request("user:ada", key, fingerprint, at, STALE).await.unwrap()
}

fn ticket(begin: Begin) -> RequestTicket {
    match begin {
        Begin::Fresh(ticket) => ticket,
        other => panic!("{other:?}"),
    }
}

fn answer(body: &str) -> StoredAnswer {
    StoredAnswer { status: 201, headers: "{}".into(), body: body.into() }
}

#[tokio::test]
async fn of_a_thousand_at_once_one_is_performed() {
    each_database(async |storage| {
        let begun = futures::future::join_all((0..1000).map(|_| begin(&storage, "k", "f", NOW))).await;
        let count = |wanted: fn(&Begin) -> bool| begun.iter().filter(|found| wanted(found)).count();
        assert_eq!(count(|found| matches!(found, Begin::Fresh(_))), 1);
        assert_eq!(count(|found| matches!(found, Begin::Running)), 999);
    })
    .await;
}

#[tokio::test]
async fn the_answer_is_given_again_to_the_same_request_of_the_same_caller() {
    each_database(async |storage| {
        let ticket = ticket(begin(&storage, "k", "f", NOW).await);
        assert_eq!(begin(&storage, "k", "f", later(1)).await, Begin::Running);
        assert!(storage.finish_request(ticket.clone(), answer("{\"id\":1}"), later(2)).await.unwrap());
        assert_eq!(begin(&storage, "k", "f", later(3)).await, Begin::Done(answer("{\"id\":1}")));
        assert_eq!(begin(&storage, "k", "f", later(3000)).await, Begin::Done(answer("{\"id\":1}")));
        assert_eq!(begin(&storage, "k", "other", later(3)).await, Begin::Mismatch);
        assert!(matches!(begin(&storage, "k2", "f", later(3)).await, Begin::Fresh(_)));
        let elsewhere = storage.begin_request("user:bob", "k", "other", later(3), STALE).await.unwrap();
        assert!(matches!(elsewhere, Begin::Fresh(_)), "the same key of somebody else");
        assert!(!storage.finish_request(ticket.clone(), answer("late"), later(4)).await.unwrap());
        assert!(!storage.forget_request(ticket).await.unwrap(), "it is done");
    })
    .await;
}

#[tokio::test]
async fn what_failed_may_be_tried_again_and_what_died_is_taken_over_by_one() {
    each_database(async |storage| {
        let first = ticket(begin(&storage, "k", "f", NOW).await);
        assert!(storage.forget_request(first).await.unwrap());
        let dead = ticket(begin(&storage, "k", "changed", later(1)).await);
        assert_eq!(begin(&storage, "k", "changed", later(61)).await, Begin::Running);
        assert_eq!(begin(&storage, "k", "f", later(62)).await, Begin::Mismatch, "even now");
        let begun = (0..20).map(|_| begin(&storage, "k", "changed", later(62)));
        let begun = futures::future::join_all(begun).await;
        let mut fresh = begun.into_iter().filter(|found| matches!(found, Begin::Fresh(_)));
        let heir = ticket(fresh.next().unwrap());
        assert_eq!(fresh.count(), 0);
        assert!(!storage.finish_request(dead.clone(), answer("dead"), later(63)).await.unwrap());
        // Not even where the heir gave up, and somebody else is at it.
        assert!(storage.forget_request(heir).await.unwrap());
        let next = ticket(begin(&storage, "k", "changed", later(64)).await);
        assert!(!storage.finish_request(dead, answer("dead"), later(65)).await.unwrap());
        assert!(storage.finish_request(next, answer("alive"), later(66)).await.unwrap());
        assert_eq!(begin(&storage, "k", "changed", later(67)).await, Begin::Done(answer("alive")));
    })
    .await;
}

#[tokio::test]
async fn a_day_later_a_key_is_forgotten() {
    each_database(async |storage| {
        for key in ["a", "b"] {
            let ticket = ticket(begin(&storage, key, "f", NOW).await);
            storage.finish_request(ticket, answer("old"), NOW).await.unwrap();
        }
        let day = NOW + IDEMPOTENCY_RETENTION;
        assert!(matches!(begin(&storage, "a", "f", day).await, Begin::Done(_)));
        let next = day + Duration::from_secs(1);
        assert!(matches!(begin(&storage, "a", "other", next).await, Begin::Fresh(_)));
        assert_eq!(storage.prune_requests(next).await.unwrap(), 1);
        assert_eq!(begin(&storage, "a", "other", next).await, Begin::Running, "it is new");
    })
    .await;
}
