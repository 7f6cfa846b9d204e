//! Reads what is new in the log once for all watchers of this process.

use squad_domain::ids::{ExecutionId, OrgId};
use squad_engine::{Engine, LiveText};
use squad_storage::{Storage, StorageError, StreamedEvent, Topic};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{Notify, broadcast, watch};
use tokio_util::sync::CancellationToken;

/// How often the database is asked for what other processes appended.
const POLL: Duration = Duration::from_millis(100);
/// Newest events that are kept for all watchers of an organization; who is further behind reads the database.
const KEPT: usize = 2048;
/// Events read at once.
const PAGE: u64 = 500;
/// Pieces of live text that a slow watcher may fall behind. What it misses is in the stored reply.
const LIVE: usize = 256;

/// What is new, for all watchers of this process. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Hub(Arc<Inner>);

struct Inner {
    engine: Engine,
    tails: Mutex<HashMap<OrgId, Weak<Tail>>>,
    live: Mutex<HashMap<ExecutionId, broadcast::Sender<Arc<LiveText>>>>,
    watched: Notify,
    stop: CancellationToken,
}

/// The newest events of an organization.
pub(crate) struct Tail {
    org: OrgId,
    kept: Mutex<VecDeque<Arc<StreamedEvent>>>,
    head: watch::Sender<u64>,
}

impl Tail {
    /// Up to which place in the organization's stream everything is known here.
    pub(crate) fn head(&self) -> u64 {
        *self.head.borrow()
    }

    /// Tells when that moves.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.head.subscribe()
    }

    /// The events of a topic after a place in the organization's stream, and up to where that is all of them; `None` where
    /// they are not kept any more.
    pub(crate) fn after(&self, topic: Topic, place: u64) -> Option<(Vec<Arc<StreamedEvent>>, u64)> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let head = self.head();
        if place >= head {
            return Some((Vec::new(), place));
        }
        let first = kept.front()?.org_seq;
        if first > place + 1 {
            return None;
        }
        let new = kept.iter().skip(usize::try_from(place + 1 - first).unwrap_or(usize::MAX));
        Some((new.filter(|event| event.is_of(topic)).cloned().collect(), head))
    }

    fn push(&self, events: Vec<StreamedEvent>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(last) = events.last().map(|event| event.org_seq) else { return };
        kept.extend(events.into_iter().map(Arc::new));
        while kept.len() > KEPT {
            kept.pop_front();
        }
        self.head.send_replace(last);
    }
}

impl Hub {
    pub(crate) fn new(engine: Engine, stop: CancellationToken) -> Self {
        let inner =
            Inner { engine, tails: Mutex::default(), live: Mutex::default(), watched: Notify::new(), stop };
        let hub = Self(Arc::new(inner));
        tokio::spawn(follow(hub.clone()));
        tokio::spawn(talk(hub.clone()));
        hub
    }

    /// The newest events of an organization, from now on.
    pub(crate) async fn tail(&self, org: OrgId) -> Result<Arc<Tail>, StorageError> {
        let known = |tails: &HashMap<OrgId, Weak<Tail>>| tails.get(&org).and_then(Weak::upgrade);
        if let Some(tail) = known(&self.tails()) {
            return Ok(tail);
        }
        let head = self.storage().stream_heads(&[org]).await?.first().map_or(0, |(_, head)| *head);
        let mut tails = self.tails();
        if let Some(tail) = known(&tails) {
            return Ok(tail);
        }
        let tail = Arc::new(Tail { org, kept: Mutex::default(), head: watch::channel(head).0 });
        tails.insert(org, Arc::downgrade(&tail));
        drop(tails);
        self.0.watched.notify_one();
        Ok(tail)
    }

    /// What is being said in an execution right now.
    pub(crate) fn live(&self, execution: ExecutionId) -> broadcast::Receiver<Arc<LiveText>> {
        let mut live = self.0.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.retain(|_, sender| sender.receiver_count() > 0);
        live.entry(execution).or_insert_with(|| broadcast::channel(LIVE).0).subscribe()
    }

    fn storage(&self) -> &Storage {
        self.0.engine.storage()
    }

    fn tails(&self) -> std::sync::MutexGuard<'_, HashMap<OrgId, Weak<Tail>>> {
        self.0.tails.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those that somebody watches.
    fn watched(&self) -> Vec<Arc<Tail>> {
        let mut tails = self.tails();
        tails.retain(|_, tail| tail.strong_count() > 0);
        tails.values().filter_map(Weak::upgrade).collect()
    }

    async fn read_new(&self) -> Result<(), StorageError> {
        let tails = self.watched();
        if tails.is_empty() {
            self.0.watched.notified().await;
            return Ok(());
        }
        let orgs: Vec<OrgId> = tails.iter().map(|tail| tail.org).collect();
        let heads: HashMap<OrgId, u64> = self.storage().stream_heads(&orgs).await?.into_iter().collect();
        for tail in tails {
            let head = heads.get(&tail.org).copied().unwrap_or_default();
            while tail.head() < head {
                let tenant = self.storage().tenant(tail.org);
                let events = tenant.stream(Topic::Organization, tail.head(), PAGE).await?;
                if events.is_empty() {
                    break;
                }
                tail.push(events);
            }
        }
        Ok(())
    }
}

/// Reads on whenever this process has appended something, and often enough to see what others did.
async fn follow(hub: Hub) {
    let mut news = hub.0.engine.news();
    loop {
        let read = async {
            if let Err(error) = hub.read_new().await {
                tracing::warn!(%error, "the log cannot be read for those who watch; trying again");
                tokio::time::sleep(10 * POLL).await;
            }
            tokio::select! {
                // What came while reading is read next; a lag only means that there was much of it.
                _ = news.recv() => while news.try_recv().is_ok() {},
                () = tokio::time::sleep(POLL) => {}
            }
        };
        tokio::select! {
            () = hub.0.stop.cancelled() => return,
            () = read => {}
        }
    }
}

/// Hands live text to the watchers of its execution.
async fn talk(hub: Hub) {
    let mut texts = hub.0.engine.live_text();
    loop {
        let text = tokio::select! {
            () = hub.0.stop.cancelled() => return,
            text = texts.recv() => text,
        };
        match text {
            Ok(text) => {
                let live = hub.0.live.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(sender) = live.get(&text.execution) {
                    // Whoever watched may have just gone.
                    let _ = sender.send(Arc::new(text));
                }
            }
            Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => return,
        }
    }
}
