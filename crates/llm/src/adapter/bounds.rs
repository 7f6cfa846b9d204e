//! How much of an answer is kept in memory at most, whatever a server sends.

use futures::StreamExt;
use std::time::Duration;

/// The longest body of an answer that comes in one piece, in bytes.
pub(super) const LONGEST_BODY: usize = 16 * 1024 * 1024;
/// The longest event or line of a streamed answer, in bytes. A server that sends a whole answer as one event stays below.
pub(super) const LONGEST_EVENT: usize = 4 * 1024 * 1024;
/// What is read of a refusal, in bytes: it holds a sentence or a page of HTML.
pub(super) const LONGEST_REFUSAL: usize = 64 * 1024;

/// The most bytes of words and arguments in one reply. Tokens are about 4 bytes, white space and rare words up to some
/// dozens; what goes far beyond ignores the limit of tokens that it was asked to keep.
pub(super) fn longest_reply(max_output_tokens: u32) -> usize {
    usize::try_from(max_output_tokens).unwrap_or(usize::MAX).saturating_mul(64).max(1024 * 1024)
}

/// Says that a reply grew beyond [`longest_reply`].
pub(super) fn too_long(max_output_tokens: u32) -> String {
    format!(
        "it grew beyond {} although {max_output_tokens} tokens were asked for at most",
        size(longest_reply(max_output_tokens))
    )
}

pub(super) fn size(bytes: usize) -> String {
    if bytes < 1024 * 1024 { format!("{} KiB", bytes / 1024) } else { format!("{} MiB", bytes / 1024 / 1024) }
}

/// The beginning of a refusal's body. What does not arrive in time, or breaks off, is left out: the status says enough.
pub(super) async fn refusal(response: reqwest::Response, idle: Duration) -> Vec<u8> {
    let mut body = Vec::new();
    let mut pieces = response.bytes_stream();
    while let Ok(Some(Ok(piece))) = tokio::time::timeout(idle, pieces.next()).await {
        let room = LONGEST_REFUSAL - body.len();
        body.extend_from_slice(&piece[..piece.len().min(room)]);
        if body.len() == LONGEST_REFUSAL {
            break;
        }
    }
    body
}
