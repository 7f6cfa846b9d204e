//! Files that belong to a task.

mod delete;
mod download;
mod list;
mod show;
mod upload;

use crate::app::App;
use crate::extract::Permitted;
use crate::problem::{Answer, Problem};
use axum::extract::DefaultBodyLimit;
use squad_storage::{MAX_ATTACHMENT, TaskAttachmentRow};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;
use uuid::Uuid;

pub(super) fn routes() -> OpenApiRouter<App> {
    // Other bodies are at most 1 MB.
    let upload = DefaultBodyLimit::max(usize::try_from(MAX_ATTACHMENT).unwrap_or(usize::MAX));
    OpenApiRouter::new()
        .routes(routes!(list::handler, upload::handler).layer(upload))
        .routes(routes!(show::handler, delete::handler))
        .routes(routes!(download::handler))
}

/// The bytes of a file, for the document.
struct File;

impl PartialSchema for File {
    fn schema() -> RefOr<Schema> {
        let binary = SchemaFormat::KnownFormat(KnownFormat::Binary);
        ObjectBuilder::new().schema_type(Type::String).format(Some(binary)).into()
    }
}

impl ToSchema for File {}

/// An attachment of that task.
async fn find<P>(permitted: &Permitted<P>, task: Uuid, id: Uuid) -> Answer<TaskAttachmentRow> {
    let found = permitted.tenant.task_attachment(id).await?;
    found.filter(|found| found.task == task).ok_or_else(|| Problem::not_found("attachment"))
}
