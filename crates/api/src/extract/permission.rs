//! Permissions as extractors: a handler that takes `Permitted<may::ReadSquads>` runs for nobody who may not, and gets
//! its organization's data from it, and from nowhere else.

use super::Caller;
use crate::app::App;
use crate::problem::{Answer, Code, Problem};
use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use squad_domain::ids::OrgId;
use squad_domain::permission::{OrgRole, Permission};
use squad_storage::{Author, Tenant};
use std::marker::PhantomData;

/// A permission as a type.
pub(crate) trait Needs {
    /// Which.
    const PERMISSION: Permission;
}

macro_rules! needs {
    ($($name:ident),+ $(,)?) => {
        /// The permissions of `squad_domain::permission`, as types.
        pub(crate) mod may {
            $(
                #[derive(Debug, Clone, Copy)]
                pub(crate) struct $name;

                impl super::Needs for $name {
                    const PERMISSION: squad_domain::permission::Permission =
                        squad_domain::permission::Permission::$name;
                }
            )+
        }
    };
}

needs!(
    ReadOrg,
    UpdateOrg,
    DeleteOrg,
    TransferOrg,
    ManageMembers,
    ReadAudit,
    ManageApiKeys,
    ManageWebhooks,
    ManageBudgets,
    ReadSquads,
    WriteSquads,
    ReadProjects,
    WriteProjects,
    ReadTasks,
    WriteTasks,
    ReadExecutions,
    StartExecutions,
    SteerExecutions,
    GiveFeedback,
);

/// A caller who may do it, with the view of their organization.
#[derive(Debug)]
pub(crate) struct Permitted<P> {
    pub(crate) caller: Caller,
    pub(crate) tenant: Tenant,
    pub(crate) role: OrgRole,
    permission: PhantomData<P>,
}

impl<P> Permitted<P> {
    /// For a caller who may do it where they are.
    pub(super) fn new(app: &App, caller: Caller) -> Answer<Self>
    where
        P: Needs,
    {
        let Some((org, role)) = caller.organization else {
            return Err(Problem::not_found("organization"));
        };
        let permitted = Self { caller, tenant: app.storage().tenant(org), role, permission: PhantomData };
        permitted.also(P::PERMISSION)?;
        Ok(permitted)
    }

    /// Makes sure that they may do this, too: where it depends on what exactly is asked for.
    pub(crate) fn also(&self, needed: Permission) -> Answer<()> {
        if self.caller.may(needed) {
            return Ok(());
        }
        let least = needed.least();
        let detail = format!(
            "this needs the permission `{needed}`: the role `{least}` or above, and a key with that scope"
        );
        Err(Problem::new(Code::Forbidden, detail))
    }

    /// Who it is, for the audit log.
    pub(crate) fn author(&self) -> Author {
        self.caller.author()
    }

    /// Where they are.
    pub(crate) fn org(&self) -> OrgId {
        self.tenant.org()
    }
}

impl<S, P: Needs> FromRequestParts<S> for Permitted<P>
where
    S: Send + Sync,
    App: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Answer<Self> {
        let caller = Caller::from_request_parts(parts, state).await?;
        Self::new(&App::from_ref(state), caller)
    }
}
