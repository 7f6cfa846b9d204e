//! The whole way, as `squad demo` goes it.

use crate::house::{FIVE, House};
use squad_domain::execution::{EventBody, Status};
use squad_domain::message::MessageKind;
use squad_domain::review::ReviewVerdict;
use squad_domain::tests_run::TestStage;
use squad_engine::DriveEnd;
use squad_scripted::Scenario;
use squad_testkit::each_database;

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_becomes_a_branch_whose_tests_pass() {
    each_database(async |storage| {
        let house = House::new(&storage, Scenario::demo()).await.with_sample();
        let before = house.git(&["status", "--porcelain", "--branch"]);
        let head = house.git(&["rev-parse", "HEAD"]);

        let run = house.run(house.spec(FIVE, squad_scripted::SAMPLE_TASK.title)).await;

        assert_eq!(house.model.complaints(), Vec::<String>::new(), "{}", run.story());
        assert!(matches!(run.end, Ok(DriveEnd::Ended(Status::Completed))), "{}", run.story());
        let tests = |stage| {
            run.events.iter().rev().find_map(|event| match &event.body {
                EventBody::TestsFinished { run, .. } if run.stage == stage => Some(run.passed()),
                _ => None,
            })
        };
        assert_eq!((tests(TestStage::Before), tests(TestStage::After)), (Some(false), Some(true)));
        let sent_back = run.count(|body| {
            matches!(body, EventBody::ReviewSubmitted { review, .. } if review.verdict == ReviewVerdict::RequestChanges)
        });
        assert_eq!(sent_back, 1, "the review asked for a change once");

        let standup = run.state.messages.iter().find(|message| message.kind == MessageKind::Standup);
        let standup = standup.expect("others were at work when the first part landed");
        assert!(standup.content.contains("done: "), "{}", standup.content);

        let delivery = run.state.delivery.as_ref().expect("delivered");
        assert_eq!(house.git(&["rev-parse", &delivery.branch]).trim(), delivery.commit.as_str());
        assert_eq!(house.git(&["rev-parse", "HEAD"]), head, "the user's HEAD stays");
        assert_eq!(house.git(&["status", "--porcelain", "--branch"]), before, "the user's checkout stays");
        let rows = storage.model_calls(run.id).await.unwrap();
        assert_eq!(rows.len(), house.model.request_count(), "every call is on record");
    })
    .await;
}
