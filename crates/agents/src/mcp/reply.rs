//! What a member is told of a server's answer.

use rmcp::model::{CallToolResult, ContentBlock, ResourceContents};

use crate::text::{one_line, plain};
use crate::tools::Outcome;

/// The answer as text. What is no text is named, not shown.
pub(super) fn told(result: CallToolResult) -> Outcome {
    let mut parts: Vec<String> =
        result.content.into_iter().map(text).filter(|text| !text.is_empty()).collect();
    if parts.is_empty()
        && let Some(value) = &result.structured_content
    {
        parts.push(value.to_string());
    }
    let content = if parts.is_empty() { "(nothing came back)".to_owned() } else { parts.join("\n\n") };
    let content = plain(&content);
    if result.is_error.unwrap_or(false) { Outcome::error(content) } else { Outcome::told(content) }
}

fn text(block: ContentBlock) -> String {
    match block {
        ContentBlock::Text(text) => text.text,
        ContentBlock::Image(image) => not_shown("an image", &image.mime_type, image.data.len()),
        ContentBlock::Audio(audio) => not_shown("a recording", &audio.mime_type, audio.data.len()),
        ContentBlock::Resource(embedded) => match embedded.resource {
            ResourceContents::TextResourceContents { uri, text, .. } => {
                format!("[{}]\n{text}", one_line(&uri, 300))
            }
            ResourceContents::BlobResourceContents { uri, mime_type, blob, .. } => {
                not_shown(&one_line(&uri, 300), &mime_type.unwrap_or_default(), blob.len())
            }
            _ => String::new(),
        },
        ContentBlock::ResourceLink(link) => {
            format!("[a link: {} {}]", one_line(&link.name, 100), one_line(&link.uri, 300))
        }
        _ => "[something that cannot be shown]".to_owned(),
    }
}

/// Base64 has four characters for three bytes.
fn not_shown(what: &str, kind: &str, encoded: usize) -> String {
    format!("[{what}, {}, about {} bytes, not shown]", one_line(kind, 60), encoded / 4 * 3)
}
