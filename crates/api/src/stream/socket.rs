//! The same stream over WebSocket: each message is `{"id", "event", "data"}`, without `id` for what is not stored.

use super::reader::{Item, Reader};
use super::sse::text;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, close_code};
use serde_json::json;

/// Sends until either side is gone.
pub(crate) async fn socket(mut socket: WebSocket, mut reader: Reader) {
    loop {
        tokio::select! {
            item = reader.next() => {
                let Some(item) = item else { return };
                let end = matches!(item, Item::End(_));
                if socket.send(message(item)).await.is_err() {
                    return;
                }
                if end {
                    let reason = Utf8Bytes::from_static("the stream has ended");
                    let close = CloseFrame { code: close_code::AWAY, reason };
                    // Whoever is gone needs no good-bye.
                    let _ = socket.send(Message::Close(Some(close))).await;
                    return;
                }
            }
            // Nothing is expected from the other side but that it goes.
            heard = socket.recv() => {
                if !matches!(heard, Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Text(_) | Message::Binary(_)))) {
                    return;
                }
            }
        }
    }
}

fn message(item: Item) -> Message {
    let text = match item {
        Item::Event(place, event) => {
            format!("{{\"id\":{place},\"event\":{},\"data\":{}}}", json!(event.kind), text(&event))
        }
        Item::Delta(text) => {
            let said = json!({ "lane": text.lane, "member": text.member, "text": text.text });
            json!({ "event": "delta", "data": said }).to_string()
        }
        Item::Heartbeat => json!({ "event": "heartbeat" }).to_string(),
        Item::End(problem) => json!({ "event": "end", "data": problem.to_json() }).to_string(),
    };
    Message::Text(text.into())
}
