//! Who asks. A bearer's access token or API key, or the cookies of a browser that is signed in; for changes by cookie, with
//! the proof that our own page makes them.

use crate::app::App;
use crate::identity::{ACCESS_COOKIE, is_ours};
use crate::middleware::address;
use crate::problem::{Answer, Code, Problem};
use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Method, header};
use axum_extra::extract::CookieJar;
use squad_domain::Timestamp;
use squad_domain::ids::{OrgId, SessionId, UserId};
use squad_domain::permission::{OrgRole, Permission};
use squad_secrets::access::AccessError;
use squad_secrets::token::{Kind, OpaqueToken};
use squad_storage::{Author, UserRow};
use std::net::IpAddr;

/// Names the organization for one request, where it is not the session's own.
const ORGANIZATION: &str = "x-organization-id";

/// How somebody shows who they are.
#[derive(Debug, Clone)]
pub(crate) enum Origin {
    /// By a session.
    Session(SessionId),
    /// By an API key, with what it is good for.
    ApiKey {
        /// Which.
        id: uuid::Uuid,
        /// What it may be used for.
        scopes: Vec<Permission>,
        /// What it is looked up by.
        hash: String,
    },
}

/// Who asks, and in which organization.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) user: UserRow,
    pub(crate) origin: Origin,
    /// `None`: in no organization at all.
    pub(crate) organization: Option<(OrgId, OrgRole)>,
    pub(crate) address: IpAddr,
    pub(crate) at: Timestamp,
}

impl Caller {
    /// Who it is, for the audit log.
    pub(crate) fn author(&self) -> Author {
        let actor = match &self.origin {
            Origin::Session(_) => format!("user:{}", self.user.id),
            Origin::ApiKey { id, .. } => format!("api_key:{id}"),
        };
        Author { actor, address: self.address.to_string(), at: self.at }
    }

    /// Whether they still may, as the database has it now.
    pub(crate) async fn still_may(&self, app: &App, permission: Permission) -> Answer<bool> {
        let Some((org, _)) = self.organization else { return Ok(false) };
        let organization = match &self.origin {
            Origin::Session(session) => {
                let row = app.storage().caller(*session, Some(org), app.now()).await?;
                row.and_then(|row| row.organization)
            }
            Origin::ApiKey { hash, .. } => {
                app.storage().api_key_caller(hash, app.now()).await?.map(|row| row.organization)
            }
        };
        let role = organization.map(|organization| organization.role);
        Ok(role.is_some_and(|role| role.may(permission)))
    }

    /// Whether they may do it in their organization.
    pub(crate) fn may(&self, permission: Permission) -> bool {
        let role = self.organization.is_some_and(|(_, role)| role.may(permission));
        role && match &self.origin {
            Origin::Session(_) => true,
            Origin::ApiKey { scopes, .. } => scopes.contains(&permission),
        }
    }
}

impl<S> FromRequestParts<S> for Caller
where
    S: Send + Sync,
    App: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Answer<Self> {
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        let app = App::from_ref(state);
        let caller = identify(parts, &app).await?;
        app.limits().check_caller(&caller)?;
        parts.extensions.insert(caller.clone());
        Ok(caller)
    }
}

async fn identify(parts: &Parts, app: &App) -> Answer<Caller> {
    let (address, at) = (address::of(parts, app), app.now());
    let org = organization(parts)?;
    let shown = credentials(parts)?;
    if shown.starts_with(Kind::ApiKey.prefix()) {
        return by_key(app, &shown, org, address, at).await;
    }
    let claims = app.keys().verify(&shown, at).await.map_err(|error| {
        tracing::debug!(%error, "an access token was refused");
        match error {
            AccessError::Expired => {
                Problem::new(Code::TokenExpired, "renew the access token at `/auth/refresh`")
            }
            _ => nobody("the access token is not good; sign in again"),
        }
    })?;
    let row = app.storage().caller(claims.session, org, at).await?;
    let row = row
        .filter(|row| row.user.id == claims.user)
        .ok_or_else(|| nobody("the session is over; sign in again"))?;
    Ok(Caller {
        user: row.user,
        origin: Origin::Session(claims.session),
        organization: row.organization.map(|organization| (organization.id, organization.role)),
        address,
        at,
    })
}

async fn by_key(
    app: &App,
    shown: &str,
    org: Option<OrgId>,
    address: IpAddr,
    at: Timestamp,
) -> Answer<Caller> {
    let refused = || nobody("the API key is not good: it was revoked, has expired, or is mistyped");
    let key = OpaqueToken::parse_as(Kind::ApiKey, shown).map_err(|_| refused())?;
    let hash = key.hash().to_hex();
    let row = app.storage().api_key_caller(&hash, at).await?.ok_or_else(refused)?;
    if org.is_some_and(|org| org != row.organization.id) {
        return Err(Problem::not_found("organization"));
    }
    app.storage().touch_api_key(&row, at).await?;
    Ok(Caller {
        user: row.user,
        origin: Origin::ApiKey { id: row.key, scopes: row.scopes, hash },
        organization: Some((row.organization.id, row.organization.role)),
        address,
        at,
    })
}

fn nobody(detail: &str) -> Problem {
    Problem::new(Code::Unauthenticated, detail)
}

fn organization(parts: &Parts) -> Answer<Option<OrgId>> {
    let Some(value) = parts.headers.get(ORGANIZATION) else { return Ok(None) };
    let id = value.to_str().ok().and_then(|text| text.parse().ok());
    id.map(Some).ok_or_else(|| Problem::new(Code::BadRequest, "`x-organization-id` is no id"))
}

/// What the request shows: the header before the cookie.
fn credentials(parts: &Parts) -> Answer<String> {
    if let Some(value) = parts.headers.get(header::AUTHORIZATION) {
        let bearer = value.to_str().ok().and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
        });
        return bearer.ok_or_else(|| nobody("write `Authorization: Bearer <token>`"));
    }
    let jar = CookieJar::from_headers(&parts.headers);
    let Some(cookie) = jar.get(ACCESS_COOKIE) else {
        return Err(nobody("sign in, and send the access token as `Authorization: Bearer <token>`"));
    };
    let token = cookie.value().to_owned();
    let changes = !matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    let shown = parts.headers.get("x-csrf-token").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if changes && !is_ours(&token, shown) {
        return Err(Problem::new(
            Code::CsrfRefused,
            "send the value of the cookie `squad_csrf` as `x-csrf-token`",
        ));
    }
    Ok(token)
}

/// A person who is signed in. What is theirs alone (password, sessions, second factor) no API key reaches.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) user: UserRow,
    pub(crate) session: SessionId,
    pub(crate) caller: Caller,
}

impl Person {
    pub(crate) fn id(&self) -> UserId {
        self.user.id
    }
}

impl<S> FromRequestParts<S> for Person
where
    S: Send + Sync,
    App: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Answer<Self> {
        let caller = Caller::from_request_parts(parts, state).await?;
        match caller.origin {
            Origin::Session(session) => Ok(Self { user: caller.user.clone(), session, caller }),
            Origin::ApiKey { .. } => {
                Err(Problem::new(Code::Forbidden, "an API key cannot do this; sign in with your password"))
            }
        }
    }
}
