//! The audit log: in pages, as a file, and whether it is what it was.

use crate::app::{LOCAL, each_app};
use serde_json::{Value, json};

#[tokio::test]
async fn what_was_done_is_read_newest_first_and_exported_oldest_first_with_its_proof() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        for name in ["One", "Two", "Three"] {
            ada.patch(&format!("/organizations/{LOCAL}"), json!({ "name": name })).await.expect(200);
        }
        let page = ada.get("/audit-log?limit=2").await.expect(200);
        assert_eq!(page["items"][0]["details"]["name"], "Three");
        assert_eq!(page["items"][0]["address"], "127.0.0.1");
        let next = page["next_cursor"].as_str().unwrap();
        let rest = ada.get(&format!("/audit-log?limit=200&cursor={next}")).await.expect(200);
        assert_eq!(rest["items"][0]["details"]["name"], "One");
        assert!(rest.get("next_cursor").is_none());

        let file = ada.get("/audit-log/export").await;
        assert_eq!(file.headers["content-type"], "application/x-ndjson");
        let lines: Vec<Value> = file.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let places: Vec<u64> = lines.iter().map(|line| line["seq"].as_u64().unwrap()).collect();
        assert_eq!(places, (1..=u64::try_from(lines.len()).unwrap()).collect::<Vec<_>>());
        let proof = ada.get("/audit-log/proof").await.expect(200);
        assert_eq!(proof["entries"], lines.len());
        assert_eq!(proof["head"], lines.last().unwrap()["hash"]);
        assert!(proof.get("broken_at").is_none());
    })
    .await;
}

#[tokio::test]
async fn a_member_does_not_read_it_and_another_organization_has_its_own() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let bob = app.person("bob@example.com").await;
        app.join(&ada, &bob, &LOCAL.to_string(), "member").await;
        let at_home = bob.clone().with_header("x-organization-id", &LOCAL.to_string());
        for path in ["/audit-log", "/audit-log/export", "/audit-log/proof"] {
            at_home.get(path).await.refused(403, "forbidden");
        }
        let own = bob.get("/audit-log/export").await;
        assert!(!own.text.contains("invitation.sent"), "{}", own.text);
        bob.get("/audit-log?cursor=x").await.refused(400, "invalid_cursor");
    })
    .await;
}
