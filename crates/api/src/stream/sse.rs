//! Server-Sent Events, as the HTML standard has them: `id:` is the place in the topic, `event:` the kind.

use super::reader::{Item, Reader};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde_json::json;
use squad_storage::{StreamedEvent, Topic};
use std::convert::Infallible;
use time::format_description::well_known::Rfc3339;

/// The stream as an answer. It is asked for the next event only when the one before was sent: a reader that is slow
/// costs no memory.
pub(crate) fn events(reader: Reader) -> Response {
    let events = stream::unfold(reader, async |mut reader| {
        let item = reader.next().await?;
        Some((Ok::<_, Infallible>(event(item)), reader))
    });
    Sse::new(events).into_response()
}

fn event(item: Item) -> Event {
    match item {
        Item::Event(place, event) => {
            Event::default().id(place.to_string()).event(&event.kind).data(text(&event))
        }
        Item::Delta(text) => {
            let said = json!({ "lane": text.lane, "member": text.member, "text": text.text });
            Event::default().event("delta").data(said.to_string())
        }
        Item::Heartbeat => Event::default().comment("heartbeat"),
        Item::End(problem) => Event::default().event("end").data(problem.to_json().to_string()),
    }
}

/// An event as JSON. The payload goes in as it is stored.
pub(super) fn text(event: &StreamedEvent) -> String {
    let at = event.at.format(&Rfc3339).unwrap_or_default();
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    // A payload is one line: JSON text as the database keeps it has no line break outside of an escape.
    format!(
        "{{\"seq\":{},\"at\":\"{at}\",\"kind\":{},\"actor\":{},\"execution_id\":\"{}\",\"squad_id\":\"{}\",\"payload\":{}}}",
        event.seq,
        quoted(&event.kind),
        quoted(&event.actor),
        event.execution,
        event.squad,
        event.payload
    )
}

/// An event as JSON, with its place in the topic.
pub(crate) fn placed(topic: Topic, event: &StreamedEvent) -> serde_json::Value {
    json!({
        "id": event.place(topic),
        "seq": event.seq,
        "at": event.at.format(&Rfc3339).unwrap_or_default(),
        "kind": event.kind,
        "actor": event.actor,
        "execution_id": event.execution,
        "squad_id": event.squad,
        "payload": serde_json::from_str::<serde_json::Value>(&event.payload).unwrap_or_default(),
    })
}
