//! The runner: performs each job at least once, several at once, and survives whatever a handler does.

use crate::common::{runner, storage};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use squad_domain::ids::OrgId;
use squad_integrations::jobs::{Attempt, Handler, Handlers};
use squad_storage::{Job, JobFailure, NewJob, NewMail, Storage};
use squad_testkit::{VirtualClock, each_database};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;
use tokio::sync::{Barrier, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

#[derive(Debug, Serialize, Deserialize)]
struct Work {
    number: usize,
}

impl Job for Work {
    const NAME: &'static str = "test.work";
}

#[derive(Debug, Serialize, Deserialize)]
struct Unknown;

impl Job for Unknown {
    const NAME: &'static str = "test.unknown";
}

async fn enqueue(storage: &Storage, job: &impl Job, time: &VirtualClock) {
    storage.enqueue(NewJob::new(OrgId(Uuid::from_u128(1)), job, time.now()).unwrap()).await.unwrap();
}

/// The jobs that are not done, due or not.
async fn left(storage: &Storage, time: &VirtualClock) -> usize {
    let never = time.now() + Duration::from_secs(365 * 86_400);
    storage.take_jobs("looking", never, Duration::ZERO, 100).await.unwrap().len()
}

/// Does what the test says at each attempt, and tells of it.
struct Scripted {
    script: Vec<fn() -> Result<(), JobFailure>>,
    attempts: AtomicUsize,
}

#[async_trait]
impl Handler<Work> for Scripted {
    async fn perform(&self, _: Work, _: Attempt) -> Result<(), JobFailure> {
        self.script[self.attempts.fetch_add(1, SeqCst)]()
    }
}

fn scripted(script: Vec<fn() -> Result<(), JobFailure>>) -> Handlers {
    Handlers::new().with(Scripted { script, attempts: AtomicUsize::new(0) })
}

#[tokio::test]
async fn a_panic_is_a_failed_attempt_and_the_job_is_done_in_the_end() {
    each_database(async |storage| {
        let time = VirtualClock::default();
        let handlers =
            scripted(vec![|| panic!("a bug"), || Err(JobFailure::Retry("not now".into())), || Ok(())]);
        let runner = runner(&storage, handlers, &time);
        enqueue(&storage, &Work { number: 1 }, &time).await;
        for pause in [20, 40] {
            assert_eq!(runner.run_due().await, 1);
            assert_eq!(runner.run_due().await, 0, "not due yet");
            time.advance(Duration::from_secs(pause));
        }
        assert_eq!(runner.run_due().await, 1);
        assert_eq!(left(&storage, &time).await, 0);
        assert_eq!(storage.dead_jobs(9).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_work_is_given_up_at_once() {
    let (storage, _database) = storage().await;
    let time = VirtualClock::default();
    let runner = runner(&storage, scripted(vec![|| Err(JobFailure::Fail("no such thing".into()))]), &time);
    enqueue(&storage, &Work { number: 1 }, &time).await;
    assert_eq!(runner.run_due().await, 1);
    assert_eq!(storage.dead_jobs(9).await.unwrap()[0].error, "no such thing");
}

#[tokio::test]
async fn a_job_that_nobody_here_knows_is_left_for_others() {
    let (storage, _database) = storage().await;
    let time = VirtualClock::default();
    enqueue(&storage, &Unknown, &time).await;
    assert_eq!(runner(&storage, scripted(vec![]), &time).run_due().await, 1);
    assert_eq!(storage.dead_jobs(9).await.unwrap(), []);
    assert_eq!(left(&storage, &time).await, 1);
}

struct Endless;

#[async_trait]
impl Handler<Work> for Endless {
    fn time_out(&self) -> Duration {
        Duration::ZERO
    }

    async fn perform(&self, _: Work, _: Attempt) -> Result<(), JobFailure> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn what_takes_too_long_is_ended_and_tried_again() {
    let (storage, _database) = storage().await;
    let time = VirtualClock::default();
    enqueue(&storage, &Work { number: 1 }, &time).await;
    assert_eq!(runner(&storage, Handlers::new().with(Endless), &time).run_due().await, 1);
    assert_eq!(left(&storage, &time).await, 1);
}

/// Goes on only when four are under way; remembers how many there were at most.
struct Together {
    barrier: Barrier,
    now: AtomicUsize,
    most: Arc<AtomicUsize>,
}

#[async_trait]
impl Handler<Work> for Together {
    async fn perform(&self, _: Work, _: Attempt) -> Result<(), JobFailure> {
        self.most.fetch_max(self.now.fetch_add(1, SeqCst) + 1, SeqCst);
        self.barrier.wait().await;
        self.now.fetch_sub(1, SeqCst);
        Ok(())
    }
}

#[tokio::test]
async fn several_are_performed_at_once_but_not_any_number() {
    let (storage, _database) = storage().await;
    let time = VirtualClock::default();
    for number in 0..20 {
        enqueue(&storage, &Work { number }, &time).await;
    }
    let most = Arc::new(AtomicUsize::new(0));
    let together = Together { barrier: Barrier::new(4), now: AtomicUsize::new(0), most: most.clone() };
    let runner = runner(&storage, Handlers::new().with(together), &time);
    assert_eq!(runner.run_due().await, 20);
    let most = most.load(SeqCst);
    assert!((4..=8).contains(&most), "{most}");
    assert_eq!(left(&storage, &time).await, 0);
}

/// Tells that it began, and goes on when it may.
struct Held {
    began: mpsc::UnboundedSender<usize>,
    go: Arc<Semaphore>,
}

#[async_trait]
impl Handler<Work> for Held {
    async fn perform(&self, job: Work, _: Attempt) -> Result<(), JobFailure> {
        self.began.send(job.number).unwrap();
        self.go.acquire().await.unwrap().forget();
        Ok(())
    }
}

#[tokio::test]
async fn it_is_woken_by_a_new_job_and_finishes_what_it_began_before_it_stops() {
    each_database(async |storage| {
        let time = VirtualClock::default();
        let (began, mut begins) = mpsc::unbounded_channel();
        let go = Arc::new(Semaphore::new(0));
        let runner = Arc::new(runner(&storage, Handlers::new().with(Held { began, go: go.clone() }), &time));
        let stop = CancellationToken::new();
        let running = tokio::spawn({
            let (runner, stop) = (runner.clone(), stop.clone());
            async move { runner.run(stop).await }
        });
        for number in [1, 2] {
            enqueue(&storage, &Work { number }, &time).await;
            runner.wake().wake();
            assert_eq!(begins.recv().await, Some(number));
        }
        stop.cancel();
        go.add_permits(2);
        running.await.unwrap();
        assert_eq!(left(&storage, &time).await, 0, "both are done");
    })
    .await;
}

#[tokio::test]
async fn a_mail_that_was_never_sent_is_forgotten_after_a_day() {
    let (storage, _database) = storage().await;
    let time = VirtualClock::default();
    let mail = |subject: &str| NewMail { to: "a@b.test".into(), subject: subject.into(), text: "T".into() };
    storage.add_mail(mail("old"), time.now()).await.unwrap();
    time.advance(Duration::from_secs(24 * 3600));
    storage.add_mail(mail("new"), time.now()).await.unwrap();
    time.advance(Duration::from_secs(1));
    let stop = CancellationToken::new();
    stop.cancel();
    runner(&storage, Handlers::new(), &time).run(stop).await;
    let kept = storage.unsent_mails(9).await.unwrap();
    assert_eq!(kept.iter().map(|row| row.mail.subject.as_str()).collect::<Vec<_>>(), ["new"]);
}
