//! Words of the domain, as schemas: one definition there, one list here.

use squad_domain::board::{TaskPriority, TaskState};
use squad_domain::duty::Duty;
use squad_domain::execution::Status;
use squad_domain::message::MessageKind;
use squad_domain::permission::{OrgRole, Permission};
use squad_domain::role::Role;
use squad_domain::squad::ApprovalPolicy;
use squad_domain::webhook_event::WebhookEvent;
use squad_engine::SuggestedCommand;
use squad_storage::SquadStatus;
use squad_storage::{DeliveryState, EVERY_EVENT};
use utoipa::openapi::schema::{Array, ArrayBuilder, Object, ObjectBuilder, SchemaType, Type};

fn one_of<'a>(words: impl Iterator<Item = &'a str>) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

/// Where an execution stands.
pub(crate) fn status() -> Object {
    one_of(Status::ALL.iter().map(|status| status.slug()))
}

/// What somebody is in an organization.
pub(crate) fn role() -> Object {
    one_of(OrgRole::ALL.iter().map(|role| role.slug()))
}

/// What an API key may be used for.
pub(crate) fn permission() -> Object {
    one_of(Permission::ALL.iter().map(|permission| permission.slug()))
}

/// A column of the board.
pub(crate) fn task_state() -> Object {
    one_of(TaskState::ALL.iter().map(|state| state.slug()))
}

/// How much a task matters.
pub(crate) fn task_priority() -> Object {
    one_of(TaskPriority::ALL.iter().map(|priority| priority.slug()))
}

/// What a message is.
pub(crate) fn message_kind() -> Object {
    one_of(MessageKind::ALL.iter().map(|kind| kind.slug()))
}

/// What an API key may be used for, all of it.
pub(crate) fn permissions() -> Array {
    ArrayBuilder::new().items(permission()).build()
}

/// How far a delivery to a webhook is.
pub(crate) fn delivery_state() -> Object {
    one_of(DeliveryState::ALL.iter().map(|state| state.slug()))
}

/// Of what a webhook is told.
pub(crate) fn webhook_events() -> Array {
    webhook_event_list().schema_type(Type::Array).build()
}

/// Of what a webhook is told, or null.
pub(crate) fn optional_webhook_events() -> Array {
    webhook_event_list().schema_type(SchemaType::from_iter([Type::Array, Type::Null])).build()
}

fn webhook_event_list() -> ArrayBuilder {
    let names = std::iter::once(EVERY_EVENT).chain(WebhookEvent::ALL.iter().map(|event| event.slug()));
    ArrayBuilder::new()
        .description(Some(
            "Of what it is told: names of `GET /webhooks/events`, or `*` for everything, now and later.",
        ))
        .items(one_of(names))
        .min_items(Some(1))
        .max_items(Some(super::webhook::MOST_EVENTS))
}

/// Whether a squad takes work.
pub(crate) fn squad_status() -> Object {
    one_of(SquadStatus::ALL.iter().map(|status| status.slug()))
}

/// What a member is employed as.
pub(crate) fn member_role() -> Object {
    one_of(Role::ALL.iter().map(|role| role.slug()))
}

/// When a person approves a plan.
pub(crate) fn approval() -> Object {
    one_of(ApprovalPolicy::ALL.iter().map(|policy| policy.slug()))
}

/// The same, where `null` takes the squad's own away.
pub(crate) fn approval_or_null() -> Object {
    let words = ApprovalPolicy::ALL.iter().map(|policy| serde_json::Value::from(policy.slug()));
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .enum_values(Some(words.chain([serde_json::Value::Null])))
        .build()
}

/// What a member does for a task.
pub(crate) fn duty() -> Object {
    one_of(Duty::ALL.iter().map(|duty| duty.slug()))
}

/// What a project is written in, or built with.
pub(crate) fn ecosystem() -> Object {
    one_of(SuggestedCommand::ECOSYSTEMS.iter().copied())
}

/// All that a project is written in, or built with.
pub(crate) fn ecosystems() -> Array {
    ArrayBuilder::new().items(ecosystem()).build()
}
