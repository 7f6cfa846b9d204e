//! Webhooks, to real HTTP servers of the test.

use crate::common::{runner, storage};
use async_trait::async_trait;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse as _;
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use squad_domain::ids::OrgId;
use squad_integrations::jobs::{Handlers, Runner};
use squad_integrations::webhook::{
    Policy, Resolver, SystemResolver, WebhookHandler, enqueue_event, seal_secret,
};
use squad_secrets::seal::{MasterKey, MasterKeys};
use squad_secrets::webhook::WebhookSecret;
use squad_storage::{Author, DeliveryState, NewWebhookEndpoint, Storage, Tenant, WebhookDeliveryRow};
use squad_testkit::{TestDatabase, VirtualClock};
use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use uuid::Uuid;

const ORG: OrgId = OrgId(Uuid::from_u128(1));
const ENDPOINT: Uuid = Uuid::from_u128(2);
const LAPTOP: Policy = Policy { allow_private: true, allow_http: true };

/// What a receiver was sent.
#[derive(Debug, Clone)]
struct Received {
    path: String,
    headers: HeaderMap,
    body: String,
}

impl Received {
    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// The signatures that it should have, worked out by the specification: HMAC-SHA256 with the secret's bytes.
    fn expected(&self, secrets: &[&WebhookSecret]) -> String {
        let signed =
            format!("{}.{}.{}", self.header("webhook-id"), self.header("webhook-timestamp"), self.body);
        let sign = |secret: &&WebhookSecret| {
            let key = BASE64.decode(secret.to_text().strip_prefix("whsec_").unwrap().as_bytes()).unwrap();
            let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
            mac.update(signed.as_bytes());
            format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes()))
        };
        secrets.iter().map(sign).collect::<Vec<_>>().join(" ")
    }
}

type Answer = (u16, Vec<(&'static str, String)>, String);

/// A receiver that gives one answer after the other, and the last one for ever.
#[derive(Clone)]
struct Receiver {
    address: SocketAddr,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    async fn start(statuses: &[u16]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let receiver = Self {
            address: listener.local_addr().unwrap(),
            answers: Arc::new(Mutex::new(
                statuses.iter().map(|status| (*status, vec![], "noted".into())).collect(),
            )),
            received: Arc::default(),
        };
        let router = Router::new().fallback(take).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        receiver
    }

    fn answer(&self, answer: Answer) {
        *self.answers.lock().unwrap() = [answer].into();
    }

    fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

async fn take(
    State(receiver): State<Receiver>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> axum::response::Response {
    let body = String::from_utf8(body.to_vec()).unwrap();
    receiver.received.lock().unwrap().push(Received { path: uri.to_string(), headers, body });
    let mut answers = receiver.answers.lock().unwrap();
    let (status, headers, body) =
        if answers.len() > 1 { answers.pop_front().unwrap() } else { answers[0].clone() };
    let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
    for (name, value) in headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

/// An organization with one endpoint.
struct House {
    storage: Storage,
    time: VirtualClock,
    keys: Arc<MasterKeys>,
    secret: WebhookSecret,
    _database: TestDatabase,
}

impl House {
    async fn new(url: &str) -> Self {
        let (storage, database) = storage().await;
        let keys = Arc::new(MasterKeys::new(MasterKey::generate()));
        let secret = WebhookSecret::generate();
        let endpoint = NewWebhookEndpoint {
            id: ENDPOINT,
            url: url.into(),
            description: String::new(),
            events: vec!["*".into()],
            secret_sealed: seal_secret(&keys, ORG, ENDPOINT, &secret),
        };
        let house = Self { storage, time: VirtualClock::default(), keys, secret, _database: database };
        house.tenant().create_webhook_endpoint(&house.author(), endpoint).await.unwrap();
        house
    }

    fn tenant(&self) -> Tenant {
        self.storage.tenant(ORG)
    }

    fn author(&self) -> Author {
        Author { actor: "user:ada".into(), address: String::new(), at: self.time.now() }
    }

    fn runner(&self, policy: Policy, resolver: Arc<dyn Resolver>) -> Runner {
        let handler = WebhookHandler::new(self.storage.clone(), self.keys.clone(), resolver, policy);
        runner(&self.storage, Handlers::new().with(handler), &self.time)
    }

    /// Something happens.
    async fn event(&self) -> Uuid {
        let data = json!({ "id": "t1", "title": "Größe" });
        let announced =
            enqueue_event(&self.storage, ORG, "task.created", &data, self.time.now()).await.unwrap();
        assert_eq!(announced.len(), 1);
        announced[0]
    }

    async fn delivery(&self, id: Uuid) -> WebhookDeliveryRow {
        self.tenant().webhook_delivery(id).await.unwrap().unwrap()
    }
}

fn system() -> Arc<dyn Resolver> {
    Arc::new(SystemResolver)
}

#[tokio::test]
async fn an_event_is_delivered_signed_so_that_its_receiver_can_check_it() {
    let receiver = Receiver::start(&[200]).await;
    receiver.answer((202, vec![], "x".repeat(5_000)));
    let house = House::new(&receiver.url()).await;
    let id = house.event().await;
    assert_eq!(house.runner(LAPTOP, system()).run_due().await, 1);
    let [got] = receiver.received().try_into().unwrap();
    assert_eq!(
        got.body,
        r#"{"type":"task.created","timestamp":"2026-01-02T03:04:05Z","data":{"id":"t1","title":"Größe"}}"#
    );
    assert_eq!((got.path.as_str(), got.header("content-type")), ("/hook", "application/json"));
    assert_eq!(got.header("webhook-id"), id.to_string());
    assert_eq!(got.header("webhook-timestamp"), house.time.now().unix_timestamp().to_string());
    assert_eq!(got.header("webhook-signature"), got.expected(&[&house.secret]));
    let row = house.delivery(id).await;
    assert_eq!((row.state, row.attempts, row.last_status), (DeliveryState::Delivered, 1, Some(202)));
    assert_eq!((row.last_error, row.next_at), (None, None));
    assert_eq!(row.response_excerpt, "x".repeat(1024));
}

#[tokio::test]
async fn a_failed_delivery_is_tried_again_as_the_same_message() {
    let receiver = Receiver::start(&[500, 503, 204]).await;
    let house = House::new(&receiver.url()).await;
    let id = house.event().await;
    let runner = house.runner(LAPTOP, system());
    assert_eq!(runner.run_due().await, 1);
    let row = house.delivery(id).await;
    let due = house.time.now() + Duration::from_secs(20);
    assert_eq!((row.state, row.next_at, row.last_status), (DeliveryState::Pending, Some(due), Some(500)));
    assert!(row.last_error.unwrap().contains("it answered 500"));
    for pause in [20, 40] {
        house.time.advance(Duration::from_secs(pause));
        assert_eq!(runner.run_due().await, 1);
    }
    assert_eq!(house.delivery(id).await.state, DeliveryState::Delivered);
    let received = receiver.received();
    assert_eq!(received.len(), 3);
    for got in &received {
        assert_eq!(
            (got.header("webhook-id"), &got.body),
            (received[0].header("webhook-id"), &received[0].body)
        );
        assert_eq!(got.header("webhook-signature"), got.expected(&[&house.secret]));
    }
    assert_ne!(received[0].header("webhook-timestamp"), received[2].header("webhook-timestamp"));

    let again = house.tenant().redeliver_webhook(&house.author(), id).await.unwrap().unwrap();
    assert_eq!(runner.run_due().await, 1);
    assert_eq!(house.delivery(again.id).await.state, DeliveryState::Delivered);
    assert_eq!(receiver.received()[3].header("webhook-id"), id.to_string());
}

#[tokio::test]
async fn a_delivery_is_given_up_after_its_last_attempt() {
    let receiver = Receiver::start(&[500]).await;
    let house = House::new(&receiver.url()).await;
    let id = house.event().await;
    let runner = house.runner(LAPTOP, system());
    while let Some(at) = house.delivery(id).await.next_at {
        house.time.advance((at - house.time.now()).unsigned_abs());
        assert_eq!(runner.run_due().await, 1);
    }
    let row = house.delivery(id).await;
    assert_eq!((row.state, row.attempts), (DeliveryState::Failed, 12));
    assert_eq!(receiver.received().len(), 12);
    assert_eq!(house.storage.dead_jobs(9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn while_a_secret_is_replaced_both_sign() {
    let receiver = Receiver::start(&[200]).await;
    let house = House::new(&receiver.url()).await;
    let new = WebhookSecret::generate();
    let sealed = seal_secret(&house.keys, ORG, ENDPOINT, &new);
    let until = house.time.now() + Duration::from_secs(86_400);
    house.tenant().rotate_webhook_secret(&house.author(), ENDPOINT, &sealed, until).await.unwrap();
    let runner = house.runner(LAPTOP, system());
    house.event().await;
    assert_eq!(runner.run_due().await, 1);
    house.time.advance(Duration::from_secs(86_400));
    house.event().await;
    assert_eq!(runner.run_due().await, 1);
    let [during, after] = receiver.received().try_into().unwrap();
    assert_eq!(during.header("webhook-signature"), during.expected(&[&new, &house.secret]));
    assert_eq!(after.header("webhook-signature"), after.expected(&[&new]));
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_switched_off() {
    let receiver = Receiver::start(&[410]).await;
    let house = House::new(&receiver.url()).await;
    let (id, waiting) = (house.event().await, house.event().await);
    let runner = house.runner(LAPTOP, system());
    runner.run_due().await;
    let row = house.delivery(id).await;
    assert_eq!((row.state, row.last_status), (DeliveryState::Failed, Some(410)));
    let endpoint = house.tenant().webhook_endpoint(ENDPOINT).await.unwrap().unwrap();
    assert!(!endpoint.active && endpoint.disabled_reason.unwrap().contains("410"));
    assert_eq!(house.delivery(waiting).await.state, DeliveryState::Failed);
    assert_eq!(house.storage.dead_jobs(9).await.unwrap(), []);
    let again = house.tenant().redeliver_webhook(&house.author(), id).await.unwrap().unwrap();
    let before = receiver.received().len();
    runner.run_due().await;
    assert_eq!(receiver.received().len(), before, "it is switched off");
    assert_eq!(house.delivery(again.id).await.last_error.unwrap(), "the webhook is switched off");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let inside = Receiver::start(&[200]).await;
    let receiver = Receiver::start(&[302]).await;
    receiver.answer((302, vec![("location", inside.url())], String::new()));
    let house = House::new(&receiver.url()).await;
    let id = house.event().await;
    house.runner(LAPTOP, system()).run_due().await;
    let row = house.delivery(id).await;
    assert_eq!((row.state, row.last_status), (DeliveryState::Pending, Some(302)));
    let error = row.last_error.unwrap();
    assert!(error.contains(&inside.url()) && error.contains("redirects are not followed"), "{error}");
    assert_eq!(inside.received().len(), 0);
}

/// A name whose address changes with every question.
struct Rebinding {
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl Resolver for Rebinding {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.lock().unwrap().push(name.to_owned());
        Ok(self.answers.lock().unwrap().pop_front().unwrap_or_default())
    }
}

fn rebinding(answers: &[&str]) -> (Arc<dyn Resolver>, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let answers = answers.iter().map(|address| vec![address.parse().unwrap()]).collect();
    (Arc::new(Rebinding { answers: Mutex::new(answers), asked: asked.clone() }), asked)
}

#[tokio::test]
async fn a_name_is_looked_up_once_and_the_connection_goes_to_what_was_judged() {
    let receiver = Receiver::start(&[200]).await;
    // No other resolver knows this name; a second question would send the message elsewhere.
    let house = House::new(&format!("http://Rebind.invalid:{}/hook", receiver.address.port())).await;
    let id = house.event().await;
    let (resolver, asked) = rebinding(&["127.0.0.1", "127.0.0.2"]);
    house.runner(LAPTOP, resolver).run_due().await;
    assert_eq!(house.delivery(id).await.state, DeliveryState::Delivered);
    assert_eq!(receiver.received()[0].header("host"), format!("rebind.invalid:{}", receiver.address.port()));
    assert_eq!(*asked.lock().unwrap(), ["rebind.invalid"]);
}

#[tokio::test]
async fn a_name_that_stands_for_an_address_inside_the_house_is_refused() {
    let receiver = Receiver::start(&[200]).await;
    let port = receiver.address.port();
    let strict = Policy { allow_private: false, allow_http: true };
    for (url, asks) in [
        (format!("http://inside.invalid:{port}/hook"), 1),
        (format!("http://0x7f.1:{port}/hook"), 0),
        (format!("http://[::ffff:127.0.0.1]:{port}/hook"), 0),
    ] {
        let house = House::new(&url).await;
        let id = house.event().await;
        let (resolver, asked) = rebinding(&["127.0.0.1", "1.1.1.1"]);
        assert_eq!(house.runner(strict, resolver).run_due().await, 1);
        let row = house.delivery(id).await;
        assert_eq!((row.state, row.attempts, row.last_status), (DeliveryState::Failed, 1, None));
        let error = row.last_error.unwrap();
        assert!(error.contains("not on the public internet"), "{error}");
        assert_eq!(asked.lock().unwrap().len(), asks);
        assert_eq!(house.storage.dead_jobs(9).await.unwrap(), []);
    }
    assert_eq!(receiver.received().len(), 0);
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_reached_is_tried_again_and_its_url_is_in_no_error() {
    let port = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap().port();
    let house = House::new(&format!("http://127.0.0.1:{port}/hook?token=hidden")).await;
    let id = house.event().await;
    house.runner(LAPTOP, system()).run_due().await;
    let row = house.delivery(id).await;
    assert_eq!((row.state, row.last_status), (DeliveryState::Pending, None));
    let error = row.last_error.unwrap();
    assert!(error.contains("cannot be reached") && !error.contains("hidden"), "{error}");
}

#[tokio::test]
async fn a_secret_of_another_master_key_is_not_sent_anywhere() {
    let receiver = Receiver::start(&[200]).await;
    let mut house = House::new(&receiver.url()).await;
    house.keys = Arc::new(MasterKeys::new(MasterKey::generate()));
    let id = house.event().await;
    house.runner(LAPTOP, system()).run_due().await;
    let row = house.delivery(id).await;
    assert_eq!(row.state, DeliveryState::Pending);
    assert!(row.last_error.unwrap().contains("cannot be opened"));
    assert_eq!(receiver.received().len(), 0);
}
