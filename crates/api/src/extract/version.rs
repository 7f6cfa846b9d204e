//! Versions: what is read comes with an `ETag`; a change with `If-Match` is made to that version or not at all.

use crate::problem::{Code, Problem};
use axum::extract::FromRequestParts;
use axum::http::header::{ETAG, IF_MATCH};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// The version that a change is meant for; `None`: whatever is there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IfMatch(pub(crate) Option<u64>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(IF_MATCH) else { return Ok(Self(None)) };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self(None));
        }
        // A proxy that compressed the answer may have made its tag a weak one.
        let digits = text.trim_start_matches("W/").trim_matches('"');
        let version = digits.parse().map_err(|_| {
            Problem::new(
                Code::BadRequest,
                "`If-Match` is not an `ETag` of ours: send it as it came, or leave it out",
            )
        })?;
        Ok(Self(Some(version)))
    }
}

/// A JSON answer with its version.
#[derive(Debug)]
pub(crate) struct Versioned<T>(pub(crate) u64, pub(crate) T);

impl<T: Serialize> IntoResponse for Versioned<T> {
    fn into_response(self) -> Response {
        ([(ETAG, format!("\"{}\"", self.0))], axum::Json(self.1)).into_response()
    }
}
