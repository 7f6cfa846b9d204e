//! Webhooks: from what happens in an execution to a receiver that checks the signature.

use crate::app::{LOCAL, Person, TestApp, each_app};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use serde_json::{Value, json};
use squad_domain::execution::{EventBody, NewEvent, Status};
use squad_domain::ids::ExecutionId;
use squad_domain::message::Actor;
use squad_integrations::jobs::{Handlers, Runner};
use squad_integrations::webhook::{Policy, SystemResolver, WebhookHandler};
use squad_secrets::seal::{MasterKey, MasterKeys};
use squad_secrets::webhook::{ReceivedHeaders, WebhookError, WebhookSecret, verify};
use squad_storage::Guard;
use squad_testkit::{TestDatabase, VirtualClock, each_backend, spec};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use uuid::Uuid;

/// What a laptop allows: the receiver of these tests is on loopback.
const LAPTOP: Policy = Policy { allow_private: true, allow_http: true };

/// A message as it came.
#[derive(Debug, Clone)]
struct Received {
    headers: HeaderMap,
    body: Bytes,
}

impl Received {
    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    fn is_signed_with(&self, secret: &Value, clock: &VirtualClock) -> Result<(), WebhookError> {
        let secret = WebhookSecret::parse(secret.as_str().unwrap()).unwrap();
        let (id, timestamp) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        let received = ReceivedHeaders { id, timestamp, signature: self.header("webhook-signature") };
        verify([&secret], received, clock.now(), &self.body)
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

type Inbox = Arc<Mutex<Vec<Received>>>;

/// A server that may send to loopback, a runner that sends, and a receiver.
struct House {
    app: TestApp,
    runner: Runner,
    inbox: Inbox,
    url: String,
}

impl House {
    async fn new(database: &TestDatabase) -> Self {
        let (clock, master) = (VirtualClock::default(), Arc::new(MasterKeys::new(MasterKey::generate())));
        let app = TestApp::with(database, clock.clone(), Arc::clone(&master), |config| {
            config.webhook_policy = LAPTOP;
        })
        .await;
        let sender = WebhookHandler::new(app.storage.clone(), master, Arc::new(SystemResolver), LAPTOP);
        let handlers = Handlers::new().with(sender);
        let runner = Runner::new(app.storage.clone(), handlers, Arc::new(move || clock.now()), "sender");
        let (inbox, url) = receiver().await;
        Self { app, runner, inbox, url }
    }

    /// Sends what is due; what the receiver got of it.
    async fn sent(&self) -> Vec<Received> {
        self.runner.run_due().await;
        std::mem::take(&mut *self.inbox.lock().unwrap())
    }

    /// An execution begins, and fails.
    async fn execution(&self) -> ExecutionId {
        let id = ExecutionId(self.app.clock.new_id());
        let mut spec = spec();
        spec.org = LOCAL;
        let at = self.app.clock.now();
        self.app.storage.create_execution(id, &spec, Actor::Engine, at).await.unwrap();
        let body = EventBody::StateChanged {
            from: Status::Pending,
            to: Status::Failed,
            reason: "no repository".into(),
        };
        let guard = Guard { expected_seq: 1, fence: None };
        self.app.storage.append(id, guard, at, vec![NewEvent::engine(body)]).await.unwrap();
        id
    }

    /// A webhook of the receiver's, with its secret.
    async fn webhook(&self, person: &Person, events: &[&str]) -> Value {
        let body = json!({ "url": self.url, "description": "Builds", "events": events });
        person.post("/webhooks", body).await.expect(201)
    }
}

async fn receiver() -> (Inbox, String) {
    let inbox = Inbox::default();
    let take = async |State(inbox): State<Inbox>, headers: HeaderMap, body: Bytes| {
        inbox.lock().unwrap().push(Received { headers, body });
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let router = Router::new().fallback(take).with_state(Arc::clone(&inbox));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (inbox, url)
}

async fn each_house(test: impl AsyncFn(&House)) {
    each_backend(async |database| {
        let house = House::new(database).await;
        test(&house).await;
        house.app.end().await;
    })
    .await;
}

fn path(webhook: &Value, rest: &str) -> String {
    format!("/webhooks/{}{rest}", webhook["id"].as_str().unwrap())
}

#[tokio::test]
async fn what_happens_reaches_the_receiver_signed_and_again_as_the_same_message() {
    each_house(async |house| {
        let ada = house.app.person("ada@example.com").await;
        let webhook = house.webhook(&ada, &["execution.failed", "execution.failed"]).await;
        assert_eq!(webhook["events"], json!(["execution.failed"]));
        let id = house.execution().await;
        let [got] = house.sent().await.try_into().unwrap();
        got.is_signed_with(&webhook["secret"], &house.app.clock).unwrap();
        let message = got.json();
        assert_eq!(message["type"], "execution.failed");
        assert_eq!(message["data"]["event_id"], format!("{id}:2"));
        assert_eq!(message["data"]["reason"], "no repository");

        let list = ada.get(&path(&webhook, "/deliveries?state=delivered")).await.expect(200);
        let delivery = &list["items"][0];
        assert_eq!((&delivery["last_status"], &delivery["attempts"]), (&json!(200), &json!(1)));
        assert_eq!(
            ada.get(&path(&webhook, "/deliveries?state=failed")).await.expect(200)["items"],
            json!([])
        );
        let one = format!("/webhooks/deliveries/{}", delivery["id"].as_str().unwrap());
        assert_eq!(ada.get(&one).await.expect(200), *delivery);
        let again = ada.post(&format!("{one}/redeliver"), json!({})).await.expect(202);
        assert_eq!((&again["state"], &again["redelivery_of"]), (&json!("pending"), &delivery["id"]));
        let [second] = house.sent().await.try_into().unwrap();
        assert_eq!((second.header("webhook-id"), &second.body), (got.header("webhook-id"), &got.body));
    })
    .await;
}

#[tokio::test]
async fn a_new_secret_signs_beside_the_old_one_for_a_day_and_is_shown_once() {
    each_house(async |house| {
        let ada = house.app.person("ada@example.com").await;
        let webhook = house.webhook(&ada, &["execution.completed"]).await;
        let rotated = ada.post(&path(&webhook, "/rotate-secret"), json!({})).await.expect(200);
        assert_ne!(rotated["secret"], webhook["secret"]);
        for (seconds, old) in [(0, Ok(())), (24 * 3600, Err(WebhookError::Signature))] {
            house.app.wait(seconds);
            let ada = house.app.sign_in("ada@example.com").await;
            ada.post(&path(&webhook, "/test"), json!({})).await.expect(202);
            let [ping] = house.sent().await.try_into().unwrap();
            assert_eq!(ping.json()["type"], "ping");
            ping.is_signed_with(&rotated["secret"], &house.app.clock).unwrap();
            assert_eq!(ping.is_signed_with(&webhook["secret"], &house.app.clock), old);
            let shown = ada.get(&path(&webhook, "")).await;
            assert!(!shown.text.contains("whsec_"), "{}", shown.text);
        }
    })
    .await;
}

#[tokio::test]
async fn a_webhook_is_changed_at_its_version_switched_off_and_deleted() {
    each_house(async |house| {
        let ada = house.app.person("ada@example.com").await;
        let webhook = house.webhook(&ada, &["*"]).await;
        let here = path(&webhook, "");
        let shown = ada.get(&here).await;
        let at_first = ada.clone().with_header("if-match", shown.headers["etag"].to_str().unwrap());
        let changed = at_first.patch(&here, json!({ "active": false })).await;
        assert_eq!(changed.headers["etag"], "\"2\"");
        let changed = changed.expect(200);
        assert_eq!((&changed["active"], &changed["events"]), (&json!(false), &json!(["*"])));
        at_first.patch(&here, json!({ "active": true })).await.refused(412, "stale");
        ada.post(&path(&webhook, "/test"), json!({})).await.refused(409, "conflict");
        house.execution().await;
        assert!(house.sent().await.is_empty(), "it is switched off");
        let list = ada.get("/webhooks").await.expect(200);
        assert_eq!(list["items"], json!([changed]));
        ada.delete(&here).await.expect(204);
        ada.get(&here).await.refused(404, "not_found");
        ada.delete(&here).await.refused(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_addresses_inside_the_house_too() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let url = "https://example.com/hook";
        let long = format!("{url}?{}", "x".repeat(2048));
        for (field, body) in [
            ("url", json!({ "url": "http://example.com/hook", "events": ["*"] })),
            ("url", json!({ "url": "https://127.0.0.1/hook", "events": ["*"] })),
            ("url", json!({ "url": "https://[::ffff:10.0.0.1]/hook", "events": ["*"] })),
            ("url", json!({ "url": "nowhere", "events": ["*"] })),
            ("url", json!({ "url": long, "events": ["*"] })),
            ("events", json!({ "url": url, "events": [] })),
            ("events", json!({ "url": url, "events": ["execution.started", "everything"] })),
            ("description", json!({ "url": url, "events": ["*"], "description": "x".repeat(64_001) })),
        ] {
            let refused = ada.post("/webhooks", body).await.refused(422, "invalid");
            assert_eq!(refused["errors"][0]["field"], field, "{refused}");
        }
        let made = ada.post("/webhooks", json!({ "url": url, "events": ["*"] })).await;
        let at = made.headers["location"].to_str().unwrap().strip_prefix("/api/v1").unwrap().to_owned();
        assert_eq!(made.expect(201)["url"], url);
        ada.patch(&at, json!({ "url": "https://10.0.0.1/" })).await.refused(422, "invalid");
        ada.get(&format!("{at}/deliveries?state=lost")).await.refused(422, "invalid");
        let nobodys = Uuid::from_u128(7);
        ada.get(&format!("/webhooks/deliveries/{nobodys}")).await.refused(404, "not_found");
        ada.get(&format!("/webhooks/{nobodys}/deliveries")).await.refused(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn every_event_is_described_with_a_message_such_as_it_brings() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let kinds = ada.get("/webhooks/events").await.expect(200);
        for kind in kinds["items"].as_array().unwrap() {
            assert_eq!(kind["example"]["type"], kind["name"]);
            assert!(
                kind["example"]["data"]["event_id"].is_string()
                    && !kind["description"].as_str().unwrap().is_empty()
            );
        }
        let names =
            kinds["items"].as_array().unwrap().iter().map(|kind| kind["name"].clone()).collect::<Vec<_>>();
        ada.post("/webhooks", json!({ "url": "https://example.com/", "events": names })).await.expect(201);
    })
    .await;
}

#[tokio::test]
async fn another_organization_finds_none_of_it() {
    each_house(async |house| {
        let ada = house.app.person("ada@example.com").await;
        let webhook = house.webhook(&ada, &["*"]).await;
        let delivery = ada.post(&path(&webhook, "/test"), json!({})).await.expect(202);
        let bob = house.app.person("bob@example.com").await;
        let one = format!("/webhooks/deliveries/{}", delivery["id"].as_str().unwrap());
        assert_eq!(bob.get("/webhooks").await.expect(200)["items"], json!([]));
        for path in [path(&webhook, ""), path(&webhook, "/deliveries"), one.clone()] {
            bob.get(&path).await.refused(404, "not_found");
        }
        bob.patch(&path(&webhook, ""), json!({ "active": false })).await.refused(404, "not_found");
        bob.delete(&path(&webhook, "")).await.refused(404, "not_found");
        for path in [path(&webhook, "/rotate-secret"), path(&webhook, "/test"), format!("{one}/redeliver")] {
            bob.post(&path, json!({})).await.refused(404, "not_found");
        }
    })
    .await;
}
