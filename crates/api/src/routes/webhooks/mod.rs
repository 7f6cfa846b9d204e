//! Telling other systems: who is told of what, and what became of it.

mod create;
mod delete;
mod deliveries;
mod events;
mod list;
mod redeliver;
mod rotate_secret;
mod show;
mod test;
mod update;

use crate::app::App;
use crate::extract::{Permitted, may};
use crate::problem::{Answer, Code, Problem};
use squad_integrations::webhook::check_url;
use squad_storage::WebhookEndpointRow;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

/// Longest URL, in characters.
const LONGEST_URL: usize = 2048;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::handler, create::handler))
        .routes(routes!(events::handler))
        .routes(routes!(show::handler, update::handler, delete::handler))
        .routes(routes!(rotate_secret::handler))
        .routes(routes!(test::handler))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::show))
        .routes(routes!(redeliver::handler))
}

/// A webhook of the caller's organization.
async fn find(permitted: &Permitted<may::ManageWebhooks>, id: Uuid) -> Answer<WebhookEndpointRow> {
    permitted.tenant.webhook_endpoint(id).await?.ok_or_else(|| Problem::not_found("webhook"))
}

/// Nothing is sent to a webhook that is switched off: whoever wants something sent learns of it at once.
async fn find_active(permitted: &Permitted<may::ManageWebhooks>, id: Uuid) -> Answer<WebhookEndpointRow> {
    let row = find(permitted, id).await?;
    if row.active {
        return Ok(row);
    }
    Err(Problem::new(Code::Conflict, "the webhook is switched off; set its `active` to true first"))
}

/// A URL as it is kept, where webhooks may go there. Its name is looked up when something is sent: until then it may
/// change.
fn fit_url(app: &App, text: &str) -> Answer<String> {
    if text.chars().count() > LONGEST_URL {
        return Err(Problem::field("url", format!("is at most {LONGEST_URL} characters long")));
    }
    let url = check_url(text, app.config().webhook_policy)
        .map_err(|error| Problem::field("url", error.to_string()))?;
    Ok(url.into())
}
