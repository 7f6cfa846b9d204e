//! The pieces of an answer's body and how they are sent, faults included.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures::stream;
use tokio_util::sync::CancellationToken;

use crate::scenario::FaultKind;

/// Size of one streamed piece of text, in bytes.
const TEXT_PIECE: usize = 24;
/// Size of one streamed piece of tool arguments, in bytes.
const ARGS_PIECE: usize = 160;

/// A body in pieces, and the one before which it breaks off if it is to break off.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    pieces: Vec<String>,
    /// Index of the last piece of content (text or arguments).
    last_content: usize,
}

impl Frames {
    /// Adds a piece of the format's framework.
    pub(crate) fn push(&mut self, piece: String) {
        self.pieces.push(piece);
    }

    /// Adds a piece of content.
    pub(crate) fn push_content(&mut self, piece: String) {
        self.last_content = self.pieces.len();
        self.pieces.push(piece);
    }

    /// A body that is not streamed: two halves, so that it can break off, too.
    pub(crate) fn whole(body: &str) -> Self {
        let middle = body.floor_char_boundary(body.len() / 2);
        let mut frames = Self::default();
        frames.push(body[..middle].to_owned());
        frames.push_content(body[middle..].to_owned());
        frames
    }

    /// Sends the pieces with a pause after each, lets the fault strike, and breaks off when the server stops.
    pub(crate) fn send(
        self,
        pause: Duration,
        fault: Option<&FaultKind>,
        stopping: CancellationToken,
    ) -> Body {
        let mut steps: VecDeque<Step> = VecDeque::new();
        for (index, piece) in self.pieces.into_iter().enumerate() {
            if index == self.last_content {
                match fault {
                    Some(FaultKind::Truncate) => break,
                    Some(FaultKind::Reset) => {
                        steps.push_back(Step::Break);
                        break;
                    }
                    Some(FaultKind::Stall(stall)) => steps.push_back(Step::Wait(*stall)),
                    Some(FaultKind::Status { .. } | FaultKind::MalformedArgs(_)) | None => {}
                }
            }
            steps.push_back(Step::Send(piece));
            if !pause.is_zero() {
                steps.push_back(Step::Wait(pause));
            }
        }
        Body::from_stream(stream::unfold((steps, stopping), |(mut steps, stopping)| async move {
            loop {
                match steps.pop_front()? {
                    Step::Send(piece) => return Some((Ok(Bytes::from(piece)), (steps, stopping))),
                    Step::Wait(pause) => {
                        let stopped = stopping.run_until_cancelled(tokio::time::sleep(pause)).await.is_none();
                        if stopped {
                            steps.clear();
                            steps.push_back(Step::Break);
                        }
                    }
                    Step::Break => {
                        steps.clear();
                        // An error in the body makes the server drop the connection without the final chunk. What
                        // was sent so far leaves first only if the body pauses, or the client would see nothing.
                        tokio::task::yield_now().await;
                        let broken = io::Error::new(io::ErrorKind::ConnectionReset, "broken on purpose");
                        return Some((Err(broken), (steps, stopping)));
                    }
                }
            }
        }))
    }
}

enum Step {
    Send(String),
    Wait(Duration),
    Break,
}

/// Splits spoken text into pieces that end after a space where they can.
pub(crate) fn text_pieces(text: &str) -> Vec<&str> {
    pieces(text, TEXT_PIECE, |piece| piece.rfind(' ').map(|space| space + 1))
}

/// Splits arguments into at least two pieces where that is possible, so that a stream can break in the middle of a call.
pub(crate) fn args_pieces(args: &str) -> Vec<&str> {
    pieces(args, ARGS_PIECE.min(args.len().div_ceil(2)).max(4), |_| None)
}

fn pieces(text: &str, size: usize, better_end: impl Fn(&str) -> Option<usize>) -> Vec<&str> {
    let mut rest = text;
    let mut pieces = Vec::new();
    while rest.len() > size {
        let longest = rest.floor_char_boundary(size);
        let end = better_end(&rest[..longest]).unwrap_or(longest);
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(rest);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_join_to_the_whole_and_never_cut_a_character() {
        let text = "Größe 20 €: the catalogue’s prices are cents — always. ✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓✓";
        assert!(text_pieces(text).len() > 3);
        assert_eq!(text_pieces(text).concat(), text);
        assert_eq!(args_pieces(text).concat(), text);
        assert_eq!(args_pieces("{\"path\":\".\"}").len(), 2);
        assert!(text_pieces("").is_empty());
    }
}
