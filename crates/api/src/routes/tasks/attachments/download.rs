//! `GET /tasks/{id}/attachments/{attachment_id}/content`.

use super::{File, find};
use crate::extract::{Path, Permitted, may};
use crate::problem::{Answer, Problem};
use axum::http::HeaderName;
use axum::http::header::{
    CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use std::fmt::Write as _;
use uuid::Uuid;

/// Should a browser show the file in spite of all, nothing in it may run, load or reach our pages.
const POLICY: &str = "sandbox; default-src 'none'; frame-ancestors 'none'";

/// The bytes of an attachment
///
/// Always as a download of no particular kind: what the file is said to be, nobody checked.
#[utoipa::path(
    get,
    path = "/tasks/{id}/attachments/{attachment_id}/content",
    operation_id = "download_task_attachment",
    tag = "tasks",
    extensions(("x-permission" = json!("tasks:read"))),
    params(
        ("id" = Uuid, Path, description = "Which task"),
        ("attachment_id" = Uuid, Path, description = "Which attachment"),
    ),
    responses((
        status = 200,
        description = "The file",
        body = inline(File),
        content_type = "application/octet-stream",
        headers(("Content-Disposition" = String, description = "A download, with the name of the file")),
    )),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::ReadTasks>,
    Path((id, attachment)): Path<(Uuid, Uuid)>,
) -> Answer<([(HeaderName, String); 4], Vec<u8>)> {
    let file = find(&permitted, id, attachment).await?;
    let content = permitted.tenant.task_attachment_content(attachment).await?;
    let content = content.ok_or_else(|| Problem::not_found("attachment"))?;
    let headers = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (CONTENT_DISPOSITION, disposition(&file.name)),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (CONTENT_SECURITY_POLICY, POLICY.to_owned()),
    ];
    Ok((headers, content))
}

/// A download under that name, as RFC 6266 has it: once for those who read ASCII only, once in full. No folder is left in
/// it, and nothing that ends the header.
fn disposition(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default().trim_matches(['.', ' ']);
    let name = if name.is_empty() { "file" } else { name };
    let safe = |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '-' | '_' | ' ' | '(' | ')');
    let plain: String = name.chars().map(|char| if safe(char) { char } else { '_' }).collect();
    let mut full = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            full.push(char::from(byte));
        } else {
            // A String takes whatever is written to it.
            let _ = write!(full, "%{byte:02X}");
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{full}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_stays_a_name() {
        for (name, expected) in [
            ("a b.png", "attachment; filename=\"a b.png\"; filename*=UTF-8''a%20b.png"),
            ("../../etc/passwd", "attachment; filename=\"passwd\"; filename*=UTF-8''passwd"),
            ("C:\\x\\é\".exe", "attachment; filename=\"__.exe\"; filename*=UTF-8''%C3%A9%22.exe"),
            (
                "a\r\nset-cookie: x",
                "attachment; filename=\"a__set-cookie_ x\"; filename*=UTF-8''a%0D%0Aset-cookie%3A%20x",
            ),
            ("..", "attachment; filename=\"file\"; filename*=UTF-8''file"),
        ] {
            assert_eq!(disposition(name), expected);
        }
    }
}
