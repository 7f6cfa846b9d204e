//! Somebody's own account.

mod change_email;
mod change_password;
mod delete;
mod export;
mod second_factor;
mod sessions;
mod show;
mod update;

pub(super) use change_password::confirm;

use crate::app::App;
use crate::dto::user::User;
use crate::extract::Caller;
use serde::Serialize;
use squad_storage::Membership;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show::handler, update::handler))
        .routes(routes!(change_password::handler))
        .routes(routes!(change_email::handler))
        .routes(routes!(sessions::list))
        .routes(routes!(sessions::end))
        .routes(routes!(export::handler))
        .routes(routes!(delete::handler))
        .merge(second_factor::routes())
}

/// Somebody's own account, and where they belong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    /// The account.
    user: User,
    /// The organization that they work in now; absent where they are in none.
    #[serde(skip_serializing_if = "Option::is_none")]
    current_organization_id: Option<Uuid>,
    /// What they may do there, as `docs/permissions.md` names it.
    #[schema(example = json!(["squads:read", "executions:start"]))]
    permissions: Vec<&'static str>,
    /// Where they belong.
    organizations: Vec<Belonging>,
}

/// An organization that somebody is in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Belonging {
    /// Its id.
    id: Uuid,
    /// Its name.
    #[schema(example = "Analytical Engines")]
    name: String,
    /// What they are there.
    #[schema(schema_with = crate::dto::slugs::role)]
    role: &'static str,
}

impl Me {
    fn new(caller: Caller, memberships: Vec<Membership>) -> Self {
        let permissions = squad_domain::permission::Permission::ALL.iter();
        Self {
            permissions: permissions
                .filter(|permission| caller.may(**permission))
                .map(|p| p.slug())
                .collect(),
            current_organization_id: caller.organization.map(|(id, _)| id.0),
            user: caller.user.into(),
            organizations: memberships
                .into_iter()
                .map(|membership| Belonging {
                    id: membership.organization.id.0,
                    name: membership.organization.name,
                    role: membership.role.slug(),
                })
                .collect(),
        }
    }
}
