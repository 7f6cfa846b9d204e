//! JSON bodies: read, then checked by their own rules.

use crate::problem::{Code, FieldError, Problem};
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use garde::Validate;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A JSON body that fits, or a JSON answer.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<S, T> FromRequest<S> for Json<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Validate<Context = ()>,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if kind != "application/json" && !kind.ends_with("+json") {
            return Err(Problem::new(
                Code::UnsupportedMediaType,
                "send JSON, with the header `content-type: application/json`",
            ));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|error| {
            if error.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
                Problem::new(Code::TooLarge, "the body is larger than this route takes")
            } else {
                Problem::new(Code::BadRequest, "the body broke off")
            }
        })?;
        let mut json = serde_json::Deserializer::from_slice(&bytes);
        let value: T = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let (path, inner) = (error.path().to_string(), error.into_inner());
            if inner.is_syntax() || inner.is_eof() {
                return Problem::new(Code::BadRequest, format!("the body is no JSON: {inner}"));
            }
            Problem::field(if path == "." { "" } else { &path }, plain(&inner))
        })?;
        json.end().map_err(|_| Problem::new(Code::BadRequest, "something follows after the JSON value"))?;
        value.validate().map_err(|report| {
            Problem::fields(
                report
                    .iter()
                    .map(|(path, error)| FieldError { field: path.to_string(), message: error.to_string() })
                    .collect(),
            )
        })?;
        Ok(Self(value))
    }
}

/// Without the place in the text: the path says it better.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}
