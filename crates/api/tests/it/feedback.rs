//! What people think of the work, over HTTP.

use crate::app::{LOCAL, TestApp, each_app};
use reqwest::Method;
use serde_json::{Value, json};
use squad_domain::ids::ExecutionId;
use squad_domain::message::Actor;
use squad_testkit::spec;

/// The feedback of a new execution of Bea and Tom.
async fn worked(app: &TestApp) -> String {
    let mut spec = spec();
    spec.org = LOCAL;
    let id = ExecutionId(app.clock.new_id());
    app.storage.create_execution(id, &spec, Actor::Engine, app.clock.now()).await.unwrap();
    format!("/executions/{id}/feedback")
}

#[tokio::test]
async fn feedback_is_given_replaced_and_taken_back() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let (path, squad) = (worked(app).await, format!("/squads/{}", spec().squad.id));
        let give = async |body: Value| ada.send(Method::PUT, &path, Some(body)).await;
        let first = give(json!({ "rating": 2 })).await.expect(200);
        let again = give(json!({ "rating": 5, "comment": "On second thoughts" })).await.expect(200);
        assert_eq!((&again["id"], &again["version"]), (&first["id"], &json!(2)));
        assert_eq!(again["user_id"], ada.get("/me").await.expect(200)["user"]["id"]);
        give(json!({ "rating": 4, "member": "Bea" })).await.expect(200);
        for (body, field) in [
            (json!({ "rating": 0 }), "rating"),
            (json!({ "rating": 6 }), "rating"),
            (json!({ "rating": 3, "member": "Eve" }), "member"),
        ] {
            assert_eq!(give(body).await.refused(422, "invalid")["errors"][0]["field"], field);
        }
        assert_eq!(ada.get(&path).await.expect(200)["items"].as_array().unwrap().len(), 2);
        let listed = ada.get(&format!("{squad}/feedback")).await.expect(200);
        assert_eq!((&listed["items"][0]["member"], &listed["items"][1]), (&json!("Bea"), &again));
        let ratings = ada.get(&format!("{squad}/ratings")).await.expect(200);
        assert_eq!(ratings["squad"], json!({ "ratings": 1, "average": 5.0, "counts": [0, 0, 0, 0, 1] }));
        assert_eq!(ratings["members"][0]["name"], "Bea");
        let mine = format!("/feedback/{}", first["id"].as_str().unwrap());
        ada.delete(&mine).await.expect(204);
        ada.delete(&mine).await.refused(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn another_organization_neither_sees_nor_gives_it() {
    each_app(async |app| {
        let (ada, eve) = (app.person("ada@example.com").await, app.person("eve@example.com").await);
        let (path, squad) = (worked(app).await, format!("/squads/{}", spec().squad.id));
        let given = ada.send(Method::PUT, &path, Some(json!({ "rating": 3 }))).await.expect(200);
        eve.send(Method::PUT, &path, Some(json!({ "rating": 1 }))).await.refused(404, "not_found");
        for path in [path, format!("{squad}/feedback"), format!("{squad}/ratings")] {
            eve.get(&path).await.refused(404, "not_found");
        }
        eve.delete(&format!("/feedback/{}", given["id"].as_str().unwrap())).await.refused(404, "not_found");
    })
    .await;
}
