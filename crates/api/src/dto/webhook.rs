//! Webhooks, and what was sent to them.

use super::moment::Moment;
use super::{rules, slugs};
use garde::{Error, Validate};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use squad_domain::webhook_event::WebhookEvent;
use squad_storage::{DeliveryState, EVERY_EVENT, WebhookDeliveryRow, WebhookEndpointRow};
use utoipa::ToSchema;
use uuid::Uuid;

/// An address that is told what happens.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Webhook {
    /// Its id.
    id: Uuid,
    /// Where messages are sent.
    #[schema(example = "https://ci.example.com/hooks/squad")]
    url: String,
    /// What it is for.
    #[schema(example = "Starts the deployment")]
    description: String,
    /// Of what it is told; `*` stands for everything.
    #[schema(example = json!(["execution.completed", "execution.failed"]))]
    events: Vec<String>,
    /// Whether messages are sent.
    active: bool,
    /// Why it was switched off, where nobody of the organization did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_reason: Option<String>,
    /// Until when the secret before the present one signs, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    old_secret_until: Option<Moment>,
    /// When it was made.
    created_at: Moment,
    /// When it last changed.
    updated_at: Moment,
}

impl From<WebhookEndpointRow> for Webhook {
    fn from(row: WebhookEndpointRow) -> Self {
        Self {
            id: row.id,
            url: row.url,
            description: row.description,
            events: row.events,
            active: row.active,
            disabled_reason: row.disabled_reason,
            old_secret_until: row.old_secret.map(|(_, until)| until.into()),
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        }
    }
}

/// A webhook, with its secret: it is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookWithSecret {
    #[serde(flatten)]
    pub(crate) webhook: Webhook,
    /// What signs the messages, as the Standard Webhooks specification has it. Keep it: it is not shown again.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    pub(crate) secret: String,
}

/// A webhook that is to be made.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct CreateWebhook {
    /// Where messages are sent: `https`, on the public internet, without a user or a password in it.
    #[garde(skip)]
    #[schema(format = "uri", max_length = 2048, example = "https://ci.example.com/hooks/squad")]
    pub(crate) url: String,
    /// What it is for.
    #[garde(custom(rules::at_most::<64_000>))]
    #[serde(default)]
    #[schema(max_length = 64_000, example = "Starts the deployment")]
    pub(crate) description: String,
    /// Of what it is told: names of `GET /webhooks/events`, or `*` for everything, now and later.
    #[garde(custom(known_events))]
    #[schema(schema_with = slugs::webhook_events)]
    pub(crate) events: Vec<String>,
}

/// What changes of a webhook.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct UpdateWebhook {
    /// Where messages are sent.
    #[garde(skip)]
    #[schema(format = "uri", max_length = 2048, example = "https://ci.example.com/hooks/squad")]
    pub(crate) url: Option<String>,
    /// What it is for.
    #[garde(custom(rules::optional_at_most::<64_000>))]
    #[schema(max_length = 64_000)]
    pub(crate) description: Option<String>,
    /// Of what it is told.
    #[garde(custom(optional_known_events))]
    #[schema(schema_with = slugs::optional_webhook_events)]
    pub(crate) events: Option<Vec<String>>,
    /// Whether messages are sent. Switching it on forgets why it was switched off.
    #[garde(skip)]
    pub(crate) active: Option<bool>,
}

/// The most names that one list holds.
pub(super) const MOST_EVENTS: usize = 50;

fn known_events(names: &[String], (): &()) -> garde::Result {
    if !(1..=MOST_EVENTS).contains(&names.len()) {
        return Err(Error::new(format!(
            "holds 1 to {MOST_EVENTS} names; `{EVERY_EVENT}` stands for everything"
        )));
    }
    let known =
        |name: &str| name == EVERY_EVENT || WebhookEvent::ALL.iter().any(|event| event.slug() == name);
    match names.iter().position(|name| !known(name)) {
        Some(index) => Err(Error::new(format!(
            "number {} is no event; `GET /webhooks/events` lists them, and `{EVERY_EVENT}` stands for everything",
            index + 1
        ))),
        None => Ok(()),
    }
}

fn optional_known_events(names: &Option<Vec<String>>, context: &()) -> garde::Result {
    names.as_deref().map_or(Ok(()), |names| known_events(names, context))
}

/// The names as they are kept: each once, and alone where it stands for all.
pub(crate) fn distinct(names: &[String]) -> Vec<String> {
    if names.iter().any(|name| name == EVERY_EVENT) {
        return vec![EVERY_EVENT.to_owned()];
    }
    let known = WebhookEvent::ALL.iter().map(|event| event.slug());
    known.filter(|slug| names.iter().any(|name| name == slug)).map(str::to_owned).collect()
}

/// Something that webhooks are told of.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookEventKind {
    /// Its name, for `events`, and the `type` of its messages.
    #[schema(example = "execution.completed")]
    pub(crate) name: &'static str,
    /// What it means.
    #[schema(example = "An execution is done: its branch is delivered, and the tests were seen to pass.")]
    pub(crate) description: &'static str,
    /// A message such as it brings.
    #[schema(value_type = Object)]
    pub(crate) example: Value,
}

/// A message to a webhook, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookDelivery {
    /// Its id.
    id: Uuid,
    /// To which webhook.
    webhook_id: Uuid,
    /// The header `webhook-id`: the same however often this message is sent, also by hand.
    message_id: Uuid,
    /// What it tells of: a name of `GET /webhooks/events`, or `ping`.
    #[schema(example = "execution.completed")]
    event: String,
    /// The body, byte for byte: JSON.
    payload: String,
    /// How far it is.
    #[schema(schema_with = slugs::delivery_state)]
    state: &'static str,
    /// How often it was tried.
    attempts: u64,
    /// The status of the last answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 204)]
    last_status: Option<u16>,
    /// What went wrong at the last attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    /// The beginning of the last answer.
    response_excerpt: String,
    /// The first delivery of this message, where a person had it sent again.
    #[serde(skip_serializing_if = "Option::is_none")]
    redelivery_of: Option<Uuid>,
    /// When it was caused.
    created_at: Moment,
    /// When it last changed.
    updated_at: Moment,
    /// When it is tried next; absent where it is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_at: Option<Moment>,
}

impl From<WebhookDeliveryRow> for WebhookDelivery {
    fn from(row: WebhookDeliveryRow) -> Self {
        Self {
            id: row.id,
            webhook_id: row.endpoint,
            message_id: row.message_id(),
            event: row.event,
            payload: row.payload,
            state: DeliveryState::slug(row.state),
            attempts: row.attempts,
            last_status: row.last_status,
            last_error: row.last_error,
            response_excerpt: row.response_excerpt,
            redelivery_of: row.redelivery_of,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
            next_at: row.next_at.map(Into::into),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_once_and_everything_is_one_name() {
        let names = |names: &[&str]| distinct(&names.iter().map(ToString::to_string).collect::<Vec<_>>());
        let twice = ["execution.failed", "execution.started", "execution.failed"];
        assert_eq!(names(&twice), ["execution.started", "execution.failed"]);
        assert_eq!(names(&["execution.failed", "*"]), ["*"]);
    }
}
