//! Signing in, renewing, signing out: tokens for programs, cookies for browsers.

use super::cookies;
use super::csrf;
use crate::app::App;
use crate::dto::user::User;
use crate::problem::{Answer, Code, Problem};
use axum::http::HeaderMap;
use axum_extra::extract::CookieJar;
use serde::Serialize;
use squad_domain::Timestamp;
use squad_domain::ids::{SessionId, UserId};
use squad_secrets::access::LIFETIME;
use squad_secrets::token::{Kind, OpaqueToken};
use squad_storage::{NewSession, Rotation, UserRow};
use std::net::IpAddr;
use std::time::Duration;
use utoipa::ToSchema;

/// How long a session lives without being used.
const SESSION: Duration = Duration::from_secs(30 * 24 * 3600);
/// What is kept of a browser's name for itself, in characters.
const USER_AGENT: usize = 200;

/// On what somebody signs in.
pub(crate) struct Device {
    user_agent: String,
    pub(crate) address: IpAddr,
}

impl Device {
    pub(crate) fn new(headers: &HeaderMap, address: IpAddr) -> Self {
        let agent = headers.get("user-agent").map(|value| String::from_utf8_lossy(value.as_bytes()));
        Self { user_agent: agent.unwrap_or_default().chars().take(USER_AGENT).collect(), address }
    }
}

/// The tokens of a session.
pub(crate) struct Tokens {
    pub(super) access_token: String,
    pub(super) refresh_token: String,
    pub(super) session_seconds: i64,
}

/// Somebody who has just signed in, or renewed.
pub(crate) struct SignedIn {
    pub(crate) user: UserRow,
    tokens: Tokens,
}

/// Somebody who is signed in. Programs get tokens; browsers, which asked for cookies, get a value for `x-csrf-token`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignedInBody {
    /// Whose session it is.
    user: User,
    /// Goes into `Authorization: Bearer …`. Absent where cookies were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    /// Good once, for `POST /auth/refresh`. Absent where cookies were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// Goes into `x-csrf-token` with every change. Present where cookies were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    csrf_token: Option<String>,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds until the access token expires.
    #[schema(example = 600)]
    expires_in: u64,
}

/// Begins a session.
pub(crate) async fn sign_in(app: &App, user: UserRow, device: Device, now: Timestamp) -> Answer<SignedIn> {
    let refresh = OpaqueToken::new(Kind::Refresh);
    let id = SessionId(app.new_id());
    let session = NewSession {
        id,
        user: user.id,
        user_agent: device.user_agent,
        address: device.address.to_string(),
        refresh_hash: refresh.hash().to_hex(),
        at: now,
        expires_at: now + SESSION,
    };
    app.storage().open_session(session).await?;
    Ok(SignedIn { tokens: tokens(app, user.id, id, &refresh, now)?, user })
}

/// Exchanges a refresh token. One that was exchanged before ends the session: somebody has a copy.
pub(crate) async fn renew(app: &App, shown: &str, now: Timestamp) -> Answer<SignedIn> {
    let over = || Problem::new(Code::RefreshRefused, "the session is over; sign in again");
    let shown = OpaqueToken::parse_as(Kind::Refresh, shown).map_err(|_| over())?;
    let next = OpaqueToken::new(Kind::Refresh);
    let storage = app.storage();
    let hashes = (shown.hash().to_hex(), next.hash().to_hex());
    let session = match storage.rotate_refresh_token(&hashes.0, &hashes.1, now, now + SESSION).await? {
        Rotation::Done(session) => session,
        Rotation::Reused(session) => {
            tracing::warn!(session = %session.id, user = %session.user, "a refresh token came twice: the session was ended");
            return Err(over());
        }
        Rotation::Refused => return Err(over()),
    };
    let account = storage.account(session.user).await?.ok_or_else(over)?;
    Ok(SignedIn { tokens: tokens(app, session.user, session.id, &next, now)?, user: account.user })
}

fn tokens(
    app: &App,
    user: UserId,
    session: SessionId,
    refresh: &OpaqueToken,
    now: Timestamp,
) -> Answer<Tokens> {
    let access_token = app.keys().issue(user, session, now).map_err(|_| Problem::internal())?;
    Ok(Tokens {
        access_token,
        refresh_token: refresh.expose().to_owned(),
        session_seconds: i64::try_from(SESSION.as_secs()).unwrap_or(i64::MAX),
    })
}

impl SignedIn {
    /// The answer: tokens in the body, or in cookies.
    pub(crate) fn answer(
        self,
        app: &App,
        jar: CookieJar,
        by_cookie: bool,
    ) -> (CookieJar, axum::Json<SignedInBody>) {
        let Self { user, tokens } = self;
        let jar = if by_cookie { cookies::set(app, jar, &tokens) } else { jar };
        let body = SignedInBody {
            user: user.into(),
            csrf_token: by_cookie.then(|| csrf::value(&tokens.access_token)),
            access_token: (!by_cookie).then_some(tokens.access_token),
            refresh_token: (!by_cookie).then_some(tokens.refresh_token),
            token_type: "Bearer",
            expires_in: LIFETIME.as_secs(),
        };
        (jar, axum::Json(body))
    }
}

/// Takes the cookies of a session back.
pub(crate) fn end_cookies(app: &App, jar: CookieJar) -> CookieJar {
    cookies::clear(app, jar)
}
