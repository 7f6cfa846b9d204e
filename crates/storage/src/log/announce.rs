//! Events that other systems are told of: what they are told is stored by the very transaction that appends the event.

use super::Owner;
use crate::error::StorageError;
use crate::tenant::NewWebhookEvent;
use squad_domain::execution::{Event, Status};
use squad_domain::ids::{ExecutionId, SquadId};
use squad_domain::webhook_event::{WebhookData, WebhookEvent};

/// Where the execution stands with an event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing<'a> {
    pub(super) title: &'a str,
    pub(super) status: Status,
    pub(super) reason: &'a str,
    pub(super) branch: Option<&'a str>,
}

/// What other systems are told of an event; `None` for most events, at no cost.
pub(super) fn news(
    owner: Owner,
    event: &Event,
    standing: Standing<'_>,
) -> Result<Option<NewWebhookEvent>, StorageError> {
    let Some(kind) = WebhookEvent::of(&event.body) else { return Ok(None) };
    let execution = ExecutionId(owner.execution);
    let data = WebhookData {
        event_id: WebhookData::event_id(execution, event.seq),
        execution_id: execution,
        squad_id: SquadId(owner.squad),
        title: standing.title.to_owned(),
        status: standing.status,
        reason: standing.reason.to_owned(),
        branch: standing.branch.map(str::to_owned),
        commit: None,
        question: None,
    };
    NewWebhookEvent::new(kind.slug(), &data.of(&event.body), event.at).map(Some)
}
