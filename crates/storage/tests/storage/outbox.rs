//! Jobs: stored with their cause, performed at least once, given up in the end.

use crate::common::*;
use serde::{Deserialize, Serialize};
use squad_domain::Timestamp;
use squad_storage::{Job, JobFailure, NewJob};
use squad_testkit::{each_database, spec};
use std::time::Duration;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Mail {
    to: String,
}

impl Job for Mail {
    const NAME: &'static str = "mail";
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Index;

impl Job for Index {
    const NAME: &'static str = "index";
}

fn mail(to: &str, at: Timestamp) -> NewJob {
    NewJob::new(spec().org, &Mail { to: to.into() }, at).unwrap()
}

#[tokio::test]
async fn a_job_is_stored_with_its_cause_or_not_at_all() {
    each_database(async |storage| {
        let id = create(&storage, 1, &spec()).await;
        let refused = storage.append_with_jobs(id, seen(7), NOW, vec![note("x")], vec![mail("a", NOW)]).await;
        assert!(refused.is_err());
        assert_eq!(storage.take_jobs("w", NOW, TTL, 10).await.unwrap(), []);
        storage.append_with_jobs(id, seen(1), NOW, vec![note("x")], vec![mail("b", NOW)]).await.unwrap();
        let jobs = storage.take_jobs("w", NOW, TTL, 10).await.unwrap();
        assert_eq!(jobs.len(), 1);
        assert_eq!(jobs[0].read::<Mail>().unwrap(), Some(Mail { to: "b".into() }));
        assert_eq!(jobs[0].read::<Index>().unwrap(), None, "another kind");
    })
    .await;
}

#[tokio::test]
async fn a_taken_job_is_nobody_elses_until_its_worker_is_gone() {
    each_database(async |storage| {
        for to in ["a", "b", "c"] {
            storage.enqueue(mail(to, NOW)).await.unwrap();
        }
        storage.enqueue(mail("later", NOW + TTL * 3)).await.unwrap();
        let first = storage.take_jobs("one", NOW, TTL, 2).await.unwrap();
        let second = storage.take_jobs("two", NOW, TTL, 9).await.unwrap();
        assert_eq!((first.len(), second.len()), (2, 1));
        storage.finish_job(&first[0]).await.unwrap();

        let after = NOW + TTL;
        let again = storage.take_jobs("two", after, TTL, 9).await.unwrap();
        assert_eq!(again.iter().map(squad_storage::TakenJob::attempt).collect::<Vec<_>>(), [2, 2]);
        // The first worker wakes up and says that it is done with what is no longer its own.
        storage.finish_job(&first[1]).await.unwrap();
        storage.fail_job(&first[1], after, JobFailure::Fail("x".into())).await.unwrap();
        assert_eq!(storage.dead_jobs(9).await.unwrap(), []);
        for job in &again {
            storage.finish_job(job).await.unwrap();
        }
        assert_eq!(storage.take_jobs("two", after + TTL, TTL, 9).await.unwrap(), []);
        assert_eq!(storage.take_jobs("two", NOW + TTL * 3, TTL, 9).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_failing_job_comes_back_later_and_later_and_is_kept_when_it_is_given_up() {
    each_database(async |storage| {
        storage.enqueue(mail("nobody", NOW)).await.unwrap();
        let mut now = NOW;
        for failures in 0..12 {
            let job = storage.take_jobs("w", now, TTL, 1).await.unwrap().pop().unwrap();
            let dead = storage.fail_job(&job, now, JobFailure::Retry("mailbox full".into())).await.unwrap();
            assert_eq!(dead, failures == 11);
            let due = now + Duration::from_secs(20 << failures);
            let early = due - Duration::from_micros(1);
            assert_eq!(storage.take_jobs("w", early, TTL, 1).await.unwrap(), [], "after {failures} failures");
            now = due;
        }
        assert_eq!(storage.take_jobs("w", now + TTL, TTL, 1).await.unwrap(), []);
        let dead = storage.dead_jobs(9).await.unwrap();
        assert_eq!((dead.len(), dead[0].attempts, dead[0].error.as_str()), (1, 12, "mailbox full"));
    })
    .await;
}

#[tokio::test]
async fn what_waits_once_is_not_stored_twice() {
    each_database(async |storage| {
        for _ in 0..3 {
            storage.enqueue(mail("a", NOW).once("a")).await.unwrap();
        }
        storage.enqueue(mail("a", NOW)).await.unwrap();
        let jobs = storage.take_jobs("w", NOW, TTL, 9).await.unwrap();
        assert_eq!(jobs.len(), 2);
        for job in &jobs {
            storage.finish_job(job).await.unwrap();
        }
        storage.enqueue(mail("a", NOW).once("a")).await.unwrap();
        assert_eq!(storage.take_jobs("w", NOW, TTL, 9).await.unwrap().len(), 1, "done, it may wait again");
    })
    .await;
}
