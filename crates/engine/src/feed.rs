//! The words of a reply while it is being said. Ephemeral: watchers see them, nobody stores them.

use squad_domain::ids::{ExecutionId, LaneId, MemberName};
use tokio::sync::broadcast;

/// Pieces that a slow watcher may fall behind before it misses some. What it misses is in the stored reply.
const BACKLOG: usize = 1024;

/// A piece of what a member is saying or its command is printing right now.
#[derive(Debug, Clone)]
pub struct LiveText {
    /// In which execution.
    pub execution: ExecutionId,
    /// In which lane.
    pub lane: LaneId,
    /// Who.
    pub member: MemberName,
    /// The next words; `None`: forget the words so far, another attempt starts over.
    pub text: Option<String>,
}

/// Hands live text to whoever watches.
#[derive(Debug, Clone)]
pub(crate) struct Feed(broadcast::Sender<LiveText>);

impl Feed {
    pub(crate) fn new() -> Self {
        Self(broadcast::channel(BACKLOG).0)
    }

    pub(crate) fn send(&self, text: LiveText) {
        // Nobody watching is the usual case.
        let _ = self.0.send(text);
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<LiveText> {
        self.0.subscribe()
    }
}
