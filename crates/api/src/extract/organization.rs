//! An organization that the path names as `{id}`: the caller's present one, or another one that they are in. An API key
//! stays in its own.

use super::permission::Needs;
use super::{Caller, Origin, Path, Permitted};
use crate::app::App;
use crate::problem::{Answer, Code, Problem};
use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use squad_domain::ids::OrgId;
use squad_storage::Membership;
use std::collections::HashMap;

/// A caller who may do it in the organization of the path, with their view of that one.
#[derive(Debug)]
pub(crate) struct InOrganization<P> {
    pub(crate) permitted: Permitted<P>,
    pub(crate) membership: Membership,
}

impl<S, P: Needs> FromRequestParts<S> for InOrganization<P>
where
    S: Send + Sync,
    App: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Answer<Self> {
        let (app, mut caller) = (App::from_ref(state), Caller::from_request_parts(parts, state).await?);
        let Path(named) = Path::<HashMap<String, String>>::from_request_parts(parts, state).await?;
        let unknown = || Problem::new(Code::NotFound, "you are in no organization with this id");
        let id: OrgId = named.get("id").and_then(|id| id.parse().ok()).ok_or_else(unknown)?;
        if matches!(caller.origin, Origin::ApiKey { .. })
            && caller.organization.is_none_or(|(own, _)| own != id)
        {
            return Err(unknown());
        }
        let membership = app.storage().membership(caller.user.id, id).await?.ok_or_else(unknown)?;
        caller.organization = Some((id, membership.role));
        Ok(Self { permitted: Permitted::new(&app, caller)?, membership })
    }
}
