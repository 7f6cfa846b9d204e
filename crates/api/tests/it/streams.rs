//! Live streams: whatever breaks off, nobody misses an event or sees one twice.

use crate::app::{TestApp, each_app};
use crate::house::{append, becomes, execution, execution_of, said, spec_of};
use crate::watch::Watch;
use serde_json::{Value, json};
use squad_domain::execution::Status;
use squad_domain::ids::{ExecutionId, SquadId};
use squad_testkit::each_backend;

/// A few pseudo-random numbers (a linear congruential generator, Numerical Recipes).
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    *state >> 16
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_reconnects_and_restarts_show_every_event_once_and_in_order() {
    const EVENTS: u64 = 1_500;
    each_backend(async |database| {
        let mut app = TestApp::new(database).await;
        let ada = app.person("ada@example.com").await;
        let id = execution(&app).await;
        let storage = database.open().await;
        let now = app.clock.now();
        let writing = tokio::spawn(async move {
            for number in 2..=EVENTS {
                let guard = squad_storage::Guard { expected_seq: number - 1, fence: None };
                storage.append(id, guard, now, vec![said(&format!("word {number}"))]).await.unwrap();
            }
            storage.close().await;
        });
        let (mut dice, mut seen, mut connections) = (7, Vec::new(), 0_u64);
        let mut person = ada.clone();
        while seen.len() < EVENTS as usize {
            connections += 1;
            if connections.is_multiple_of(400) {
                let next = app.beside(database).await;
                person = next.anybody().with_token(ada.token.as_deref().unwrap());
                std::mem::replace(&mut app, next).end().await;
            }
            let last = seen.last().copied();
            let mut watch = Watch::open(&person, &format!("/executions/{id}/events"), last).await;
            // Most hang up after an event or two, some before any.
            for _ in 0..random(&mut dice) % 3 {
                if seen.len() == EVENTS as usize {
                    break;
                }
                if let Some(event) = watch.next().await {
                    seen.extend(event.id);
                }
            }
        }
        writing.await.unwrap();
        assert_eq!(seen, (1..=seen.len() as u64).collect::<Vec<_>>());
        assert!(connections >= 1_000, "only {connections} connections");
        app.end().await;
    })
    .await;
}

#[tokio::test]
async fn a_stream_replays_and_goes_on_live() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let id = execution(app).await;
        append(app, id, vec![said("before")]).await;
        let mut watch = Watch::open(&ada, &format!("/executions/{id}/events"), None).await;
        let replayed = watch.until(2).await;
        assert_eq!(replayed[0].event, "execution_created");
        let data: Value = serde_json::from_str(&replayed[1].data).unwrap();
        assert_eq!((data["seq"].as_u64(), data["kind"].as_str()), (Some(2), Some("message_sent")));
        assert_eq!(data["payload"]["content"], "before");
        append(app, id, vec![said("live"), said("line\nbreak")]).await;
        let live = watch.until(4).await;
        assert_eq!(live.iter().filter_map(|event| event.id).collect::<Vec<_>>(), [3, 4]);
        let data: Value = serde_json::from_str(&live[1].data).unwrap();
        assert_eq!(data["payload"]["content"], "line\nbreak");
    })
    .await;
}

#[tokio::test]
async fn squads_and_organizations_have_streams_of_their_own() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let squad = SquadId(app.clock.new_id());
        let spec = spec_of(crate::app::LOCAL, squad);
        let (first, second) = (execution_of(app, &spec).await, execution_of(app, &spec).await);
        let other = execution(app).await;
        for (id, words) in [(first, "a"), (other, "b"), (second, "c")] {
            append(app, id, vec![said(words)]).await;
        }
        let mut watch = Watch::open(&ada, &format!("/squads/{squad}/events"), None).await;
        let seen = watch.until(4).await;
        assert_eq!(seen.iter().filter_map(|event| event.id).collect::<Vec<_>>(), [1, 2, 3, 4]);
        let mut watch = Watch::open(&ada, "/events", Some(3)).await;
        let seen = watch.until(6).await;
        let of =
            |index: usize| serde_json::from_str::<Value>(&seen[index].data).unwrap()["execution_id"].clone();
        assert_eq!([of(0), of(1), of(2)], [json!(first), json!(other), json!(second)]);
        append(app, other, vec![said("d")]).await;
        assert_eq!(watch.next().await.unwrap().id, Some(7));
    })
    .await;
}

#[tokio::test]
async fn the_same_address_pages_through_the_log_as_json() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let id = execution(app).await;
        append(app, id, (0..5).map(|number| said(&number.to_string())).collect()).await;
        let page = ada.get(&format!("/executions/{id}/events?limit=4")).await.expect(200);
        let ids = |page: &Value| -> Vec<u64> {
            page["items"].as_array().unwrap().iter().filter_map(|event| event["id"].as_u64()).collect()
        };
        assert_eq!(ids(&page), [1, 2, 3, 4]);
        let rest = ada.get(&format!("/executions/{id}/events?after=4")).await.expect(200);
        assert_eq!(ids(&rest), [5, 6]);
        ada.get(&format!("/executions/{id}/events?limit=0")).await.refused(422, "invalid");
    })
    .await;
}

#[tokio::test]
async fn an_id_that_the_stream_never_had_is_said_to_be_so() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let id = execution(app).await;
        let request = |last: &str| {
            let request = ada.request(reqwest::Method::GET, &format!("/executions/{id}/events"));
            request.header("accept", "text/event-stream").header("last-event-id", last).send()
        };
        let reply = crate::app::Reply::of(request("99").await.unwrap()).await;
        reply.refused(410, "cursor_expired");
        let reply = crate::app::Reply::of(request("x").await.unwrap()).await;
        reply.refused(400, "bad_request");
        let form = ada.request(reqwest::Method::GET, &format!("/executions/{id}/events"));
        let reply = crate::app::Reply::of(form.header("accept", "image/png").send().await.unwrap()).await;
        reply.refused(406, "not_acceptable");
    })
    .await;
}

#[tokio::test]
async fn who_may_not_watch_any_more_sees_no_more() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let id = execution(app).await;
        let mut watch = Watch::open(&ada, &format!("/executions/{id}/events"), None).await;
        assert_eq!(watch.next().await.unwrap().id, Some(1));
        ada.post("/auth/logout", json!({})).await.expect(204);
        let mut last = None;
        // Trust runs out within seconds; the events after that are not shown.
        while let Some(seen) = watch.next_after(async || more(app, id).await).await {
            last = Some(seen);
        }
        let last = last.unwrap();
        assert_eq!(last.event, "end");
        assert!(last.data.contains("unauthenticated"), "{}", last.data);
    })
    .await;
}

/// One more event, where nobody else was faster.
async fn more(app: &TestApp, id: ExecutionId) {
    let expected_seq = app.storage.last_seq(id).await.unwrap().unwrap();
    let guard = squad_storage::Guard { expected_seq, fence: None };
    drop(app.storage.append(id, guard, app.clock.now(), vec![said("more")]).await);
}

#[tokio::test]
async fn an_ended_execution_can_still_be_watched_from_its_beginning() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let id = execution(app).await;
        append(app, id, vec![becomes(Status::Pending, Status::Cancelled)]).await;
        let mut watch = Watch::open(&ada, &format!("/executions/{id}/events"), None).await;
        assert_eq!(watch.until(2).await.len(), 2);
        let shown = ada.get(&format!("/executions/{id}")).await.expect(200);
        assert_eq!(shown["status"], "cancelled");
    })
    .await;
}
