//! API keys: shown once, good for no more than what they are for, and only while their owner may do it.

use crate::app::{LOCAL, each_app};
use serde_json::json;

#[tokio::test]
async fn a_key_is_shown_once_and_does_what_it_is_for_until_it_is_revoked() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let body =
            json!({ "name": "build", "scopes": ["executions:read", "api_keys:manage", "executions:read"] });
        let made = ada.post("/api-keys", body).await;
        let location = made.headers["location"].to_str().unwrap().replace("/api/v1", "");
        let made = made.expect(201);
        assert_eq!(made["api_key"]["scopes"], json!(["api_keys:manage", "executions:read"]));
        let secret = made["secret"].as_str().unwrap();
        assert!(!ada.get("/api-keys").await.text.contains(secret));
        let program = app.anybody().with_token(secret);
        program.get("/executions").await.expect(200);
        program.get("/audit-log").await.refused(403, "forbidden");
        program.get("/me/second-factor").await.refused(403, "forbidden");
        program
            .post("/api-keys", json!({ "name": "more", "scopes": ["org:read"] }))
            .await
            .refused(403, "forbidden");
        program.post("/organizations", json!({ "name": "Mine" })).await.refused(403, "forbidden");
        assert_eq!(
            program.patch(&location, json!({ "name": "nightly" })).await.expect(200)["name"],
            "nightly"
        );
        assert_eq!(ada.get(&location).await.expect(200)["name"], "nightly");
        ada.delete(&location).await.expect(204);
        ada.delete(&location).await.refused(404, "not_found");
        program.get("/executions").await.refused(401, "unauthenticated");
    })
    .await;
}

#[tokio::test]
async fn a_key_stays_in_its_organization() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let other = ada.post("/organizations", json!({ "name": "Other" })).await.expect(201);
        let other = other["id"].as_str().unwrap().to_owned();
        let body =
            json!({ "name": "admin", "scopes": ["org:read", "org:update", "org:delete", "members:manage"] });
        let made = ada.post("/api-keys", body).await.expect(201);
        let program = app.anybody().with_token(made["secret"].as_str().unwrap());
        program.get(&format!("/organizations/{LOCAL}")).await.expect(200);
        program.get(&format!("/organizations/{other}")).await.refused(404, "not_found");
        program.delete(&format!("/organizations/{other}")).await.refused(404, "not_found");
        program
            .clone()
            .with_header("x-organization-id", &other)
            .get("/executions")
            .await
            .refused(404, "not_found");
        let seen = program.get("/organizations").await.expect(200);
        assert_eq!(seen["items"].as_array().unwrap().len(), 1);
        // The key does what its owner may do, and nothing that only people do.
        program.post(&format!("/organizations/{LOCAL}/switch"), json!({})).await.refused(403, "forbidden");
    })
    .await;
}

#[tokio::test]
async fn a_key_is_never_more_than_its_owner() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let bob = app.person("bob@example.com").await.with_header("x-organization-id", &LOCAL.to_string());
        app.join(&ada, &bob, &LOCAL.to_string(), "member").await;
        let much = json!({ "name": "x", "scopes": ["squads:read", "audit:read"] });
        assert_eq!(bob.post("/api-keys", much).await.refused(422, "invalid")["errors"][0]["field"], "scopes");
        bob.post("/api-keys", json!({ "name": "x", "scopes": ["root"] })).await.refused(422, "invalid");
        bob.post("/api-keys", json!({ "name": "x", "scopes": [] })).await.refused(422, "invalid");
        let past = json!({ "name": "x", "scopes": ["squads:read"], "expires_at": "2001-01-01T00:00:00Z" });
        bob.post("/api-keys", past).await.refused(422, "invalid");
        let made = bob.post("/api-keys", json!({ "name": "x", "scopes": ["org:read"] })).await.expect(201);
        bob.get("/api-keys?all=true").await.refused(403, "forbidden");
        assert_eq!(ada.get("/api-keys").await.expect(200)["items"], json!([]));
        let everybody = ada.get("/api-keys?all=true").await.expect(200);
        assert_eq!(everybody["items"], json!([made["api_key"]]));
        // Gone with its owner.
        let program = app.anybody().with_token(made["secret"].as_str().unwrap());
        let home = format!("/organizations/{LOCAL}");
        program.get(&home).await.expect(200);
        let id = made["api_key"]["user_id"].as_str().unwrap();
        program.delete(&format!("{home}/members/{id}")).await.refused(403, "forbidden");
        ada.delete(&format!("{home}/members/{id}")).await.expect(204);
        program.get(&home).await.refused(401, "unauthenticated");
    })
    .await;
}
