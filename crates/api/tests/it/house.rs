//! Executions that exist without a worker: their events are appended by the test.

use crate::app::{LOCAL, TestApp};
use squad_domain::execution::{EventBody, ExecutionSpec, NewEvent, Status};
use squad_domain::ids::{ExecutionId, OrgId, SquadId};
use squad_domain::message::{Actor, AgentMessage, MessageKind, Recipient};
use squad_storage::Guard;
use squad_testkit::spec;

/// What an execution of an organization is started with.
pub(crate) fn spec_of(org: OrgId, squad: SquadId) -> ExecutionSpec {
    let mut spec = spec();
    spec.org = org;
    spec.squad.id = squad;
    spec
}

/// An execution of the local organization.
pub(crate) async fn execution(app: &TestApp) -> ExecutionId {
    execution_of(app, &spec_of(LOCAL, SquadId(app.clock.new_id()))).await
}

/// An execution.
pub(crate) async fn execution_of(app: &TestApp, spec: &ExecutionSpec) -> ExecutionId {
    let id = ExecutionId(app.clock.new_id());
    app.storage.create_execution(id, spec, Actor::Person("Ada".into()), app.clock.now()).await.unwrap();
    id
}

/// Something that somebody says.
pub(crate) fn said(words: &str) -> NewEvent {
    let message = AgentMessage {
        from: Actor::Person("Ada".into()),
        to: Recipient::Everyone,
        kind: MessageKind::StatusUpdate,
        content: words.to_owned(),
    };
    NewEvent::person("Ada", EventBody::MessageSent { message })
}

/// A change of state.
pub(crate) fn becomes(from: Status, to: Status) -> NewEvent {
    NewEvent::person("Ada", EventBody::StateChanged { from, to, reason: "as the test wants it".into() })
}

/// Appends events after what is there; tells the new head.
pub(crate) async fn append(app: &TestApp, id: ExecutionId, events: Vec<NewEvent>) -> u64 {
    let expected_seq = app.storage.last_seq(id).await.unwrap().unwrap();
    let guard = Guard { expected_seq, fence: None };
    let appended = app.storage.append(id, guard, app.clock.now(), events).await.unwrap();
    appended.last().map_or(expected_seq, |event| event.seq)
}
