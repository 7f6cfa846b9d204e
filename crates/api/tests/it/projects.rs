//! Projects, what opens their repositories, and a look at them.

use crate::app::{TestApp, each_app};
use serde_json::{Value, json};
use squad_secrets::seal::{MasterKey, MasterKeys};
use squad_testkit::{Backend, FixtureRepo, TestDatabase, VirtualClock};
use std::sync::Arc;

const SHOP: &str = "https://git.example.com/shop.git";

fn path(project: &Value) -> String {
    format!("/projects/{}", project["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_project_is_made_changed_and_deleted() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let body = json!({ "name": " Shop ", "repository": SHOP, "test_command": "npm test", "default_branch": "main" });
        let made = ada.post("/projects", body).await;
        let location = made.headers["location"].to_str().unwrap().to_owned();
        let made = made.expect(201);
        assert_eq!((&made["name"], &made["has_credentials"]), (&json!("Shop"), &json!(false)));
        assert_eq!(ada.get(&format!("!{location}")).await.expect(200), made);
        let project = path(&made);
        let patch = json!({ "test_command": null, "setup_command": "npm ci", "archived": true });
        let first = ada.clone().with_header("if-match", "\"1\"");
        let changed = first.patch(&project, patch.clone()).await.expect(200);
        assert_eq!((changed.get("test_command"), &changed["setup_command"]), (None, &json!("npm ci")));
        first.patch(&project, patch).await.refused(412, "stale");
        assert_eq!(ada.get("/projects?archived=false").await.expect(200)["items"], json!([]));
        assert_eq!(ada.get("/projects?archived=true").await.expect(200)["items"][0], changed);
        ada.delete(&project).await.expect(204);
        ada.get(&project).await.refused(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn a_repository_is_a_url_without_credentials() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        for bad in [
            "",
            "https://ada:hunter2@git.example.com/x",
            "ssh://a:hunter2@git.example.com/x",
            "ext::sh -c id",
            "/etc",
            "file:///etc",
            "../x",
        ] {
            let body = json!({ "name": "Shop", "repository": bad });
            let problem = ada.post("/projects", body).await.refused(422, "invalid");
            assert_eq!(problem["errors"][0]["field"], "repository", "{bad}");
            assert!(!problem.to_string().contains("hunter2"), "{problem}");
        }
        let token = json!({ "name": "Shop", "repository": "https://hunter2@git.example.com/x" });
        let problem = ada.post("/projects", token).await.refused(422, "invalid");
        assert!(problem["errors"][0]["message"].as_str().unwrap().contains("/credentials"), "{problem}");
        let hosts = json!({ "name": "Shop", "repository": SHOP, "setup_hosts": ["a b"] });
        let problem = ada.post("/projects", hosts).await.refused(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], "setup_hosts");
    })
    .await;
}

#[tokio::test]
async fn credentials_are_taken_and_never_shown() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let made = ada.post("/projects", json!({ "name": "Shop", "repository": SHOP })).await.expect(201);
        let (project, credentials) = (path(&made), format!("{}/credentials", path(&made)));
        let put = async |body: Value| ada.send(reqwest::Method::PUT, &credentials, Some(body)).await;
        put(json!({ "secret": "" })).await.refused(422, "invalid");
        put(json!({ "username": "deploy", "secret": "s3cret-t0ken" })).await.expect(204);
        let shown = ada.get(&project).await;
        assert!(!shown.text.contains("s3cret"), "{}", shown.text);
        let shown = shown.expect(200);
        assert_eq!((&shown["has_credentials"], &shown["credential_user"]), (&json!(true), &json!("deploy")));
        let away = json!({ "repository": "https://evil.example/shop.git" });
        assert_eq!(ada.patch(&project, away).await.expect(200)["has_credentials"], false);
        put(json!({ "secret": "another" })).await.expect(204);
        ada.delete(&credentials).await.expect(204);
        assert_eq!(ada.get(&project).await.expect(200)["has_credentials"], false);
    })
    .await;
}

#[tokio::test]
async fn another_organization_finds_no_project() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let eve = app.person("eve@example.com").await;
        let made = ada.post("/projects", json!({ "name": "Shop", "repository": SHOP })).await.expect(201);
        let project = path(&made);
        eve.get(&project).await.refused(404, "not_found");
        eve.patch(&project, json!({ "name": "Mine" })).await.refused(404, "not_found");
        eve.delete(&project).await.refused(404, "not_found");
        eve.delete(&format!("{project}/credentials")).await.refused(404, "not_found");
        eve.post(&format!("{project}/detect"), json!({})).await.refused(404, "not_found");
        assert_eq!(ada.get(&project).await.expect(200), made);
    })
    .await;
}

#[tokio::test]
async fn a_look_at_a_repository_tells_how_it_is_tested() {
    let database = TestDatabase::new(Backend::Sqlite).await;
    let master = Arc::new(MasterKeys::new(MasterKey::generate()));
    let app =
        TestApp::with(&database, VirtualClock::default(), master, |config| config.local_repositories = true)
            .await;
    let ada = app.person("ada@example.com").await;
    let repository = FixtureRepo::new()
        .file("Cargo.toml", "[package]\nname = \"x\"\n")
        .file("go.mod", "module x\n")
        .commit("All");
    let body = json!({ "name": "Mixed", "repository": repository.path() });
    let project = path(&ada.post("/projects", body).await.expect(201));
    let stranger = app.person("eve@example.com").await;
    let body = json!({ "name": "Theirs", "repository": repository.path() });
    stranger.post("/projects", body).await.refused(422, "invalid");
    let seen = ada.post(&format!("{project}/detect"), json!({})).await.expect(200);
    assert_eq!(seen["languages"], json!(["go", "rust"]), "{seen}");
    assert_eq!((&seen["test_command"], &seen["branch"]), (&seen["tests"][0]["command"], &json!("main")));
    let nowhere =
        ada.post("/projects", json!({ "name": "Gone", "repository": "/nonexistent/x" })).await.expect(201);
    ada.post(&format!("{}/detect", path(&nowhere)), json!({})).await.refused(409, "conflict");
    app.end().await;
}
