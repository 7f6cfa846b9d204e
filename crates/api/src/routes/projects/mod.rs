//! Projects: repositories, and what it takes to work in them.

mod create;
mod credentials;
mod delete;
mod detect;
mod list;
mod show;
mod update;

use crate::app::App;
use crate::extract::Permitted;
use crate::problem::{Answer, Problem};
use squad_storage::ProjectRow;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::handler, create::handler))
        .routes(routes!(show::handler, update::handler, delete::handler))
        .routes(routes!(credentials::set, credentials::remove))
        .routes(routes!(detect::handler))
}

/// A project of the caller's organization.
async fn find<P>(permitted: &Permitted<P>, id: Uuid) -> Answer<ProjectRow> {
    permitted.tenant.project(id).await?.ok_or_else(|| Problem::not_found("project"))
}

/// Hosts that a setup command may reach.
fn hosts(hosts: &[String], (): &()) -> garde::Result {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '*' | ':');
    if hosts.len() <= 100
        && hosts.iter().all(|host| (1..=253).contains(&host.len()) && host.chars().all(plain))
    {
        return Ok(());
    }
    Err(garde::Error::new("are at most 100 names such as `registry.example.com` or `*.example.com`"))
}

/// The same, where a change brings some.
fn changed_hosts(changed: &Option<Vec<String>>, context: &()) -> garde::Result {
    changed.as_deref().map_or(Ok(()), |changed| hosts(changed, context))
}

/// At most `N` bytes of text, where a change brings some.
fn changed_text<const N: usize>(text: &Option<Option<String>>, context: &()) -> garde::Result {
    text.as_ref().map_or(Ok(()), |text| crate::dto::rules::optional_at_most::<N>(text, context))
}
