//! Starting, reading and steering executions.

use crate::app::each_app;
use crate::house::{append, becomes, execution, said};
use serde_json::json;
use squad_domain::execution::Status;

#[tokio::test]
async fn lists_page_without_gap_or_repetition() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let mut made = Vec::new();
        for _ in 0..5 {
            made.push(json!(execution(app).await));
        }
        made.reverse();
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = ada.get(&format!("/executions?limit=2{cursor}")).await.expect(200);
            seen.extend(page["items"].as_array().unwrap().iter().map(|row| row["id"].clone()));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, made);
        ada.get("/executions?cursor=nonsense").await.refused(400, "invalid_cursor");
        ada.get("/executions?status=lost").await.refused(422, "invalid");
        ada.get("/executions/not-an-id").await.refused(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn people_pause_message_and_cancel() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let id = execution(app).await;
        let at = |what: &str| format!("/executions/{id}/{what}");
        assert_eq!(ada.post(&at("pause"), json!({})).await.expect(200)["paused"], true);
        assert_eq!(ada.post(&at("resume"), json!({})).await.expect(200)["paused"], false);
        ada.post(&at("messages"), json!({ "to": "Bea", "content": "keep it small" })).await.expect(200);
        ada.post(&at("messages"), json!({ "to": "Zoe", "content": "hello" })).await.refused(422, "invalid");
        ada.post(&at("messages"), json!({ "content": " " })).await.refused(422, "invalid");
        ada.post(&at("approve"), json!({})).await.refused(409, "conflict");
        let cancelled = ada.post(&at("cancel"), json!({ "reason": "not needed" })).await.expect(200);
        assert_eq!(
            (cancelled["status"].as_str(), cancelled["reason"].as_str()),
            (Some("cancelled"), Some("not needed"))
        );
        ada.post(&at("pause"), json!({})).await.refused(409, "conflict");
        let events = ada.get(&at("events")).await.expect(200);
        let actors: Vec<&str> =
            events["items"].as_array().unwrap().iter().filter_map(|e| e["actor"].as_str()).collect();
        assert!(actors[1..].iter().all(|actor| *actor == "person:ada"), "{actors:?}");
    })
    .await;
}

#[tokio::test]
async fn what_is_not_there_yet_is_said_and_the_report_is_always_there() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let id = execution(app).await;
        ada.get(&format!("/executions/{id}/plan")).await.refused(404, "not_found");
        ada.get(&format!("/executions/{id}/diff")).await.refused(404, "not_found");
        assert_eq!(ada.get(&format!("/executions/{id}/questions")).await.expect(200)["items"], json!([]));
        append(app, id, vec![said("x"), becomes(Status::Pending, Status::Cancelled)]).await;
        let report = ada.get(&format!("/executions/{id}/report")).await.expect(200);
        assert_eq!(report["status"], "cancelled");
        let text = ada.get(&format!("/executions/{id}/report?format=markdown")).await;
        assert!(text.headers["content-type"].to_str().unwrap().starts_with("text/markdown"));
        assert!(text.text.contains("Let the cart count"), "{}", text.text);
    })
    .await;
}
