//! Budgets of the organization and of squads.

use crate::app::each_app;
use serde_json::json;

#[tokio::test]
async fn a_budget_is_set_before_anything_was_spent_and_taken_away_again() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let squad = ada.post("/squads", json!({ "name": "Team", "template": "solo" })).await.expect(201);
        for path in ["/budget".to_owned(), format!("/squads/{}/budget", squad["id"].as_str().unwrap())] {
            let before = ada.get(&path).await.expect(200);
            assert_eq!(before, json!({ "spent_usd": 0.0, "reserved_usd": 0.0 }));
            let set =
                ada.send(reqwest::Method::PUT, &path, Some(json!({ "limit_usd": 12.5 }))).await.expect(200);
            assert_eq!(set["limit_usd"], 12.5);
            let less = json!({ "limit_usd": -1 });
            ada.send(reqwest::Method::PUT, &path, Some(less)).await.refused(422, "invalid");
            assert_eq!(ada.get(&path).await.expect(200)["limit_usd"], 12.5);
            let none = ada.send(reqwest::Method::PUT, &path, Some(json!({}))).await.expect(200);
            assert!(none.get("limit_usd").is_none(), "{none}");
        }
        let audit = ada.get("/audit-log").await.expect(200);
        assert_eq!(audit["items"][0]["action"], "budget.set");
    })
    .await;
}
