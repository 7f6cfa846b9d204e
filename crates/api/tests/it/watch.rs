//! Somebody who watches a stream of Server-Sent Events.

use crate::app::Person;
use reqwest::Method;

/// One event as it came.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) id: Option<u64>,
    pub(crate) event: String,
    pub(crate) data: String,
}

/// An open stream.
pub(crate) struct Watch {
    response: reqwest::Response,
    rest: String,
}

impl Watch {
    /// Opens it. `last`: the id that was seen last.
    pub(crate) async fn open(person: &Person, path: &str, last: Option<u64>) -> Self {
        Self::try_open(person, path, last).await.unwrap()
    }

    /// Opens it, where the server is there.
    pub(crate) async fn try_open(person: &Person, path: &str, last: Option<u64>) -> Option<Self> {
        let request = person.request(Method::GET, path).header("accept", "text/event-stream");
        let request = match last {
            Some(last) => request.header("last-event-id", last),
            None => request,
        };
        let response = request.send().await.ok()?;
        if response.status() == 503 {
            return None;
        }
        assert_eq!(response.status(), 200, "{:?}", response.text().await);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Some(Self { response, rest: String::new() })
    }

    /// The next event; `None` where the stream has ended or broke off. Comments are passed over.
    pub(crate) async fn next(&mut self) -> Option<Seen> {
        loop {
            if let Some((block, rest)) = self.rest.split_once("\n\n") {
                let mut seen = Seen::default();
                for line in block.lines() {
                    match line.split_once(':') {
                        Some(("id", value)) => seen.id = value.trim().parse().ok(),
                        Some(("event", value)) => seen.event = value.trim().to_owned(),
                        Some(("data", value)) => seen.data.push_str(value.trim()),
                        _ => {}
                    }
                }
                self.rest = rest.to_owned();
                if !seen.event.is_empty() {
                    return Some(seen);
                }
                continue;
            }
            let chunk = self.response.chunk().await.ok()??;
            self.rest.push_str(std::str::from_utf8(&chunk).ok()?);
        }
    }

    /// Events until one has that id.
    pub(crate) async fn until(&mut self, id: u64) -> Vec<Seen> {
        let mut all = Vec::new();
        while let Some(seen) = self.next().await {
            let last = seen.id;
            all.push(seen);
            if last == Some(id) {
                break;
            }
        }
        all
    }
}

impl Watch {
    /// The next event, while something is done again and again.
    pub(crate) async fn next_after(&mut self, again: impl AsyncFn()) -> Option<Seen> {
        let next = self.next();
        tokio::pin!(next);
        loop {
            tokio::select! {
                biased;
                seen = &mut next => return seen,
                () = again() => tokio::task::yield_now().await,
            }
        }
    }
}
