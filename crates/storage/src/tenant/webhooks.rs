//! Addresses of an organization's own that are told what happens in it. Secrets come in sealed, and go out so.

use super::audit::Audit;
use super::{Author, Change, Page, Tenant, TenantWrite};
use crate::convert::{count, from_json, micros, number, text, timestamp, to_json};
use crate::dialect::{all, execute, one};
use crate::error::StorageError;
use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult};
use serde_json::json;
use squad_domain::Timestamp;
use squad_domain::ids::OrgId;
use uuid::Uuid;

/// Stands for every kind of event.
pub const EVERY_EVENT: &str = "*";

/// An endpoint that is about to be stored.
#[derive(Debug, Clone)]
pub struct NewWebhookEndpoint {
    /// Its id.
    pub id: Uuid,
    /// Where events are sent.
    pub url: String,
    /// What it is for, in its owner's words.
    pub description: String,
    /// Which kinds of events, or [`EVERY_EVENT`].
    pub events: Vec<String>,
    /// The secret that signs them, sealed.
    pub secret_sealed: String,
}

/// What changes of an endpoint; `None` leaves it as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebhookEndpointChange {
    /// Where events are sent.
    pub url: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Which kinds of events, or [`EVERY_EVENT`].
    pub events: Option<Vec<String>>,
    /// Whether events are sent at all. Switching it on forgets why it was switched off.
    pub active: Option<bool>,
}

impl WebhookEndpointChange {
    /// The names of what changes.
    fn names(&self) -> Vec<&'static str> {
        let changes = [
            ("url", self.url.is_some()),
            ("description", self.description.is_some()),
            ("events", self.events.is_some()),
            ("active", self.active.is_some()),
        ];
        changes.into_iter().filter_map(|(name, changes)| changes.then_some(name)).collect()
    }
}

/// An endpoint.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookEndpointRow {
    /// Its id.
    pub id: Uuid,
    /// Where events are sent.
    pub url: String,
    /// What it is for, in its owner's words.
    pub description: String,
    /// Which kinds of events, or [`EVERY_EVENT`].
    pub events: Vec<String>,
    /// Whether events are sent.
    pub active: bool,
    /// Why the platform switched it off.
    pub disabled_reason: Option<String>,
    /// The secret that signs, sealed.
    pub secret_sealed: String,
    /// The secret before it, sealed, and until when it signs, too.
    pub old_secret: Option<(String, Timestamp)>,
    /// Its version, from 1.
    pub version: u64,
    /// Since when there is one.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl std::fmt::Debug for WebhookEndpointRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookEndpointRow")
            .field("id", &self.id)
            .field("events", &self.events)
            .field("active", &self.active)
            .field("disabled_reason", &self.disabled_reason)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl WebhookEndpointRow {
    /// Whether it is told of events of this kind.
    #[must_use]
    pub fn wants(&self, kind: &str) -> bool {
        self.active && self.events.iter().any(|event| event == EVERY_EVENT || event == kind)
    }
}

const COLUMNS: &str = "id, url, description, events, active, disabled_reason, secret_sealed, old_secret_sealed, \
    old_until, version, created_at, updated_at";

fn endpoint(row: &QueryResult) -> Result<WebhookEndpointRow, StorageError> {
    let events: String = row.try_get("", "events")?;
    let old: Option<String> = row.try_get("", "old_secret_sealed")?;
    let until: Option<i64> = row.try_get("", "old_until")?;
    Ok(WebhookEndpointRow {
        id: row.try_get("", "id")?,
        url: row.try_get("", "url")?,
        description: row.try_get("", "description")?,
        events: from_json("the events of a webhook", &events)?,
        active: row.try_get("", "active")?,
        disabled_reason: row.try_get("", "disabled_reason")?,
        secret_sealed: row.try_get("", "secret_sealed")?,
        old_secret: old.zip(until.map(timestamp)),
        version: number(row.try_get("", "version")?),
        created_at: timestamp(row.try_get("", "created_at")?),
        updated_at: timestamp(row.try_get("", "updated_at")?),
    })
}

impl Tenant {
    /// Stores a new endpoint.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn create_webhook_endpoint(
        &self,
        author: &Author,
        endpoint: NewWebhookEndpoint,
    ) -> Result<WebhookEndpointRow, StorageError> {
        self.write(author, Create(endpoint)).await
    }

    /// The endpoints, newest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn webhook_endpoints(&self, page: Page) -> Result<Vec<WebhookEndpointRow>, StorageError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM webhook_endpoints WHERE org_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3"
        );
        self.all(&sql, [page.below().into(), count(page.limit).into()]).await?.iter().map(endpoint).collect()
    }

    /// An endpoint.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn webhook_endpoint(&self, id: Uuid) -> Result<Option<WebhookEndpointRow>, StorageError> {
        let sql = format!("SELECT {COLUMNS} FROM webhook_endpoints WHERE org_id = $1 AND id = $2");
        self.one(&sql, [id.into()]).await?.as_ref().map(endpoint).transpose()
    }

    /// Changes an endpoint, where it still is at the version `expected`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn update_webhook_endpoint(
        &self,
        author: &Author,
        id: Uuid,
        expected: Option<u64>,
        change: WebhookEndpointChange,
    ) -> Result<Change<WebhookEndpointRow>, StorageError> {
        self.write(author, Update { id, expected, change }).await
    }

    /// Gives an endpoint a new secret. The one before signs beside it until `old_until`. `None` where there is no such
    /// endpoint.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn rotate_webhook_secret(
        &self,
        author: &Author,
        id: Uuid,
        secret_sealed: &str,
        old_until: Timestamp,
    ) -> Result<Option<WebhookEndpointRow>, StorageError> {
        let rotate = Rotate { id, sealed: secret_sealed.to_owned(), old_until: micros(old_until) };
        self.write(author, rotate).await
    }

    /// Switches an endpoint off, and says why. Tells whether it was on.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn disable_webhook_endpoint(
        &self,
        author: &Author,
        id: Uuid,
        reason: &str,
    ) -> Result<bool, StorageError> {
        self.write(author, Disable { id, reason: text(reason) }).await
    }

    /// Deletes an endpoint and the log of what was sent to it. Tells whether there was one.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn delete_webhook_endpoint(&self, author: &Author, id: Uuid) -> Result<bool, StorageError> {
        self.write(author, Delete(id)).await
    }
}

pub(super) async fn find<C: ConnectionTrait>(
    connection: &C,
    org: OrgId,
    id: Uuid,
) -> Result<Option<WebhookEndpointRow>, StorageError> {
    let sql = format!("SELECT {COLUMNS} FROM webhook_endpoints WHERE org_id = $1 AND id = $2");
    one(connection, &sql, [org.0.into(), id.into()]).await?.as_ref().map(endpoint).transpose()
}

/// The endpoints that are told of anything at all.
pub(super) async fn active<C: ConnectionTrait>(
    connection: &C,
    org: OrgId,
) -> Result<Vec<WebhookEndpointRow>, StorageError> {
    let sql = format!("SELECT {COLUMNS} FROM webhook_endpoints WHERE org_id = $1 AND active ORDER BY id");
    all(connection, &sql, [org.0.into()]).await?.iter().map(endpoint).collect()
}

struct Create(NewWebhookEndpoint);

#[async_trait]
impl TenantWrite for Create {
    type Output = WebhookEndpointRow;
    type Error = StorageError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        at: i64,
    ) -> Result<WebhookEndpointRow, StorageError> {
        let NewWebhookEndpoint { id, url, description, events, secret_sealed } = &self.0;
        let sql = format!(
            "INSERT INTO webhook_endpoints \
                (id, org_id, url, description, events, active, secret_sealed, version, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $8) RETURNING {COLUMNS}"
        );
        let values = [
            (*id).into(),
            org.0.into(),
            text(url).into(),
            text(description).into(),
            to_json(events)?.into(),
            true.into(),
            secret_sealed.as_str().into(),
            at.into(),
        ];
        let row = one(transaction, &sql, values).await?;
        endpoint(&row.ok_or_else(|| StorageError::NotFound { what: "the new webhook".to_owned() })?)
    }

    fn audit(&self, _: &WebhookEndpointRow) -> Option<Audit> {
        Some(Audit::new("webhook.created", self.0.id, json!({ "events": self.0.events })))
    }
}

struct Update {
    id: Uuid,
    expected: Option<u64>,
    change: WebhookEndpointChange,
}

#[async_trait]
impl TenantWrite for Update {
    type Output = Change<WebhookEndpointRow>;
    type Error = StorageError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        at: i64,
    ) -> Result<Change<WebhookEndpointRow>, StorageError> {
        let WebhookEndpointChange { url, description, events, active } = &self.change;
        let sql = format!(
            "UPDATE webhook_endpoints SET url = coalesce($4, url), description = coalesce($5, description), \
                events = coalesce($6, events), active = coalesce($7, active), \
                disabled_reason = CASE WHEN coalesce($7, active) THEN NULL ELSE disabled_reason END, \
                version = version + 1, updated_at = $8 \
             WHERE org_id = $1 AND id = $2 AND version = coalesce($3, version) RETURNING {COLUMNS}"
        );
        let values = [
            org.0.into(),
            self.id.into(),
            self.expected.map(count).into(),
            url.as_deref().map(text).into(),
            description.as_deref().map(text).into(),
            events.as_ref().map(to_json).transpose()?.into(),
            (*active).into(),
            at.into(),
        ];
        if let Some(row) = one(transaction, &sql, values).await? {
            return Ok(Change::Done(endpoint(&row)?));
        }
        Ok(find(transaction, org, self.id).await?.map_or(Change::NotFound, Change::Stale))
    }

    fn audit(&self, output: &Change<WebhookEndpointRow>) -> Option<Audit> {
        let changed = matches!(output, Change::Done(_));
        changed.then(|| Audit::new("webhook.updated", self.id, json!({ "changed": self.change.names() })))
    }
}

struct Rotate {
    id: Uuid,
    sealed: String,
    old_until: i64,
}

#[async_trait]
impl TenantWrite for Rotate {
    type Output = Option<WebhookEndpointRow>;
    type Error = StorageError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        at: i64,
    ) -> Result<Option<WebhookEndpointRow>, StorageError> {
        let sql = format!(
            "UPDATE webhook_endpoints SET old_secret_sealed = secret_sealed, old_until = $4, secret_sealed = $3, \
                version = version + 1, updated_at = $5 \
             WHERE org_id = $1 AND id = $2 RETURNING {COLUMNS}"
        );
        let values =
            [org.0.into(), self.id.into(), self.sealed.as_str().into(), self.old_until.into(), at.into()];
        one(transaction, &sql, values).await?.as_ref().map(endpoint).transpose()
    }

    fn audit(&self, output: &Option<WebhookEndpointRow>) -> Option<Audit> {
        output.as_ref().map(|_| Audit::new("webhook.secret_rotated", self.id, json!({})))
    }
}

struct Disable {
    id: Uuid,
    reason: String,
}

#[async_trait]
impl TenantWrite for Disable {
    type Output = bool;
    type Error = StorageError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        at: i64,
    ) -> Result<bool, StorageError> {
        let sql = "UPDATE webhook_endpoints SET active = $3, disabled_reason = $4, version = version + 1, updated_at = $5 \
            WHERE org_id = $1 AND id = $2 AND active";
        let values = [org.0.into(), self.id.into(), false.into(), self.reason.as_str().into(), at.into()];
        Ok(execute(transaction, sql, values).await? == 1)
    }

    fn audit(&self, disabled: &bool) -> Option<Audit> {
        disabled.then(|| Audit::new("webhook.disabled", self.id, json!({ "reason": self.reason })))
    }
}

struct Delete(Uuid);

#[async_trait]
impl TenantWrite for Delete {
    type Output = bool;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction, org: OrgId, _: i64) -> Result<bool, StorageError> {
        let sql = "DELETE FROM webhook_endpoints WHERE org_id = $1 AND id = $2";
        Ok(execute(transaction, sql, [org.0.into(), self.0.into()]).await? == 1)
    }

    fn audit(&self, deleted: &bool) -> Option<Audit> {
        deleted.then(|| Audit::new("webhook.deleted", self.0, json!({})))
    }
}
