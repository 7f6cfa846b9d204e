//! `POST /auth/refresh`.

use crate::app::App;
use crate::extract::Json;
use crate::identity::{ACCESS_COOKIE, REFRESH_COOKIE, SignedInBody, end_cookies, renew};
use crate::problem::{Answer, Code, Problem};
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum_extra::extract::CookieJar;
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;

/// What renews a session.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
pub(crate) struct Refresh {
    /// The refresh token; left out where it is in the cookie.
    #[garde(inner(length(max = 200)))]
    #[schema(example = "sqr_000000000000000000000000000000000000000000034onZ8")]
    refresh_token: Option<String>,
}

/// Renews a session
///
/// Each refresh token is good once, and gives the next one. One that comes a second time ends the session: somebody has a
/// copy of it.
#[utoipa::path(
    post,
    path = "/auth/refresh",
    operation_id = "refresh",
    tag = "identity",
    request_body = Refresh,
    responses((status = 200, description = "Renewed", body = SignedInBody)),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    jar: CookieJar,
    Json(body): Json<Refresh>,
) -> Answer<Response> {
    let in_cookie = jar.get(REFRESH_COOKIE).map(|cookie| cookie.value().to_owned());
    let by_cookie = body.refresh_token.is_none();
    let token = body.refresh_token.or(in_cookie);
    let token =
        token.ok_or_else(|| Problem::new(Code::RefreshRefused, "there is no session to renew; sign in"))?;
    match renew(&app, &token, app.now()).await {
        Ok(renewed) => Ok(renewed.answer(&app, jar, by_cookie).into_response()),
        // A browser forgets what is not good any more.
        Err(problem)
            if by_cookie && problem.code() == Code::RefreshRefused && jar.get(ACCESS_COOKIE).is_some() =>
        {
            Ok((end_cookies(&app, jar), problem).into_response())
        }
        Err(problem) => Err(problem),
    }
}
