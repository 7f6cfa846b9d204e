//! The cookies of a browser that is signed in. The two that hold tokens cannot be read by any script.

use super::csrf;
use super::session::Tokens;
use crate::app::App;
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use squad_secrets::access::LIFETIME;

/// Holds the access token.
pub(crate) const ACCESS_COOKIE: &str = "squad_access";
/// Holds the refresh token. Sent to the routes of sign-in only.
pub(crate) const REFRESH_COOKIE: &str = "squad_refresh";
/// What our own page reads and shows in the header `x-csrf-token`.
const CSRF_COOKIE: &str = "squad_csrf";

const REFRESH_PATH: &str = "/api/v1/auth";

fn cookie(app: &App, name: &'static str, value: String, path: &'static str, seconds: i64) -> Cookie<'static> {
    Cookie::build((name, value))
        .path(path)
        .http_only(name != CSRF_COOKIE)
        .secure(app.config().is_secure())
        .same_site(SameSite::Strict)
        .max_age(time::Duration::seconds(seconds))
        .build()
}

/// The cookies of a session.
pub(super) fn set(app: &App, jar: CookieJar, tokens: &Tokens) -> CookieJar {
    let access_seconds = i64::try_from(LIFETIME.as_secs()).unwrap_or(i64::MAX);
    let (access, refresh) = (&tokens.access_token, &tokens.refresh_token);
    jar.add(cookie(app, ACCESS_COOKIE, access.clone(), "/api", access_seconds))
        .add(cookie(app, REFRESH_COOKIE, refresh.clone(), REFRESH_PATH, tokens.session_seconds))
        .add(cookie(app, CSRF_COOKIE, csrf::value(access), "/", access_seconds))
}

/// No cookies.
pub(super) fn clear(app: &App, jar: CookieJar) -> CookieJar {
    let names = [(ACCESS_COOKIE, "/api"), (REFRESH_COOKIE, REFRESH_PATH), (CSRF_COOKIE, "/")];
    names.into_iter().fold(jar, |jar, (name, path)| jar.add(cookie(app, name, String::new(), path, 0)))
}
