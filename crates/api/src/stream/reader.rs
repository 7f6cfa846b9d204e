//! One watcher's place in the log.

use super::hub::Tail;
use crate::app::App;
use crate::extract::Caller;
use crate::middleware::metrics::OpenStream;
use crate::problem::{Answer, Code, Problem};
use squad_domain::permission::Permission;
use squad_engine::LiveText;
use squad_storage::{StreamedEvent, Tenant, Topic};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;

/// Events read from the database at once.
const PAGE: u64 = 200;
/// The longest silence.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a watcher goes on without being asked again who they are, while events flow.
const TRUST: Duration = Duration::from_secs(2);

/// Who watches what.
pub(crate) struct Watcher {
    pub(crate) app: App,
    pub(crate) caller: Caller,
    pub(crate) tenant: Tenant,
    pub(crate) topic: Topic,
    /// Whether they want to see words while they are being said.
    pub(crate) deltas: bool,
}

/// What a watcher gets.
pub(crate) enum Item {
    /// An event, with its place in the topic.
    Event(u64, Arc<StreamedEvent>),
    /// Words that are being said. Nobody stores them.
    Delta(Arc<LiveText>),
    /// Nothing happened for a while.
    Heartbeat,
    /// There is no more for this watcher, and why.
    End(Problem),
}

/// A place in the log that moves on.
pub(crate) struct Reader {
    watcher: Watcher,
    tail: Arc<Tail>,
    moved: watch::Receiver<u64>,
    live: Option<broadcast::Receiver<Arc<LiveText>>>,
    /// The last place that was given out, in the topic.
    place: u64,
    /// Everything of the topic up to here, in the organization's stream, was given out or waits. `None`: not known; the
    /// database knows.
    known: Option<u64>,
    waiting: VecDeque<Arc<StreamedEvent>>,
    trusted_until: Instant,
    ended: bool,
    _counted: OpenStream,
}

impl Reader {
    /// Begins after a place in the topic.
    pub(crate) async fn open(watcher: Watcher, after: u64) -> Answer<Self> {
        let head = watcher.tenant.stream_head(watcher.topic).await?;
        let head = head.ok_or_else(|| Problem::not_found(name(watcher.topic)))?;
        if after > head {
            return Err(Problem::new(
                Code::CursorExpired,
                format!(
                    "the stream ends at {head}, before the given id {after}: it is not the stream that the id came from; begin anew with `?after=0`"
                ),
            ));
        }
        let tail = watcher.app.hub().tail(watcher.tenant.org()).await?;
        let live = match watcher.topic {
            Topic::Execution(id) if watcher.deltas => Some(watcher.app.hub().live(id)),
            _ => None,
        };
        Ok(Self {
            moved: tail.subscribe(),
            live,
            tail,
            place: after,
            known: None,
            waiting: VecDeque::new(),
            trusted_until: Instant::now() + TRUST,
            ended: false,
            _counted: OpenStream::new(),
            watcher,
        })
    }

    /// The next thing that the watcher gets; `None` after the end.
    pub(crate) async fn next(&mut self) -> Option<Item> {
        if self.ended {
            return None;
        }
        match self.advance().await {
            Ok(item) => Some(item),
            Err(problem) => {
                self.ended = true;
                Some(Item::End(problem))
            }
        }
    }

    async fn advance(&mut self) -> Answer<Item> {
        let silence = Instant::now() + HEARTBEAT;
        loop {
            if let Some(event) = self.waiting.pop_front() {
                self.trust().await?;
                self.place = event.place(self.watcher.topic);
                return Ok(Item::Event(self.place, event));
            }
            self.moved.mark_unchanged();
            self.fill().await?;
            if !self.waiting.is_empty() {
                continue;
            }
            tokio::select! {
                biased;
                () = self.watcher.app.stop().cancelled() => {
                    return Err(Problem::new(Code::Unavailable, "the server is going away; come back with the last id"));
                }
                moved = self.moved.changed() => {
                    moved.map_err(|_| Problem::internal())?;
                }
                text = said(&mut self.live) => {
                    if let Some(text) = text {
                        return Ok(Item::Delta(text));
                    }
                }
                () = tokio::time::sleep_until(silence) => {
                    self.trusted_until = Instant::now();
                    self.trust().await?;
                    return Ok(Item::Heartbeat);
                }
            }
        }
    }

    /// Looks for what comes next: in what the hub keeps, or in the database.
    async fn fill(&mut self) -> Answer<()> {
        let topic = self.watcher.topic;
        if let Some((events, known)) = self.known.and_then(|known| self.tail.after(topic, known)) {
            self.known = Some(known);
            self.waiting.extend(events);
            return Ok(());
        }
        // What the hub knew before the question is in the answer.
        let before = self.tail.head();
        let events = self.watcher.tenant.stream(topic, self.place, PAGE).await?;
        let all = (events.len() as u64) < PAGE;
        self.known = all.then(|| events.last().map_or(before, |event| event.org_seq.max(before)));
        self.waiting.extend(events.into_iter().map(Arc::new));
        Ok(())
    }

    /// Asks again, now and then, whether the watcher may still watch.
    async fn trust(&mut self) -> Answer<()> {
        if Instant::now() < self.trusted_until {
            return Ok(());
        }
        if !self.watcher.caller.still_may(&self.watcher.app, Permission::ReadExecutions).await? {
            return Err(Problem::new(
                Code::Unauthenticated,
                "the right to watch this has ended; sign in again",
            ));
        }
        self.trusted_until = Instant::now() + TRUST;
        Ok(())
    }
}

/// The next words; `None` where some were missed. Waits for ever where nobody is listened to.
async fn said(live: &mut Option<broadcast::Receiver<Arc<LiveText>>>) -> Option<Arc<LiveText>> {
    match live {
        Some(receiver) => match receiver.recv().await {
            Ok(text) => Some(text),
            Err(broadcast::error::RecvError::Lagged(_)) => None,
            Err(broadcast::error::RecvError::Closed) => {
                *live = None;
                None
            }
        },
        None => std::future::pending().await,
    }
}

fn name(topic: Topic) -> &'static str {
    match topic {
        Topic::Execution(_) => "execution",
        Topic::Squad(_) => "squad",
        Topic::Organization => "organization",
    }
}
