//! One request to an endpoint.

use super::target::Target;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::redirect::Policy as Redirects;
use reqwest::{Client, Response};
use squad_secrets::webhook::{HEADER_ID, HEADER_SIGNATURE, HEADER_TIMESTAMP, SignedHeaders};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// How long the endpoint may take for its whole answer.
pub(super) const TIME_OUT: Duration = Duration::from_secs(15);

/// How much of the answer is kept, in bytes.
const EXCERPT: usize = 1024;

/// What the endpoint answered.
pub(super) struct Answer {
    pub(super) status: u16,
    /// Where it sends us instead.
    pub(super) location: Option<String>,
    /// The beginning of its body.
    pub(super) excerpt: String,
}

/// Answers with the addresses that were judged, whatever name is asked for: no other way leads out.
struct Judged(Vec<SocketAddr>);

impl Resolve for Judged {
    fn resolve(&self, _: Name) -> Resolving {
        let addresses: Addrs = Box::new(self.0.clone().into_iter());
        Box::pin(std::future::ready(Ok(addresses)))
    }
}

/// Posts the body, and follows no redirect.
pub(super) async fn post(
    target: Target,
    signed: SignedHeaders,
    body: String,
) -> Result<Answer, reqwest::Error> {
    // The port is the URL's.
    let addresses = target.addresses.iter().map(|address| SocketAddr::new(*address, 0)).collect();
    let client = Client::builder()
        .dns_resolver(Arc::new(Judged(addresses)))
        .redirect(Redirects::none())
        // A proxy would look the name up itself.
        .no_proxy()
        .timeout(TIME_OUT)
        .user_agent(concat!("agent-squad-webhooks/", env!("CARGO_PKG_VERSION")))
        .build()?;
    let answer = client
        .post(target.url)
        .header(CONTENT_TYPE, "application/json")
        .header(HEADER_ID, signed.id)
        .header(HEADER_TIMESTAMP, signed.timestamp)
        .header(HEADER_SIGNATURE, signed.signature)
        .body(body)
        .send()
        .await?;
    let location = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Ok(Answer { status: answer.status().as_u16(), location, excerpt: excerpt(answer).await })
}

/// What can be read of the body. The status counts; whether the rest arrives does not.
async fn excerpt(mut answer: Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < EXCERPT {
        match answer.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk[..chunk.len().min(EXCERPT - bytes.len())]),
            Ok(None) | Err(_) => break,
        }
    }
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    // A replacement character is longer than the byte that it replaces.
    text.truncate(text.floor_char_boundary(EXCERPT));
    text
}
