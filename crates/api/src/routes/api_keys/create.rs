//! `POST /api-keys`.

use crate::app::App;
use crate::dto::api_key::{ApiKey, CreatedApiKey};
use crate::dto::moment::Moment;
use crate::dto::{rules, slugs};
use crate::extract::{Json, Permitted, Person, may};
use crate::problem::{Answer, Code, FieldError, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::IntoResponse;
use garde::Validate;
use serde::Deserialize;
use squad_domain::Timestamp;
use squad_domain::permission::{OrgRole, Permission};
use squad_secrets::token::{Kind, OpaqueToken};
use squad_storage::{ApiKeyCreation, ApiKeyRow, MAX_API_KEYS, NewApiKey};
use utoipa::ToSchema;

/// A key that shall be.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct CreateApiKey {
    /// What it is called.
    #[garde(custom(rules::name))]
    #[schema(example = "nightly build")]
    name: String,
    /// What it may be used for: no more than its owner may do.
    #[garde(length(min = 1, max = 100))]
    #[schema(schema_with = slugs::permissions, example = json!(["executions:read", "executions:start"]))]
    scopes: Vec<Permission>,
    /// Until when it shall be good; left out: until it is revoked.
    #[garde(skip)]
    expires_at: Option<Moment>,
}

/// Makes an API key
///
/// For the present organization. The secret is shown this once. No API key makes others.
#[utoipa::path(
    post,
    path = "/api-keys",
    operation_id = "create_api_key",
    tag = "account",
    extensions(("x-permission" = json!("api_keys:manage"))),
    request_body = CreateApiKey,
    responses((status = 201, description = "The key, with its secret", body = CreatedApiKey, headers(("location" = String, description = "Its address")))),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    permitted: Permitted<may::ManageApiKeys>,
    person: Person,
    Json(mut body): Json<CreateApiKey>,
) -> Answer<impl IntoResponse> {
    body.scopes.sort_unstable();
    body.scopes.dedup();
    fits(&body, permitted.role, permitted.caller.at)?;
    let secret = OpaqueToken::new(Kind::ApiKey);
    let new = NewApiKey {
        id: app.new_id(),
        user: person.id(),
        name: body.name.trim().to_owned(),
        hash: secret.hash().to_hex(),
        hint: secret.hint(),
        scopes: body.scopes,
        expires_at: body.expires_at.map(|at| at.0),
    };
    let row = created(permitted.tenant.create_api_key(&permitted.author(), new).await?)?;
    let location = format!("/api/v1/api-keys/{}", row.id);
    let body = CreatedApiKey { api_key: ApiKey::from(row), secret: secret.expose().to_owned() };
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(body)))
}

/// Whether the owner may do all that the key shall do, and the key is good for a while.
fn fits(body: &CreateApiKey, role: OrgRole, now: Timestamp) -> Answer<()> {
    let beyond = body.scopes.iter().filter(|scope| !role.may(**scope));
    let mut errors: Vec<FieldError> = beyond
        .map(|scope| FieldError {
            field: "scopes".to_owned(),
            message: format!("`{scope}` is more than the role `{role}` may do; leave it out"),
        })
        .collect();
    if body.expires_at.is_some_and(|at| at.0 <= now) {
        errors.push(FieldError { field: "expires_at".to_owned(), message: "is a moment to come".to_owned() });
    }
    if errors.is_empty() { Ok(()) } else { Err(Problem::fields(errors)) }
}

fn created(outcome: ApiKeyCreation) -> Answer<ApiKeyRow> {
    match outcome {
        ApiKeyCreation::Done(row) => Ok(row),
        ApiKeyCreation::TooMany => Err(Problem::new(
            Code::Conflict,
            format!(
                "there are {MAX_API_KEYS} keys already, which is all that one person can have here; revoke one first"
            ),
        )),
        ApiKeyCreation::NotMember => Err(Problem::not_found("account")),
    }
}
