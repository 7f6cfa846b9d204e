//! What members say to each other, over HTTP.

use crate::app::{LOCAL, TestApp, each_app};
use serde_json::{Value, json};
use squad_domain::execution::{EventBody, NewEvent};
use squad_domain::ids::ExecutionId;
use squad_domain::message::{Actor, AgentMessage, MessageKind, Recipient};
use squad_storage::Guard;
use squad_testkit::spec;

/// An execution in which Bea asks Tom, Tom answers, and Bea tells everyone. Its address.
async fn talk(app: &TestApp) -> String {
    let mut spec = spec();
    spec.org = LOCAL;
    let (id, now) = (ExecutionId(app.clock.new_id()), app.clock.now());
    app.storage.create_execution(id, &spec, Actor::Engine, now).await.unwrap();
    let says = |from: &str, to, kind, content: &str| {
        let message = AgentMessage { from: Actor::Member(from.into()), to, kind, content: content.into() };
        NewEvent::engine(EventBody::MessageSent { message })
    };
    let events = vec![
        says("Bea", Recipient::Member("Tom".into()), MessageKind::Question, "Which currency?"),
        says("Tom", Recipient::Member("Bea".into()), MessageKind::Answer, "Euro"),
        says("Bea", Recipient::Everyone, MessageKind::StatusUpdate, "It is Euro"),
    ];
    let last = app.storage.last_seq(id).await.unwrap().unwrap();
    app.storage.append(id, Guard { expected_seq: last, fence: None }, now, events).await.unwrap();
    format!("/executions/{id}")
}

fn words(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["content"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn messages_are_listed_found_and_counted() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let (execution, squad) = (talk(app).await, format!("/squads/{}", spec().squad.id));
        for scope in [&execution, &squad] {
            for (query, shown) in [
                ("", vec!["It is Euro", "Euro", "Which currency?"]),
                ("?from=member:Bea", vec!["It is Euro", "Which currency?"]),
                ("?to=everyone", vec!["It is Euro"]),
                ("?to=member:Bea&kind=answer", vec!["Euro"]),
                ("?q=CURRENCY", vec!["Which currency?"]),
                ("?until=2020-01-01T00:00:00Z", vec![]),
            ] {
                let list = ada.get(&format!("{scope}/messages{query}")).await.expect(200);
                assert_eq!(words(&list), shown, "{query}");
            }
            let first = ada.get(&format!("{scope}/messages?limit=2")).await.expect(200);
            let next = first["next_cursor"].as_str().unwrap();
            let rest = ada.get(&format!("{scope}/messages?limit=2&cursor={next}")).await.expect(200);
            assert_eq!(words(&rest), ["Which currency?"], "three at the same moment are told apart");
            let said =
                ada.get(&format!("{scope}/messages/conversation?between=Tom&and=Bea")).await.expect(200);
            assert_eq!(words(&said), ["Which currency?", "Euro"]);
            let counted = ada.get(&format!("{scope}/messages/statistics")).await.expect(200);
            assert_eq!(
                (&counted["total"], &counted["senders"][0]["from"]),
                (&json!(3), &json!("member:Bea"))
            );
            ada.get(&format!("{scope}/messages?from=Bea")).await.refused(422, "invalid");
            ada.get(&format!("{scope}/messages?to=Bea")).await.refused(422, "invalid");
        }
        let one = ada.get(&format!("{execution}/messages/2")).await.expect(200);
        assert_eq!((&one["to"], &one["kind"]), (&json!("member:Tom"), &json!("question")));
        ada.get(&format!("{execution}/messages/1")).await.refused(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn another_organization_hears_nothing() {
    each_app(async |app| {
        app.person("ada@example.com").await;
        let eve = app.person("eve@example.com").await;
        let (execution, squad) = (talk(app).await, format!("/squads/{}", spec().squad.id));
        for scope in [execution, squad] {
            for path in ["", "/2", "/conversation?between=Tom&and=Bea", "/statistics"] {
                eve.get(&format!("{scope}/messages{path}")).await.refused(404, "not_found");
            }
        }
    })
    .await;
}
