//! The job that delivers an event.

use super::request::{self, Answer};
use super::resolve::Resolver;
use super::secret::{SecretError, open_secret};
use super::target::{self, Policy, TargetError};
use crate::jobs::{Attempt, Handler};
use async_trait::async_trait;
use squad_domain::Timestamp;
use squad_domain::ids::OrgId;
use squad_secrets::seal::MasterKeys;
use squad_secrets::webhook::{WebhookSecret, sign};
use squad_storage::{
    Author, DeliverWebhook, DeliveryAttempt, DeliveryState, JobFailure, Storage, StorageError, Tenant,
    WebhookDeliveryRow, WebhookEndpointRow,
};
use std::sync::Arc;
use std::time::Duration;

/// The endpoint says that it is gone for good.
const GONE: u16 = 410;

/// Performs [`DeliverWebhook`].
pub struct WebhookHandler {
    storage: Storage,
    keys: Arc<MasterKeys>,
    resolver: Arc<dyn Resolver>,
    policy: Policy,
}

impl std::fmt::Debug for WebhookHandler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookHandler").field("policy", &self.policy).finish_non_exhaustive()
    }
}

/// Why an attempt brought nothing.
enum Problem {
    /// It may work later.
    Retry(Outcome),
    /// It will never work.
    Fail(Outcome),
}

/// What is known of an attempt.
#[derive(Default)]
struct Outcome {
    status: Option<u16>,
    excerpt: String,
    error: Option<String>,
}

impl Outcome {
    fn error(error: &impl ToString) -> Self {
        Self { error: Some(error.to_string()), ..Self::default() }
    }
}

impl WebhookHandler {
    /// Signs with secrets that were sealed with `keys`, and sends where `policy` lets it.
    #[must_use]
    pub fn new(storage: Storage, keys: Arc<MasterKeys>, resolver: Arc<dyn Resolver>, policy: Policy) -> Self {
        Self { storage, keys, resolver, policy }
    }

    async fn attempt(
        &self,
        org: OrgId,
        delivery: &WebhookDeliveryRow,
        endpoint: &WebhookEndpointRow,
        now: Timestamp,
    ) -> Result<Outcome, Problem> {
        if !endpoint.active {
            return Err(Problem::Fail(Outcome::error(&"the webhook is switched off")));
        }
        // Whoever runs the platform can bring a missing master key back.
        let secrets =
            self.secrets(org, endpoint, now).map_err(|error| Problem::Retry(Outcome::error(&error)))?;
        let target =
            target::check(&endpoint.url, self.policy, &*self.resolver).await.map_err(
                |error| match error {
                    TargetError::Unresolved { .. } => Problem::Retry(Outcome::error(&error)),
                    _ => Problem::Fail(Outcome::error(&error)),
                },
            )?;
        let id = delivery.message_id().to_string();
        let signed = sign(&secrets, &id, now, delivery.payload.as_bytes())
            .map_err(|error| Problem::Fail(Outcome::error(&error)))?;
        let answer = request::post(target, signed, delivery.payload.clone()).await;
        judge(answer.map_err(|error| Problem::Retry(Outcome::error(&unanswered(&error))))?)
    }

    /// The secret, and the one before it as long as both sign.
    fn secrets(
        &self,
        org: OrgId,
        endpoint: &WebhookEndpointRow,
        now: Timestamp,
    ) -> Result<Vec<WebhookSecret>, SecretError> {
        let old = endpoint.old_secret.as_ref().filter(|(_, until)| now < *until).map(|(sealed, _)| sealed);
        std::iter::once(&endpoint.secret_sealed)
            .chain(old)
            .map(|sealed| open_secret(&self.keys, org, endpoint.id, sealed))
            .collect()
    }
}

fn judge(answer: Answer) -> Result<Outcome, Problem> {
    let Answer { status, location, excerpt } = answer;
    let outcome = |error| Outcome { status: Some(status), excerpt, error };
    match status {
        200..300 => Ok(outcome(None)),
        GONE => Err(Problem::Fail(outcome(Some(
            "it answered 410: it is gone for good, so the webhook was switched off".to_owned(),
        )))),
        300..400 => {
            let to = location.map(|location| format!(" to `{location}`")).unwrap_or_default();
            let error = format!(
                "it answered {status}, a redirect{to}; redirects are not followed: set the final URL"
            );
            Err(Problem::Retry(outcome(Some(error))))
        }
        _ => Err(Problem::Retry(outcome(Some(format!("it answered {status}; a status of 2xx is expected"))))),
    }
}

/// Why there was no answer. Without the URL, in which its owner may have put a secret.
fn unanswered(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("it did not answer within {} seconds", request::TIME_OUT.as_secs());
    }
    let mut innermost: &dyn std::error::Error = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    let what = if error.is_connect() { "it cannot be reached" } else { "its answer cannot be read" };
    format!("{what}: {innermost}")
}

/// The database may answer later.
fn later(error: &StorageError) -> JobFailure {
    JobFailure::Retry(error.to_string())
}

#[async_trait]
impl Handler<DeliverWebhook> for WebhookHandler {
    /// Looking the name up and writing down what came of it take time, too.
    fn time_out(&self) -> Duration {
        request::TIME_OUT * 3
    }

    async fn perform(&self, job: DeliverWebhook, attempt: Attempt) -> Result<(), JobFailure> {
        let tenant = self.storage.tenant(job.org);
        // Deleted with its endpoint.
        let Some(delivery) = tenant.webhook_delivery(job.delivery).await.map_err(|error| later(&error))?
        else {
            return Ok(());
        };
        if delivery.state != DeliveryState::Pending {
            return Ok(());
        }
        let Some(endpoint) =
            tenant.webhook_endpoint(delivery.endpoint).await.map_err(|error| later(&error))?
        else {
            return Ok(());
        };
        let result = self.attempt(job.org, &delivery, &endpoint, attempt.now).await;
        let (outcome, state, next_at) = match &result {
            Ok(outcome) => (outcome, DeliveryState::Delivered, None),
            Err(Problem::Fail(outcome)) => (outcome, DeliveryState::Failed, None),
            Err(Problem::Retry(outcome)) => match attempt.retry_at {
                Some(at) => (outcome, DeliveryState::Pending, Some(at)),
                None => (outcome, DeliveryState::Failed, None),
            },
        };
        let record = DeliveryAttempt {
            at: attempt.now,
            status: outcome.status,
            error: outcome.error.clone(),
            excerpt: outcome.excerpt.clone(),
            state,
            next_at,
        };
        tenant.record_webhook_attempt(delivery.id, record).await.map_err(|error| later(&error))?;
        if outcome.status == Some(GONE) {
            switch_off(&tenant, &endpoint, attempt.now).await.map_err(|error| later(&error))?;
        }
        match result {
            Ok(_) => Ok(()),
            Err(Problem::Retry(outcome)) => Err(JobFailure::Retry(outcome.error.unwrap_or_default())),
            // Its owner reads of it in the log of deliveries; whoever runs the platform can do nothing about it.
            Err(Problem::Fail(_)) => Ok(()),
        }
    }
}

async fn switch_off(
    tenant: &Tenant,
    endpoint: &WebhookEndpointRow,
    at: Timestamp,
) -> Result<(), StorageError> {
    let author = Author { actor: "system".to_owned(), address: String::new(), at };
    tenant.disable_webhook_endpoint(&author, endpoint.id, "it answered 410: it is gone for good").await?;
    Ok(())
}
