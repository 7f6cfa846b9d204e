//! `POST /webhooks`.

use super::fit_url;
use crate::app::App;
use crate::dto::webhook::{CreateWebhook, WebhookWithSecret, distinct};
use crate::extract::{Json, Permitted, Versioned, may};
use crate::problem::{Answer, Code, Problem};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use squad_integrations::webhook::seal_secret;
use squad_secrets::webhook::WebhookSecret;
use squad_storage::{NewWebhookEndpoint, Page, Tenant};

/// Webhooks that an organization may have: each of them makes every event that is told cost one more row.
const MOST: u64 = 50;

/// Makes a webhook
///
/// The answer holds its secret, which is not shown again. Messages are signed with it as the Standard Webhooks
/// specification says.
#[utoipa::path(
    post,
    path = "/webhooks",
    operation_id = "create_webhook",
    tag = "webhooks",
    extensions(("x-permission" = json!("webhooks:manage"))),
    request_body = CreateWebhook,
    responses((
        status = 201,
        description = "The webhook, with its secret",
        body = WebhookWithSecret,
        headers(("location" = String, description = "Its address")),
    )),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    permitted: Permitted<may::ManageWebhooks>,
    Json(body): Json<CreateWebhook>,
) -> Answer<impl IntoResponse> {
    let url = fit_url(&app, &body.url)?;
    check_room(&permitted.tenant).await?;
    let (id, secret) = (app.new_id(), WebhookSecret::generate());
    let new = NewWebhookEndpoint {
        id,
        url,
        description: body.description,
        events: distinct(&body.events),
        secret_sealed: seal_secret(app.master(), permitted.org(), id, &secret),
    };
    let row = permitted.tenant.create_webhook_endpoint(&permitted.author(), new).await?;
    let location = [(header::LOCATION, format!("/api/v1/webhooks/{id}"))];
    let version = row.version;
    let shown = WebhookWithSecret { webhook: row.into(), secret: secret.to_text().to_string() };
    Ok((StatusCode::CREATED, location, Versioned(version, shown)))
}

/// Requests that come at the same moment may go beyond it by a few, which does no harm.
async fn check_room(tenant: &Tenant) -> Answer<()> {
    let there = tenant.webhook_endpoints(Page { limit: MOST, before: None }).await?;
    if (there.len() as u64) < MOST {
        return Ok(());
    }
    Err(Problem::new(
        Code::Conflict,
        format!("there are {MOST} webhooks already; delete one that is not needed"),
    ))
}
