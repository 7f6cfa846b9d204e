//! `POST /tasks/{id}/attachments`.

use super::File;
use crate::app::App;
use crate::dto::rules;
use crate::dto::task::TaskAttachment;
use crate::extract::{Path, Permitted, Query, may};
use crate::problem::{Answer, Code, Problem};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderName, StatusCode};
use data_encoding::HEXLOWER;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use squad_storage::{MAX_ATTACHMENT, NewTaskAttachment};
use utoipa::IntoParams;
use uuid::Uuid;

/// What a file is that says nothing about itself, or nothing that makes sense.
const UNKNOWN: &str = "application/octet-stream";
/// Longest media type that is kept, in bytes.
const MEDIA_TYPE: usize = 100;
/// Longest name of a file, in characters.
const NAME: usize = 200;

/// What the file is called.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Named {
    /// Its name, without folders.
    #[param(example = "screenshot.png", min_length = 1, max_length = 200)]
    name: String,
}

/// A file as it comes in.
pub(crate) struct Upload {
    media_type: String,
    content: Bytes,
}

impl<S: Send + Sync> FromRequest<S> for Upload {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Answer<Self> {
        let media_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.filter(|kind| kind.len() <= MEDIA_TYPE && kind.contains('/'));
        let media_type = media_type.unwrap_or(UNKNOWN).to_owned();
        let content = Bytes::from_request(request, state).await.map_err(|error| {
            if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
                let most = MAX_ATTACHMENT >> 20;
                return Problem::new(
                    Code::TooLarge,
                    format!("a file is at most {most} MiB large; make it smaller, or link to it"),
                );
            }
            Problem::new(Code::BadRequest, "the file broke off")
        })?;
        Ok(Self { media_type, content })
    }
}

/// Attaches a file to a task
///
/// The body is the file as it is, at most 5 MiB; its `content-type` is kept as what it is said to be. All files of a task
/// have at most 50 MiB.
#[utoipa::path(
    post,
    path = "/tasks/{id}/attachments",
    operation_id = "upload_task_attachment",
    tag = "tasks",
    extensions(("x-permission" = json!("tasks:write"))),
    params(("id" = Uuid, Path, description = "Which task"), Named),
    request_body(content = inline(File), content_type = "application/octet-stream", description = "The file"),
    responses((
        status = 201,
        description = "The attachment",
        body = TaskAttachment,
        headers(("Location" = String, description = "Its address")),
    )),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    permitted: Permitted<may::WriteTasks>,
    Path(id): Path<Uuid>,
    Query(Named { name }): Query<Named>,
    Upload { media_type, content }: Upload,
) -> Answer<(StatusCode, [(HeaderName, String); 1], Json<TaskAttachment>)> {
    rules::line::<NAME>(&name, &()).map_err(|error| Problem::field("name", error.to_string()))?;
    let sha256 = HEXLOWER.encode(&Sha256::digest(&content));
    let file =
        NewTaskAttachment { id: app.new_id(), task: id, name, media_type, sha256, content: content.into() };
    let made = permitted.tenant.add_task_attachment(&permitted.author(), file).await?;
    let made = made.ok_or_else(|| Problem::not_found("task"))?;
    let address = format!("/api/v1/tasks/{id}/attachments/{}", made.id);
    Ok((StatusCode::CREATED, [(LOCATION, address)], Json(made.into())))
}
