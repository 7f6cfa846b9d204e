//! `/api/docs`: the OpenAPI document as a page to read and to try. Its files are in the binary; nothing is loaded from
//! elsewhere.

use crate::problem::{Answer, Code, Problem};
use axum::extract::Path;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Redirect};
use std::sync::{Arc, LazyLock};
use utoipa_swagger_ui::Config;

/// The page runs its own scripts and styles, and talks to this server only.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    font-src 'self'; connect-src 'self'; frame-ancestors 'none'";

static CONFIG: LazyLock<Arc<Config<'static>>> =
    LazyLock::new(|| Arc::new(Config::new(["/api/openapi.json"]).persist_authorization(false)));

/// The address with a slash at the end, which the page's own links count on.
pub(super) async fn index() -> Redirect {
    Redirect::permanent("/api/docs/index.html")
}

/// A file of the page.
pub(super) async fn file(Path(path): Path<String>) -> Answer<impl IntoResponse> {
    let file = utoipa_swagger_ui::serve(&path, Arc::clone(&CONFIG)).map_err(|_| Problem::internal())?;
    let file = file.ok_or_else(|| Problem::new(Code::NotFound, "there is nothing under this address"))?;
    let headers: [(HeaderName, String); 2] =
        [(header::CONTENT_TYPE, file.content_type), (header::CONTENT_SECURITY_POLICY, POLICY.to_owned())];
    Ok((headers, file.bytes.into_owned()))
}
