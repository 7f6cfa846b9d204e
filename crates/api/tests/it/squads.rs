//! Squads and their members.

use crate::app::{Person, TestApp, each_app};
use reqwest::Method;
use serde_json::{Value, json};

/// Ada's squad of a tech lead and a developer.
async fn pair(ada: &Person) -> Value {
    let body = json!({
        "name": "Pair",
        "members": [
            { "name": "Tom", "role": "tech_lead" },
            { "name": "Bea", "role": "backend_developer", "specialization": "rust_axum",
              "model": "anthropic/claude-sonnet-4-5", "budget_usd": 1.5, "prompt": "Prefer\nsmall changes." },
        ],
    });
    ada.post("/squads", body).await.expect(201)
}

fn id(thing: &Value) -> &str {
    thing["id"].as_str().unwrap()
}

/// Somebody with an organization of their own.
async fn stranger(app: &TestApp) -> Person {
    app.register("ada@example.com").await;
    app.person("eve@example.com").await
}

#[tokio::test]
async fn a_squad_is_made_from_members_from_a_template_or_empty() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let templates = ada.get("/squad-templates").await.expect(200);
        let shipped = templates["items"].as_array().unwrap().iter().find(|one| one["key"] == "solo").unwrap();
        let reply = ada.post("/squads", json!({ "name": "Mine", "template": "solo" })).await;
        let location = reply.headers["location"].to_str().unwrap().to_owned();
        assert_eq!(reply.headers["etag"], "\"1\"");
        let solo = reply.expect(201);
        assert_eq!(location, format!("/api/v1/squads/{}", id(&solo)));
        assert_eq!(solo["members"][0]["name"], shipped["members"][0]["name"]);
        assert_eq!(ada.get(&format!("!{location}")).await.expect(200), solo);
        let again = ada.post("/squads", json!({ "name": "Mine", "template": "solo" })).await.expect(201);
        assert_ne!(id(&again), id(&solo));
        let pair = pair(&ada).await;
        assert_eq!(pair["members"][1]["profile"]["default"], json!(["anthropic/claude-sonnet-4-5"]));
        let empty = ada.post("/squads", json!({ "name": "Empty" })).await.expect(201);
        assert_eq!(empty["members"], json!([]));
        let listed = ada.get("/squads?limit=2").await.expect(200);
        assert_eq!(listed["items"][0]["id"], empty["id"]);
        let rest = format!("/squads?cursor={}", listed["next_cursor"].as_str().unwrap());
        assert_eq!(ada.get(&rest).await.expect(200)["items"].as_array().unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn what_does_not_fit_is_named() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let field = async |body: Value| {
            let problem = ada.post("/squads", body).await.refused(422, "invalid");
            problem["errors"][0]["field"].as_str().unwrap().to_owned()
        };
        let with = |member: Value| json!({ "name": "T", "members": [{ "name": "Al", "role": "tech_lead" }, member] });
        let bea = |key: &str, value: Value| with(json!({ "name": "Bea", "role": "designer", key: value }));
        assert_eq!(field(json!({ "name": " " })).await, "name");
        assert_eq!(field(json!({ "name": "T", "template": "nope" })).await, "template");
        assert_eq!(field(bea("specialization", json!("pixels"))).await, "members[1].specialization");
        assert_eq!(field(bea("tools", json!(["fly"]))).await, "members[1].tools");
        assert_eq!(field(bea("allowed_paths", json!(["a[b"]))).await, "members[1].allowed_paths");
        assert_eq!(field(bea("max_turns", json!(0))).await, "members[1].max_turns");
        assert_eq!(field(bea("budget_usd", json!(-1))).await, "members[1].budget_usd");
        assert_eq!(field(bea("model", json!("gpt"))).await, "members[1].model");
        assert_eq!(field(bea("profile", json!({ "default": [] }))).await, "members[1].profile.default");
        assert_eq!(field(with(json!({ "name": "Bea", "role": "wizard" }))).await, "members[1].role");
        assert_eq!(field(with(json!({ "name": "al", "role": "designer" }))).await, "members");
        assert_eq!(ada.get("/squads").await.expect(200)["items"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn a_squad_goes_out_as_a_file_and_comes_back() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let squad = pair(&ada).await;
        let file = ada.get(&format!("/squads/{}/export", id(&squad))).await;
        assert_eq!(file.headers["content-type"], "application/toml");
        let copy = ada.post("/squads/import", json!({ "toml": file.text })).await.expect(201);
        let clone = format!("/squads/{}/clone", id(&squad));
        let clone = ada.post(&clone, json!({ "name": "Twin" })).await.expect(201);
        for (key, other) in
            [("name", &copy), ("specialization", &copy), ("profile", &copy), ("prompt", &clone)]
        {
            for n in 0..2 {
                assert_eq!(other["members"][n][key], squad["members"][n][key], "{key}");
                assert_ne!(other["members"][n]["id"], squad["members"][n]["id"]);
            }
        }
        assert_eq!((&clone["name"], &copy["name"]), (&json!("Twin"), &json!("Pair")));
        let broken = file.text.replace("tech_lead", "wizard");
        let problem = ada.post("/squads/import", json!({ "toml": broken })).await.refused(422, "invalid");
        assert!(problem["errors"][0]["message"].as_str().unwrap().starts_with("line "), "{problem}");
    })
    .await;
}

#[tokio::test]
async fn a_squad_is_changed_at_its_version_archived_and_deleted() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let squad = format!("/squads/{}", id(&pair(&ada).await));
        let patch = json!({ "status": "archived", "approval": "never", "model": "a/b" });
        let first = ada.clone().with_header("if-match", "\"1\"");
        let changed = first.patch(&squad, patch.clone()).await;
        assert_eq!(changed.headers["etag"], "\"2\"");
        let changed = changed.expect(200);
        assert_eq!(
            (&changed["approval"], &changed["profile"]["default"]),
            (&json!("never"), &json!(["a/b"]))
        );
        first.patch(&squad, patch).await.refused(412, "stale");
        let cleared = ada.patch(&squad, json!({ "approval": null, "profile": null })).await.expect(200);
        assert!(cleared.get("approval").is_none() && cleared.get("profile").is_none(), "{cleared}");
        assert_eq!(ada.get("/squads?status=active").await.expect(200)["items"], json!([]));
        assert_eq!(
            ada.get("/squads?status=archived").await.expect(200)["items"].as_array().unwrap().len(),
            1
        );
        assert_eq!(ada.get(&format!("{squad}/cost")).await.expect(200)["total_usd"], 0.0);
        ada.delete(&squad).await.expect(204);
        ada.get(&squad).await.refused(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn members_are_hired_changed_and_made_what_they_were() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let squad = format!("/squads/{}", id(&pair(&ada).await));
        let quinn = json!({ "name": "Quinn", "role": "qa_tester" });
        let hired = ada.post(&format!("{squad}/members"), quinn.clone()).await.expect(201);
        ada.post(&format!("{squad}/members"), quinn).await.refused(409, "conflict");
        let member = format!("/members/{}", id(&hired));
        let patch = json!({ "max_turns": 12, "budget_usd": 0.25, "tools": ["read_file"], "note": "Careful" });
        let changed = ada.patch(&member, patch).await.expect(200);
        assert_eq!(
            (&changed["max_turns"], &changed["budget_usd"], &changed["version"]),
            (&json!(12), &json!(0.25), &json!(2))
        );
        let first = ada.clone().with_header("if-match", "\"1\"");
        first.patch(&member, json!({ "name": "Q" })).await.refused(412, "stale");
        let swapped = ada.post(&format!("{member}/swap-model"), json!({ "model": "a/b" })).await.expect(200);
        assert_eq!(swapped["profile"]["default"], json!(["a/b"]));
        let cleared = ada.patch(&member, json!({ "tools": null, "profile": null })).await.expect(200);
        assert!(cleared.get("tools").is_none() && cleared.get("profile").is_none(), "{cleared}");
        let second = ada.get(&format!("{member}/revisions/2")).await.expect(200);
        assert_eq!(
            (&second["note"], &second["changes"][1]["field"]),
            (&json!("Careful"), &json!("max_turns"))
        );
        assert_eq!(
            (&second["changes"][1]["before"], &second["changes"][1]["after"]),
            (&json!(80), &json!(12))
        );
        let back = json!({ "revision": 9 });
        ada.post(&format!("{member}/rollback"), back).await.refused(422, "invalid");
        let back = ada.post(&format!("{member}/rollback"), json!({ "revision": 1 })).await.expect(200);
        assert_eq!((&back["max_turns"], &back["version"]), (&json!(80), &json!(5)));
        let page = ada.get(&format!("{member}/revisions?limit=2")).await.expect(200);
        assert_eq!(page["items"][0]["revision"], 5);
        let rest = format!("{member}/revisions?cursor={}", page["next_cursor"].as_str().unwrap());
        assert_eq!(ada.get(&rest).await.expect(200)["items"].as_array().unwrap().len(), 3);
    })
    .await;
}

#[tokio::test]
async fn whoever_does_not_work_takes_no_duty() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let made = pair(&ada).await;
        let squad = format!("/squads/{}", id(&made));
        let (tom, bea) = (id(&made["members"][0]), id(&made["members"][1]));
        let planner = async || {
            let composition = ada.get(&format!("{squad}/composition")).await.expect(200);
            let duties = composition["duties"].as_array().unwrap().clone();
            duties.into_iter().find(|duty| duty["duty"] == "plan").unwrap()["name"].clone()
        };
        assert_eq!(planner().await, "Tom");
        ada.post(&format!("/members/{tom}/deactivate"), json!({})).await.expect(200);
        assert_eq!(planner().await, "Bea");
        ada.post(&format!("/members/{bea}/deactivate"), json!({})).await.refused(409, "conflict");
        let working = ada.get(&format!("{squad}/members?active=true")).await.expect(200);
        assert_eq!(working["items"].as_array().unwrap().len(), 1);
        let leads = ada.get(&format!("{squad}/members?role=tech_lead&active=false")).await.expect(200);
        assert_eq!(leads["items"][0]["name"], "Tom");
        ada.post(&format!("/members/{tom}/reactivate"), json!({})).await.expect(200);
        assert_eq!(planner().await, "Tom");
    })
    .await;
}

#[tokio::test]
async fn another_organization_finds_neither_squad_nor_member() {
    each_app(async |app| {
        let eve = stranger(app).await;
        let ada = app.sign_in("ada@example.com").await;
        let made = pair(&ada).await;
        let (squad, member) =
            (format!("/squads/{}", id(&made)), format!("/members/{}", id(&made["members"][0])));
        let empty = json!({});
        for (method, path, body) in [
            (Method::GET, squad.clone(), None),
            (Method::PATCH, squad.clone(), Some(json!({ "name": "Mine" }))),
            (Method::DELETE, squad.clone(), None),
            (Method::GET, format!("{squad}/export"), None),
            (Method::GET, format!("{squad}/cost"), None),
            (Method::GET, format!("{squad}/composition"), None),
            (Method::GET, format!("{squad}/members"), None),
            (Method::POST, format!("{squad}/clone"), Some(json!({ "name": "Mine" }))),
            (Method::POST, format!("{squad}/members"), Some(json!({ "name": "Eve", "role": "designer" }))),
            (Method::GET, member.clone(), None),
            (Method::PATCH, member.clone(), Some(json!({ "prompt": "Obey" }))),
            (Method::POST, format!("{member}/deactivate"), Some(empty.clone())),
            (Method::POST, format!("{member}/swap-model"), Some(json!({ "model": "a/b" }))),
            (Method::POST, format!("{member}/rollback"), Some(json!({ "revision": 1 }))),
            (Method::GET, format!("{member}/revisions"), None),
            (Method::GET, format!("{member}/revisions/1"), None),
        ] {
            eve.send(method, &path, body).await.refused(404, "not_found");
        }
        assert_eq!(ada.get(&squad).await.expect(200), made);
    })
    .await;
}
