//! A server on loopback, and people who speak to it.

use data_encoding::BASE64;
use reqwest::header::HeaderMap;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use squad_api::{ApiConfig, App, Keys};
use squad_domain::Timestamp;
use squad_domain::ids::OrgId;
use squad_domain::permission::OrgRole;
use squad_engine::{Clock, Engine, EngineConfig};
use squad_integrations::jobs::{Handlers, Runner};
use squad_sandbox::{BuiltinSandbox, SandboxConfig};
use squad_secrets::seal::{MasterKey, MasterKeys};
use squad_storage::Storage;
use squad_testkit::{TestDatabase, VirtualClock, each_backend};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The organization in which the command line works.
pub(crate) const LOCAL: OrgId = OrgId(Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0001));
/// A password that nobody guesses.
pub(crate) const PASSWORD: &str = "quiet-otter-under-9-bridges";

/// Time in the test's hand.
struct TestClock(VirtualClock);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn new_id(&self) -> Uuid {
        self.0.new_id()
    }
}

/// A server.
pub(crate) struct TestApp {
    pub(crate) url: String,
    pub(crate) storage: Storage,
    pub(crate) clock: VirtualClock,
    master: Arc<MasterKeys>,
    stop: CancellationToken,
    served: tokio::task::JoinHandle<()>,
    _data: TempDir,
}

impl TestApp {
    /// A server on a database; `change` may change its configuration.
    pub(crate) async fn with(
        database: &TestDatabase,
        clock: VirtualClock,
        master: Arc<MasterKeys>,
        change: impl FnOnce(&mut ApiConfig),
    ) -> Self {
        let storage = database.open().await;
        let data = tempfile::tempdir().unwrap();
        let sandbox = Arc::new(BuiltinSandbox::new(SandboxConfig::default().launcher));
        let mut config = EngineConfig::new(data.path().to_owned(), storage.clone(), sandbox, "test".into());
        config.clock = Arc::new(TestClock(clock.clone()));
        let engine = Engine::new(config);
        let listener = squad_api::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let keys =
            Keys::load(storage.clone(), Arc::clone(&master), "http://squad.test", clock.now()).await.unwrap();
        let mut config = ApiConfig::new("http://squad.test", LOCAL);
        change(&mut config);
        let stop = CancellationToken::new();
        let times = clock.clone();
        let runner = Runner::new(storage.clone(), Handlers::new(), Arc::new(move || times.now()), "test");
        let app = App::new(config, engine, keys, Arc::clone(&master), runner.wake(), stop.clone());
        let served = tokio::spawn(squad_api::serve(listener, squad_api::router(app), stop.clone()));
        Self { url, storage, clock, master, stop, served, _data: data }
    }

    /// A server on a database.
    pub(crate) async fn new(database: &TestDatabase) -> Self {
        Self::with(
            database,
            VirtualClock::default(),
            Arc::new(MasterKeys::new(MasterKey::generate())),
            |_| {},
        )
        .await
    }

    /// Another server on the same database.
    pub(crate) async fn beside(&self, database: &TestDatabase) -> Self {
        Self::with(database, self.clock.clone(), Arc::clone(&self.master), |_| {}).await
    }

    /// Ends it as a signal would.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        self.served.await.unwrap();
        self.storage.close().await;
    }

    /// Somebody who is not signed in.
    pub(crate) fn anybody(&self) -> Person {
        let client = Client::builder().no_proxy().build().unwrap();
        Person { url: self.url.clone(), token: None, headers: HeaderMap::new(), client }
    }

    /// Makes an account and verifies its address. The first one owns the installation.
    pub(crate) async fn register(&self, email: &str) {
        let body = json!({ "email": email, "name": email.split('@').next(), "password": PASSWORD });
        self.anybody().post("/auth/register", body).await.expect(202);
        if let Some(token) = self.mailed_token(email).await {
            self.anybody().post("/auth/verify-email", json!({ "token": token })).await.expect(204);
        }
    }

    /// Makes an account, and signs in.
    pub(crate) async fn person(&self, email: &str) -> Person {
        self.register(email).await;
        self.sign_in(email).await
    }

    /// Signs in.
    pub(crate) async fn sign_in(&self, email: &str) -> Person {
        let body = json!({ "email": email, "password": PASSWORD });
        let reply = self.anybody().post("/auth/login", body).await.expect(200);
        self.anybody().with_token(reply["access_token"].as_str().unwrap())
    }

    /// Somebody new in the owner's organization, with that role, who works there.
    pub(crate) async fn employee(&self, owner: &Person, role: OrgRole) -> Person {
        let email = format!("{role}@squad.test");
        let person = self.person(&email).await;
        self.join(owner, &person, &LOCAL.to_string(), role.slug()).await;
        person.post(&format!("/organizations/{LOCAL}/switch"), json!({})).await.expect(200);
        person
    }

    /// The token of the newest mail to an address that waits to be sent.
    pub(crate) async fn mailed_token(&self, email: &str) -> Option<String> {
        let mails = self.storage.unsent_mails(100).await.unwrap();
        let mail = mails.into_iter().find(|mail| mail.mail.to == email)?;
        let token = mail.mail.text.split("token=").nth(1)?;
        Some(token.split_whitespace().next()?.to_owned())
    }

    /// The key that signs access tokens now, and its name, taken from the database.
    pub(crate) async fn signing_key(&self) -> (String, Vec<u8>) {
        let row = self
            .storage
            .signing_keys()
            .await
            .unwrap()
            .into_iter()
            .find(|row| row.retired_at.is_none())
            .unwrap();
        let sealed = BASE64.decode(row.sealed.as_bytes()).unwrap();
        let key = self.master.open(&sealed, &[b"signing_keys", row.kid.as_bytes()]).unwrap();
        (row.kid, key.to_vec())
    }

    /// Lets somebody join an organization, by an invitation of somebody who may invite.
    pub(crate) async fn join(&self, by: &Person, person: &Person, org: &str, role: &str) {
        let email = person.get("/me").await.expect(200)["user"]["email"].as_str().unwrap().to_owned();
        // Of two mails of one moment, nobody knows which is the newer one.
        self.wait(1);
        let path = format!("/organizations/{org}/invitations");
        by.post(&path, json!({ "email": email, "role": role })).await.expect(201);
        let token = self.mailed_token(&email).await.unwrap();
        person.post("/invitations/accept", json!({ "token": token })).await.expect(200);
    }

    /// Moves the clock on.
    pub(crate) fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

/// Runs the test with a server on a fresh database of each kind.
pub(crate) async fn each_app(test: impl AsyncFn(&TestApp)) {
    each_backend(async |database| {
        let app = TestApp::new(database).await;
        test(&app).await;
        app.end().await;
    })
    .await;
}

/// Somebody who speaks to the server.
#[derive(Clone)]
pub(crate) struct Person {
    url: String,
    pub(crate) token: Option<String>,
    headers: HeaderMap,
    client: Client,
}

/// What the server says.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Person {
    /// With another token.
    pub(crate) fn with_token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    /// With a further header on every request.
    pub(crate) fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, value.parse().unwrap());
        self
    }

    /// A request that is not sent yet. Paths that begin with `/` stand under `/api/v1`; others (`!/healthz`) are taken as
    /// they are, without the `!`.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = match path.strip_prefix('!') {
            Some(path) => format!("{}{path}", self.url),
            None => format!("{}/api/v1{path}", self.url),
        };
        let request = self.client.request(method, url).headers(self.headers.clone());
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let request = self.request(method, path);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        Reply::of(request.send().await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None).await
    }
}

impl Reply {
    pub(crate) async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// The body, where the status is that.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }

    /// Makes sure that it is a problem with that status and code.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Value {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{}", self.text);
        let body = self.expect(status);
        assert_eq!(body["code"], code, "{body}");
        body
    }
}
