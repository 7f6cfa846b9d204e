//! What went wrong, as RFC 9457 `application/problem+json`: a stable code for programs, a sentence for people that says
//! what to do.

use crate::middleware::request_id;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use squad_engine::EngineError;
use squad_storage::StorageError;
use std::time::Duration;
use utoipa::ToSchema;

macro_rules! codes {
    ($($variant:ident $status:ident $slug:literal $title:literal),+ $(,)?) => {
        /// What went wrong, for programs. Codes never change their meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum Code { $(#[doc = $title] #[serde(rename = $slug)] $variant,)+ }

        impl Code {
            const fn parts(self) -> (StatusCode, &'static str, &'static str) {
                match self { $(Self::$variant => (StatusCode::$status, $slug, $title),)+ }
            }
        }
    };
}

codes! {
    BadRequest BAD_REQUEST "bad_request" "The request cannot be read",
    InvalidCursor BAD_REQUEST "invalid_cursor" "The cursor is not one of ours",
    Unauthenticated UNAUTHORIZED "unauthenticated" "Nobody is signed in",
    TokenExpired UNAUTHORIZED "token_expired" "The access token has expired",
    SignInRefused UNAUTHORIZED "sign_in_refused" "Address and password do not match",
    SecondFactorRequired UNAUTHORIZED "second_factor_required" "A code of the second factor is needed",
    RefreshRefused UNAUTHORIZED "refresh_refused" "The session is over",
    Forbidden FORBIDDEN "forbidden" "Not allowed",
    CsrfRefused FORBIDDEN "csrf_refused" "The request does not come from our own page",
    EmailNotVerified FORBIDDEN "email_not_verified" "The address is not verified yet",
    RegistrationClosed FORBIDDEN "registration_closed" "Registration is closed",
    NotFound NOT_FOUND "not_found" "There is no such thing",
    MethodNotAllowed METHOD_NOT_ALLOWED "method_not_allowed" "The method does not fit here",
    NotAcceptable NOT_ACCEPTABLE "not_acceptable" "The answer cannot be given in that form",
    Conflict CONFLICT "conflict" "It does not fit what is there",
    IdempotencyInProgress CONFLICT "idempotency_in_progress" "The first request with this key is still under way",
    CursorExpired GONE "cursor_expired" "The stream no longer begins there",
    LinkRefused GONE "link_refused" "The link is not good any more",
    Stale PRECONDITION_FAILED "stale" "It was changed in the meantime",
    TooLarge PAYLOAD_TOO_LARGE "too_large" "The request is too large",
    UnsupportedMediaType UNSUPPORTED_MEDIA_TYPE "unsupported_media_type" "The body is not JSON",
    Invalid UNPROCESSABLE_ENTITY "invalid" "A value does not fit",
    IdempotencyMismatch UNPROCESSABLE_ENTITY "idempotency_mismatch" "The key belongs to another request",
    RateLimited TOO_MANY_REQUESTS "rate_limited" "Too many requests",
    Internal INTERNAL_SERVER_ERROR "internal" "Something failed on our side",
    Unavailable SERVICE_UNAVAILABLE "unavailable" "The database does not answer",
}

/// A value that does not fit.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// Which one: `members[2].name`.
    #[schema(example = "email")]
    pub(crate) field: String,
    /// Why, and what would fit.
    #[schema(example = "write an address such as `ada@example.com`")]
    pub(crate) message: String,
}

/// An error as RFC 9457 has it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProblemBody {
    /// The code as a name for the kind of problem.
    #[schema(example = "urn:agent-squad:problem:not_found")]
    r#type: String,
    /// What is generally wrong.
    #[schema(example = "There is no such thing")]
    title: &'static str,
    /// The HTTP status.
    #[schema(example = 404)]
    status: u16,
    /// What went wrong, for programs.
    code: Code,
    /// What is wrong in this case, and what to do.
    #[schema(example = "there is no squad `019a8f00-0000-7000-8000-000000000001`")]
    detail: String,
    /// The values that do not fit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    /// The request, as logs name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

/// An error on its way out.
#[derive(Debug)]
pub(crate) struct Problem {
    code: Code,
    detail: String,
    errors: Vec<FieldError>,
    retry_after: Option<Duration>,
    etag: Option<u64>,
}

/// What handlers give back.
pub(crate) type Answer<T> = Result<T, Problem>;

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), errors: Vec::new(), retry_after: None, etag: None }
    }

    /// There is none, or it is somebody else's: nobody can tell which.
    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("there is no such {what} in this organization"))
    }

    /// One value does not fit.
    pub(crate) fn field(field: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self::fields(vec![FieldError { field: field.to_owned(), message }])
    }

    pub(crate) fn fields(errors: Vec<FieldError>) -> Self {
        let detail = errors
            .iter()
            .map(|error| {
                if error.field.is_empty() {
                    error.message.clone()
                } else {
                    format!("`{}`: {}", error.field, error.message)
                }
            })
            .collect::<Vec<_>>()
            .join("; ");
        Self { errors, ..Self::new(Code::Invalid, detail) }
    }

    /// It is at another version than the one that the change was made for.
    pub(crate) fn stale(version: u64) -> Self {
        let detail = format!("it is at version {version} now: read it again, and repeat the change on that");
        Self { etag: Some(version), ..Self::new(Code::Stale, detail) }
    }

    pub(crate) fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// As JSON, for streams that have begun already.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        let (status, slug, title) = self.code.parts();
        serde_json::json!({ "status": status.as_u16(), "code": slug, "title": title, "detail": self.detail })
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, slug, title) = self.code.parts();
        let body = ProblemBody {
            r#type: format!("urn:agent-squad:problem:{slug}"),
            title,
            status: status.as_u16(),
            code: self.code,
            detail: self.detail,
            errors: self.errors,
            request_id: request_id::current(),
        };
        let mut response = (status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"agent-squad\""));
        }
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        if let Some(version) = self.etag
            && let Ok(value) = HeaderValue::from_str(&format!("\"{version}\""))
        {
            headers.insert(header::ETAG, value);
        }
        response
    }
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::NotFound { what } => Self::new(Code::NotFound, format!("{what} does not exist")),
            StorageError::Busy
            | StorageError::Silent { .. }
            | StorageError::Full(_)
            | StorageError::Unreachable { .. }
            | StorageError::Closed => {
                tracing::error!(%error, "the database does not answer");
                Self::new(Code::Unavailable, "the database does not answer; try again in a moment")
                    .retry_after(Duration::from_secs(2))
            }
            _ => {
                tracing::error!(%error, "the database failed");
                Self::internal()
            }
        }
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Storage(error) => error.into(),
            EngineError::NotFound(_) => Self::not_found("execution"),
            EngineError::Ended { .. }
            | EngineError::NoSuchQuestion { .. }
            | EngineError::Held { .. }
            | EngineError::LeaseLost(_) => Self::new(Code::Conflict, error.to_string()),
            EngineError::UnfitAnswer(_)
            | EngineError::NoSuchMember { .. }
            | EngineError::Squad(_)
            | EngineError::Member { .. }
            | EngineError::UnknownPrice(_)
            | EngineError::Repository(_)
            | EngineError::Models(_) => Self::new(Code::Invalid, error.to_string()),
            EngineError::BrokenLog { .. } | EngineError::WeakerSandbox { .. } | EngineError::Io { .. } => {
                tracing::error!(%error, "the engine failed");
                Self::internal()
            }
        }
    }
}

impl Problem {
    /// Something failed that is none of the caller's business; the log has it under the request's id.
    pub(crate) fn internal() -> Self {
        Self::new(
            Code::Internal,
            "something failed on our side; the server's log has it under this request's id",
        )
    }
}
