//! The log of what was sent to an organization's webhooks. Each delivery is stored with the job that makes it, in one
//! transaction.

use super::audit::Audit;
use super::webhooks::{self, WebhookEndpointRow};
use super::{Author, Page, Tenant, TenantWrite};
use crate::connect::Storage;
use crate::convert::{count, micros, number, text, timestamp, to_json};
use crate::dialect::{execute, one};
use crate::error::StorageError;
use crate::ids::new_id;
use crate::outbox::{self, Job, NewJob};
use crate::write::Write;
use async_trait::async_trait;
use sea_orm::{DatabaseTransaction, QueryResult};
use serde::{Deserialize, Serialize};
use serde_json::json;
use squad_domain::Timestamp;
use squad_domain::ids::OrgId;
use std::str::FromStr;
use uuid::Uuid;

/// Sends an event to an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliverWebhook {
    /// Whose.
    pub org: OrgId,
    /// Which delivery of the log.
    pub delivery: Uuid,
}

impl Job for DeliverWebhook {
    const NAME: &'static str = "webhook.deliver";
}

/// Something that happened, as endpoints are told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWebhookEvent {
    /// Its kind, such as `execution.started`.
    pub kind: String,
    /// The body that is sent, byte for byte.
    pub payload: String,
    /// When.
    pub at: Timestamp,
}

/// The body of a message, as the Standard Webhooks specification recommends it.
#[derive(Serialize)]
struct Body<'a, T> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(with = "time::serde::rfc3339")]
    timestamp: Timestamp,
    data: &'a T,
}

impl NewWebhookEvent {
    /// An event with its body, `{"type": kind, "timestamp": at, "data": data}`, written once: every endpoint and every
    /// attempt gets the same bytes.
    ///
    /// # Errors
    /// Where it cannot be written as JSON.
    pub fn new<T: Serialize>(kind: &str, data: &T, at: Timestamp) -> Result<Self, StorageError> {
        let payload = to_json(&Body { kind, timestamp: at, data })?;
        Ok(Self { kind: kind.to_owned(), payload, at })
    }
}

/// How far a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// It is still to be made, or to be tried again.
    Pending,
    /// The endpoint took it.
    Delivered,
    /// It was given up.
    Failed,
}

impl DeliveryState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Failed];

    /// Its name in the database and in the API.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

/// The text names no state of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no state of a delivery; there are `pending`, `delivered` and `failed`")]
pub struct UnknownDeliveryState(String);

impl FromStr for DeliveryState {
    type Err = UnknownDeliveryState;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|state| state.slug() == text);
        found.ok_or_else(|| UnknownDeliveryState(text.to_owned()))
    }
}

/// A delivery of one event to one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookDeliveryRow {
    /// Its id.
    pub id: Uuid,
    /// To which endpoint.
    pub endpoint: Uuid,
    /// The event's kind.
    pub event: String,
    /// The body, byte for byte.
    pub payload: String,
    /// How far it is.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u64,
    /// The status of the last answer.
    pub last_status: Option<u16>,
    /// What went wrong at the last attempt.
    pub last_error: Option<String>,
    /// The beginning of the last answer.
    pub response_excerpt: String,
    /// When it was caused.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it is tried next; `None` where it is over.
    pub next_at: Option<Timestamp>,
    /// The first delivery of this event to this endpoint, where this is a later one.
    pub redelivery_of: Option<Uuid>,
}

impl WebhookDeliveryRow {
    /// The id of the message: the same whenever this event is sent to this endpoint, so that whoever has had it already
    /// can tell.
    #[must_use]
    pub fn message_id(&self) -> Uuid {
        self.redelivery_of.unwrap_or(self.id)
    }
}

/// What came of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryAttempt {
    /// When.
    pub at: Timestamp,
    /// The status of the answer; `None` where there was none.
    pub status: Option<u16>,
    /// What went wrong.
    pub error: Option<String>,
    /// The beginning of the answer.
    pub excerpt: String,
    /// How far the delivery is with it.
    pub state: DeliveryState,
    /// When it is tried next.
    pub next_at: Option<Timestamp>,
}

const COLUMNS: &str = "id, endpoint_id, event, payload, state, attempts, last_status, last_error, response_excerpt, \
    created_at, updated_at, next_at, redelivery_of";

fn delivery(row: &QueryResult) -> Result<WebhookDeliveryRow, StorageError> {
    let state: String = row.try_get("", "state")?;
    let unreadable = |error: UnknownDeliveryState| StorageError::Unreadable {
        what: "the state of a delivery".to_owned(),
        why: error.to_string(),
    };
    let status: Option<i64> = row.try_get("", "last_status")?;
    let next: Option<i64> = row.try_get("", "next_at")?;
    Ok(WebhookDeliveryRow {
        id: row.try_get("", "id")?,
        endpoint: row.try_get("", "endpoint_id")?,
        event: row.try_get("", "event")?,
        payload: row.try_get("", "payload")?,
        state: state.parse().map_err(unreadable)?,
        attempts: number(row.try_get("", "attempts")?),
        last_status: status.and_then(|status| u16::try_from(status).ok()),
        last_error: row.try_get("", "last_error")?,
        response_excerpt: row.try_get("", "response_excerpt")?,
        created_at: timestamp(row.try_get("", "created_at")?),
        updated_at: timestamp(row.try_get("", "updated_at")?),
        next_at: next.map(timestamp),
        redelivery_of: row.try_get("", "redelivery_of")?,
    })
}

impl Tenant {
    /// Stores a delivery of the event to every endpoint that wants events of its kind. Tells their ids.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn announce(&self, event: NewWebhookEvent) -> Result<Vec<Uuid>, StorageError> {
        let author = Author { actor: "system".to_owned(), address: String::new(), at: event.at };
        self.write(&author, Announce(event)).await
    }

    /// Stores a delivery of an event to one endpoint, whatever that wants: a test of it. `None` where there is no such
    /// endpoint.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn add_webhook_delivery(
        &self,
        author: &Author,
        endpoint: Uuid,
        event: NewWebhookEvent,
    ) -> Result<Option<WebhookDeliveryRow>, StorageError> {
        self.write(author, Add { endpoint, event }).await
    }

    /// Deliveries, newest first; of one endpoint, and in one state, where these are given.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn webhook_deliveries(
        &self,
        endpoint: Option<Uuid>,
        state: Option<DeliveryState>,
        page: Page,
    ) -> Result<Vec<WebhookDeliveryRow>, StorageError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM webhook_deliveries \
             WHERE org_id = $1 AND endpoint_id = coalesce($2, endpoint_id) AND state = coalesce($3, state) AND id < $4 \
             ORDER BY id DESC LIMIT $5"
        );
        let values = [
            endpoint.into(),
            state.map(|state| state.slug().to_owned()).into(),
            page.below().into(),
            count(page.limit).into(),
        ];
        self.all(&sql, values).await?.iter().map(delivery).collect()
    }

    /// A delivery.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn webhook_delivery(&self, id: Uuid) -> Result<Option<WebhookDeliveryRow>, StorageError> {
        let sql = format!("SELECT {COLUMNS} FROM webhook_deliveries WHERE org_id = $1 AND id = $2");
        self.one(&sql, [id.into()]).await?.as_ref().map(delivery).transpose()
    }

    /// Sends an event again, as a delivery of its own. `None` where there is no such delivery.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn redeliver_webhook(
        &self,
        author: &Author,
        id: Uuid,
    ) -> Result<Option<WebhookDeliveryRow>, StorageError> {
        self.write(author, Redeliver { id, at: author.at }).await
    }

    /// Writes down what came of an attempt. Tells whether the delivery was still pending; where it was not, nothing
    /// changes.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn record_webhook_attempt(
        &self,
        id: Uuid,
        attempt: DeliveryAttempt,
    ) -> Result<bool, StorageError> {
        let author = Author { actor: "system".to_owned(), address: String::new(), at: attempt.at };
        self.write(&author, Record { id, attempt }).await
    }
}

impl Storage {
    /// Forgets deliveries of all organizations that were over before `moment`. Tells how many.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn forget_webhook_deliveries(&self, moment: Timestamp) -> Result<u64, StorageError> {
        self.write(Forget(micros(moment))).await
    }
}

/// Stores deliveries of events within a transaction: with what caused them, or not at all. Costs nothing where there are
/// no events, and one look-up where nobody wants them.
pub(crate) async fn announce(
    transaction: &DatabaseTransaction,
    org: OrgId,
    events: &[NewWebhookEvent],
) -> Result<Vec<Uuid>, StorageError> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let endpoints = webhooks::active(transaction, org).await?;
    let mut announced = Vec::new();
    for event in events {
        for endpoint in endpoints.iter().filter(|endpoint| endpoint.wants(&event.kind)) {
            announced.push(insert(transaction, org, endpoint, event, None).await?);
        }
    }
    Ok(announced)
}

async fn insert(
    transaction: &DatabaseTransaction,
    org: OrgId,
    endpoint: &WebhookEndpointRow,
    event: &NewWebhookEvent,
    redelivery_of: Option<Uuid>,
) -> Result<Uuid, StorageError> {
    let id = new_id(event.at);
    execute(
        transaction,
        "INSERT INTO webhook_deliveries (id, org_id, endpoint_id, event, payload, state, attempts, response_excerpt, \
            created_at, updated_at, next_at, redelivery_of) \
         VALUES ($1, $2, $3, $4, $5, 'pending', 0, '', $6, $6, $6, $7)",
        [
            id.into(),
            org.0.into(),
            endpoint.id.into(),
            text(&event.kind).into(),
            text(&event.payload).into(),
            micros(event.at).into(),
            redelivery_of.into(),
        ],
    )
    .await?;
    outbox::insert(transaction, &NewJob::new(org, &DeliverWebhook { org, delivery: id }, event.at)?).await?;
    Ok(id)
}

async fn find(
    transaction: &DatabaseTransaction,
    org: OrgId,
    id: Uuid,
) -> Result<Option<WebhookDeliveryRow>, StorageError> {
    let sql = format!("SELECT {COLUMNS} FROM webhook_deliveries WHERE org_id = $1 AND id = $2");
    one(transaction, &sql, [org.0.into(), id.into()]).await?.as_ref().map(delivery).transpose()
}

struct Announce(NewWebhookEvent);

#[async_trait]
impl TenantWrite for Announce {
    type Output = Vec<Uuid>;
    type Error = StorageError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        _: i64,
    ) -> Result<Vec<Uuid>, StorageError> {
        announce(transaction, org, std::slice::from_ref(&self.0)).await
    }

    /// What happened has an entry of its own.
    fn audit(&self, _: &Vec<Uuid>) -> Option<Audit> {
        None
    }
}

struct Add {
    endpoint: Uuid,
    event: NewWebhookEvent,
}

#[async_trait]
impl TenantWrite for Add {
    type Output = Option<WebhookDeliveryRow>;
    type Error = StorageError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        _: i64,
    ) -> Result<Self::Output, StorageError> {
        let Some(endpoint) = webhooks::find(transaction, org, self.endpoint).await? else { return Ok(None) };
        let id = insert(transaction, org, &endpoint, &self.event, None).await?;
        find(transaction, org, id).await
    }

    fn audit(&self, output: &Self::Output) -> Option<Audit> {
        let details = json!({ "event": self.event.kind });
        output.as_ref().map(|_| Audit::new("webhook.tested", self.endpoint, details))
    }
}

struct Redeliver {
    id: Uuid,
    at: Timestamp,
}

#[async_trait]
impl TenantWrite for Redeliver {
    type Output = Option<WebhookDeliveryRow>;
    type Error = StorageError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        _: i64,
    ) -> Result<Self::Output, StorageError> {
        let Some(earlier) = find(transaction, org, self.id).await? else { return Ok(None) };
        let Some(endpoint) = webhooks::find(transaction, org, earlier.endpoint).await? else {
            return Ok(None);
        };
        let first = earlier.message_id();
        let event = NewWebhookEvent { kind: earlier.event, payload: earlier.payload, at: self.at };
        let id = insert(transaction, org, &endpoint, &event, Some(first)).await?;
        find(transaction, org, id).await
    }

    fn audit(&self, output: &Self::Output) -> Option<Audit> {
        let again = output.as_ref()?;
        let details = json!({ "delivery": self.id, "again": again.id });
        Some(Audit::new("webhook.redelivered", again.endpoint, details))
    }
}

struct Record {
    id: Uuid,
    attempt: DeliveryAttempt,
}

#[async_trait]
impl TenantWrite for Record {
    type Output = bool;
    type Error = StorageError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        at: i64,
    ) -> Result<bool, StorageError> {
        let DeliveryAttempt { at: _, status, error, excerpt, state, next_at } = &self.attempt;
        let sql = "UPDATE webhook_deliveries SET attempts = attempts + 1, last_status = $3, last_error = $4, \
                response_excerpt = $5, state = $6, next_at = $7, updated_at = $8 \
            WHERE org_id = $1 AND id = $2 AND state = 'pending'";
        let values = [
            org.0.into(),
            self.id.into(),
            status.map(i64::from).into(),
            error.as_deref().map(text).into(),
            text(excerpt).into(),
            state.slug().into(),
            next_at.map(micros).into(),
            at.into(),
        ];
        Ok(execute(transaction, sql, values).await? == 1)
    }

    /// The delivery is itself the log of it.
    fn audit(&self, _: &bool) -> Option<Audit> {
        None
    }
}

struct Forget(i64);

#[async_trait]
impl Write for Forget {
    type Output = u64;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<u64, StorageError> {
        let sql = "DELETE FROM webhook_deliveries WHERE state <> 'pending' AND updated_at < $1";
        Ok(execute(transaction, sql, [self.0.into()]).await?)
    }
}
