//! The OpenAPI document: made from the routes, then completed with what holds for all of them.

use crate::problem::{Code, ProblemBody};
use crate::routes;
use axum::Json;
use std::sync::LazyLock;
use utoipa::OpenApi as _;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Agent Squad",
        version = "1.0.0",
        description = "Hire a squad of AI employees: it takes a task and a git repository, and hands back a branch whose tests pass.\n\n\
            Sign in at `POST /auth/login`, or make an API key, and send it as `Authorization: Bearer …`. Everything belongs to an \
            organization: the session's present one, or the one that `x-organization-id` names. What belongs to another one is \
            not found.\n\n\
            Errors are `application/problem+json` (RFC 9457) with a stable `code`. Lists come in pages: `limit`, and `cursor` \
            with the `next_cursor` of the page before. Changes may carry an `Idempotency-Key`: repeated with the same key, they \
            are made once. What has versions comes with an `ETag`; a change with `If-Match` is made to that version or not at \
            all. Every answer carries `x-request-id`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    components(schemas(ProblemBody, Code)),
    tags(
        (name = "identity", description = "Making an account, signing in and out"),
        (name = "account", description = "One's own account"),
        (name = "organizations", description = "Organizations, who is in them, invitations, the audit log"),
        (name = "squads", description = "Squads and their members"),
        (name = "projects", description = "Repositories, and how they are built and tested"),
        (name = "tasks", description = "The board"),
        (name = "executions", description = "Squads at work: watch them, answer them, steer them"),
        (name = "messages", description = "What members say to each other"),
        (name = "feedback", description = "What people think of the work"),
        (name = "webhooks", description = "Telling other systems"),
    ),
)]
struct Base;

/// Answers that any route may give, and those that only routes for people who are signed in give.
const ALWAYS: &[(&str, &str)] = &[
    ("400", "The request cannot be read"),
    ("413", "The body is too large"),
    ("415", "The body is not JSON"),
    ("422", "A value does not fit"),
    ("429", "Too many requests; `Retry-After` says how long to wait"),
    ("500", "Something failed on our side"),
    ("503", "The database does not answer; try again"),
];
const SIGNED_IN: &[(&str, &str)] = &[
    ("401", "Nobody is signed in"),
    ("403", "Not allowed"),
    ("404", "There is no such thing in this organization"),
    ("409", "It does not fit what is there"),
    ("412", "It was changed in the meantime"),
];
const PUBLIC: &[(&str, &str)] = &[
    ("401", "Refused"),
    ("403", "Not allowed"),
    ("404", "There is nothing here"),
    ("409", "The first request with this key is still under way"),
];

fn problem(description: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemBody"))).build();
    ResponseBuilder::new().description(description).content("application/problem+json", content).build()
}

fn complete(document: &mut OpenApi, security: Option<&[SecurityRequirement]>) {
    let own = if security.is_some() { SIGNED_IN } else { PUBLIC };
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            for (status, description) in ALWAYS.iter().chain(own) {
                let known = &mut operation.responses.responses;
                known.entry((*status).to_owned()).or_insert_with(|| RefOr::T(problem(description)));
            }
            operation.security = Some(security.map(<[_]>::to_vec).unwrap_or_default());
        }
    }
}

fn make() -> OpenApi {
    let mut document = Base::openapi();
    let bearer = SecurityRequirement::new::<_, [&str; 0], &str>("bearer", []);
    let cookie = SecurityRequirement::new::<_, [&str; 0], &str>("cookie", []);
    let (_, mut private) = routes::table().split_for_parts();
    complete(&mut private, Some(&[bearer, cookie]));
    let (_, mut public) = routes::public_table().split_for_parts();
    complete(&mut public, None);
    document.merge(private);
    document.merge(public);
    let components = document.components.get_or_insert_default();
    let mut scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    scheme.description = Some("An access token, or an API key (`sqk_…`)".to_owned());
    components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    let value = ApiKeyValue::with_description(
        crate::identity::ACCESS_COOKIE,
        "The cookie of a browser that is signed in. Changes also need `x-csrf-token`",
    );
    components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(value)));
    document
}

static DOCUMENT: LazyLock<OpenApi> = LazyLock::new(make);

/// The OpenAPI 3.1 document of the API.
#[must_use]
pub fn openapi() -> &'static OpenApi {
    &DOCUMENT
}

/// `GET /api/openapi.json`.
pub(crate) async fn handler() -> Json<&'static OpenApi> {
    Json(openapi())
}
