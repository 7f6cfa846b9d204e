//! The board, and what stands around its tasks.

use crate::app::{LOCAL, Person, Reply, TestApp, each_app};
use reqwest::Method;
use serde_json::{Value, json};
use squad_domain::ids::ExecutionId;
use squad_domain::message::Actor;
use squad_storage::Author;
use squad_testkit::spec;
use uuid::Uuid;

async fn make(person: &Person, body: Value) -> Value {
    person.post("/tasks", body).await.expect(201)
}

/// The address of a task.
fn at(task: &Value) -> String {
    format!("/tasks/{}", task["id"].as_str().unwrap())
}

fn numbers(list: &Value) -> Vec<u64> {
    list["items"].as_array().unwrap().iter().map(|task| task["number"].as_u64().unwrap()).collect()
}

async fn put_file(person: &Person, path: &str, kind: &str, content: Vec<u8>) -> Reply {
    let request = person.request(Method::POST, path).header("content-type", kind).body(content);
    Reply::of(request.send().await.unwrap()).await
}

/// An execution that works on a task.
async fn execution(app: &TestApp, task: &Value) {
    let mut spec = spec();
    spec.org = LOCAL;
    let id = ExecutionId(app.clock.new_id());
    app.storage.create_execution(id, &spec, Actor::Engine, app.clock.now()).await.unwrap();
    let author = Author { actor: "system".into(), address: String::new(), at: app.clock.now() };
    let task: Uuid = task["id"].as_str().unwrap().parse().unwrap();
    app.storage.tenant(LOCAL).set_execution_task(&author, id, Some(task)).await.unwrap();
}

#[tokio::test]
async fn a_task_is_made_found_changed_and_deleted() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let me = ada.get("/me").await.expect(200)["user"]["id"].clone();
        let body = json!({
            "title": " Let the cart count ", "description": "All of it", "priority": "high", "labels": ["ui", "bug"],
            "assignee": { "kind": "user", "id": me }, "due_at": "2026-03-01T12:00:00+01:00",
            "external": { "id": "gh#7", "url": "https://example.com/7" },
        });
        let reply = ada.post("/tasks", body).await;
        assert_eq!(reply.headers["etag"], "\"1\"");
        let location = reply.headers["location"].to_str().unwrap().to_owned();
        let task = reply.expect(201);
        assert_eq!((&task["number"], &task["title"]), (&json!(1), &json!("Let the cart count")));
        assert_eq!((&task["state"], &task["labels"]), (&json!("todo"), &json!(["bug", "ui"])));
        assert_eq!((&task["assignee"]["id"], &task["due_at"]), (&me, &json!("2026-03-01T11:00:00Z")));
        assert_eq!(ada.get(&format!("!{location}")).await.expect(200), task);
        assert_eq!(ada.get("/tasks/by-number/1").await.expect(200), task);
        assert_eq!(ada.get("/tasks/by-external-id?external_id=gh%237").await.expect(200), task);
        ada.get("/tasks/by-number/2").await.refused(404, "not_found");

        let first = ada.clone().with_header("if-match", "\"1\"");
        let patch = json!({ "state": "done", "assignee": null, "due_at": null, "priority": null });
        let changed = first.patch(&at(&task), patch).await.expect(200);
        assert_eq!((&changed["state"], &changed["version"]), (&json!("done"), &json!(2)));
        assert_eq!((&changed["assignee"], &changed["priority"]), (&Value::Null, &json!("high")));
        let stale = first.patch(&at(&task), json!({ "title": "Late" })).await;
        assert_eq!(stale.headers["etag"], "\"2\"");
        stale.refused(412, "stale");
        first.delete(&at(&task)).await.refused(412, "stale");
        ada.delete(&at(&task)).await.expect(204);
        ada.get(&at(&task)).await.refused(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn what_does_not_fit_is_named() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let many: Vec<String> = (0..21).map(|number| format!("l{number}")).collect();
        let nobody = "019a8f00-0000-7000-8000-000000000001";
        for (body, field) in [
            (json!({ "title": " " }), "title"),
            (json!({ "title": "x".repeat(201) }), "title"),
            (json!({ "title": "x", "state": "somewhere" }), "state"),
            (json!({ "title": "x", "labels": many }), "labels"),
            (json!({ "title": "x", "labels": ["y".repeat(51)] }), "labels"),
            (json!({ "title": "x", "project_id": nobody }), "project_id"),
            (json!({ "title": "x", "squad_id": nobody }), "squad_id"),
            (json!({ "title": "x", "assignee": { "kind": "member", "id": nobody } }), "assignee"),
            (json!({ "title": "x", "due_at": "0000-01-01T00:00:00+05:00" }), "due_at"),
            (
                json!({ "title": "x", "external": { "id": "1", "url": "javascript:alert(1)" } }),
                "external.url",
            ),
        ] {
            let refused = ada.post("/tasks", body.clone()).await.refused(422, "invalid");
            assert_eq!(refused["errors"][0]["field"], field, "{body}");
        }
        let task = make(&ada, json!({ "title": "x", "external": { "id": "gh#7" } })).await;
        ada.post("/tasks", json!({ "title": "y", "external": { "id": "gh#7" } }))
            .await
            .refused(409, "conflict");
        let both = json!({ "labels": ["a"], "add_labels": ["b"] });
        ada.patch(&at(&task), both).await.refused(422, "invalid");
        let both = format!("/tasks?assignee_user={nobody}&assignee_member={nobody}");
        ada.get(&both).await.refused(422, "invalid");
    })
    .await;
}

#[tokio::test]
async fn lists_and_the_board_show_what_is_asked_for() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        for number in 1..=3 {
            make(&ada, json!({ "title": format!("Task {number}"), "labels": ["bug"] })).await;
        }
        let done = make(&ada, json!({ "title": "The cart", "state": "done", "priority": "urgent" })).await;
        let page = ada.get("/tasks?limit=2&label=bug").await.expect(200);
        assert_eq!(numbers(&page), [3, 2]);
        let next = format!("/tasks?limit=2&label=bug&cursor={}", page["next_cursor"].as_str().unwrap());
        let rest = ada.get(&next).await.expect(200);
        assert_eq!((numbers(&rest), &rest["next_cursor"]), (vec![1], &Value::Null));
        assert_eq!(numbers(&ada.get("/tasks?q=CART").await.expect(200)), [4]);
        assert_eq!(numbers(&ada.get("/tasks?state=done&priority=urgent").await.expect(200)), [4]);
        ada.get("/tasks?state=somewhere").await.refused(422, "invalid");

        let board = ada.get("/tasks/board?per_column=2").await.expect(200);
        let column = |name: &str| {
            let columns = board["columns"].as_array().unwrap();
            columns.iter().find(|column| column["state"] == name).unwrap().clone()
        };
        assert_eq!(board["columns"].as_array().unwrap().len(), 6);
        assert_eq!(
            (&column("todo")["total"], column("todo")["tasks"].as_array().unwrap().len()),
            (&json!(3), 2)
        );
        let place = json!({ "state": "done", "place": { "before": done["id"] } });
        let moved = ada.post(&format!("{}/move", at(&column("todo")["tasks"][1])), place).await.expect(200);
        assert_eq!((&moved["number"], &moved["state"]), (&json!(2), &json!("done")));
        let board = ada.get("/tasks/board").await.expect(200);
        assert_eq!(board["columns"][4]["tasks"][0]["number"], 2);
        let astray = json!({ "state": "todo", "place": { "after": done["id"] } });
        ada.post(&format!("{}/move", at(&moved)), astray).await.refused(409, "conflict");
        let first = json!({ "state": "todo", "place": "first" });
        ada.post(&format!("{}/move", at(&moved)), first).await.expect(200);
        assert_eq!(
            ada.get("/tasks/labels").await.expect(200)["items"],
            json!([{ "label": "bug", "tasks": 3 }])
        );
    })
    .await;
}

#[tokio::test]
async fn many_are_changed_at_once_and_each_says_what_became_of_it() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let (one, two) =
            (make(&ada, json!({ "title": "One" })).await, make(&ada, json!({ "title": "Two" })).await);
        execution(app, &two).await;
        let nobody = "019a8f00-0000-7000-8000-000000000001";
        let ids = json!([one["id"], two["id"], nobody]);
        let outcomes = async |change: Value| {
            let done = ada.post("/tasks/bulk", json!({ "ids": ids, "change": change })).await.expect(200);
            let items = done["items"].as_array().unwrap().clone();
            items.into_iter().map(|item| item["outcome"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(
            outcomes(json!({ "patch": { "add_labels": ["bug"] } })).await,
            ["updated", "updated", "not_found"]
        );
        assert_eq!(
            outcomes(json!({ "patch": { "squad_id": nobody } })).await,
            ["refused", "refused", "not_found"]
        );
        assert_eq!(outcomes(json!("delete")).await, ["deleted", "archived", "not_found"]);
        assert_eq!(ada.delete(&at(&two)).await.expect(200), json!({ "archived": true }));
        assert_eq!(numbers(&ada.get("/tasks?archived=true").await.expect(200)), [2]);
        let worked = ada.get(&format!("{}/executions", at(&two))).await.expect(200);
        assert_eq!(worked["items"][0]["title"], "Let the cart count");
        ada.post("/tasks/bulk", json!({ "ids": [], "change": "delete" })).await.refused(422, "invalid");
        let long = json!({ "ids": [nobody], "change": { "patch": { "title": "x".repeat(201) } } });
        ada.post("/tasks/bulk", long).await.refused(422, "invalid");
    })
    .await;
}

#[tokio::test]
async fn a_comment_is_changed_by_who_made_it_or_an_admin() {
    each_app(async |app| {
        let (ada, bob) = (app.person("ada@example.com").await, app.person("bob@example.com").await);
        let task = make(&ada, json!({ "title": "One" })).await;
        let comments = format!("{}/comments", at(&task));
        app.join(&ada, &bob, &LOCAL.to_string(), "member").await;
        let bob = bob.with_header("x-organization-id", &LOCAL.to_string());
        let adas = ada.post(&comments, json!({ "body": "First" })).await.expect(201);
        let bobs = bob.post(&comments, json!({ "body": "Second" })).await.expect(201);
        let (adas, bobs) = (adas["id"].as_str().unwrap(), bobs["id"].as_str().unwrap());
        bob.patch(&format!("{comments}/{adas}"), json!({ "body": "x" })).await.refused(403, "forbidden");
        bob.delete(&format!("{comments}/{adas}")).await.refused(403, "forbidden");
        bob.patch(&format!("{comments}/{bobs}"), json!({ "body": "Changed" })).await.expect(200);
        let shown = ada.get(&comments).await.expect(200);
        let words: Vec<_> =
            shown["items"].as_array().unwrap().iter().map(|item| item["body"].clone()).collect();
        assert_eq!(words, ["First", "Changed"]);
        let elsewhere = make(&ada, json!({ "title": "Two" })).await;
        ada.delete(&format!("{}/comments/{bobs}", at(&elsewhere))).await.refused(404, "not_found");
        ada.delete(&format!("{comments}/{bobs}")).await.expect(204);
        ada.post(&comments, json!({ "body": " " })).await.refused(422, "invalid");
        assert_eq!(ada.get(&at(&task)).await.expect(200)["comments"], 1);
    })
    .await;
}

#[tokio::test]
async fn a_file_comes_back_as_a_download_and_nothing_else() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let task = make(&ada, json!({ "title": "One" })).await;
        let files = format!("{}/attachments", at(&task));
        let page = b"<script>alert(1)</script>\0".to_vec();
        let sent =
            put_file(&ada, &format!("{files}?name=..%2Fx%22%0D.html"), "text/html", page.clone()).await;
        assert_eq!(sent.refused(422, "invalid")["errors"][0]["field"], "name");
        let sent = put_file(&ada, &format!("{files}?name=..%2Fx%22y.html"), "text/html", page.clone()).await;
        let location = sent.headers["location"].to_str().unwrap().to_owned();
        let file = sent.expect(201);
        assert_eq!((&file["media_type"], &file["size"]), (&json!("text/html"), &json!(26)));
        assert_eq!(ada.get(&format!("!{location}")).await.expect(200), file);
        let shown = ada.get(&format!("!{location}/content")).await;
        assert_eq!((shown.status, shown.text.as_bytes()), (200, page.as_slice()));
        assert_eq!(shown.headers["content-type"], "application/octet-stream");
        assert_eq!(shown.headers["x-content-type-options"], "nosniff");
        assert!(shown.headers["content-security-policy"].to_str().unwrap().starts_with("sandbox"));
        let named = "attachment; filename=\"x_y.html\"; filename*=UTF-8''x%22y.html";
        assert_eq!(shown.headers["content-disposition"], named);
        // More than other routes take, and the most that this one does.
        put_file(&ada, &format!("{files}?name=large"), "image/png", vec![7; 5 << 20]).await.expect(201);
        let larger =
            put_file(&ada, &format!("{files}?name=larger"), "image/png", vec![7; (5 << 20) + 1]).await;
        larger.refused(413, "too_large");
        assert_eq!(ada.get(&files).await.expect(200)["items"].as_array().unwrap().len(), 2);
        ada.delete(&format!("{files}/{}", file["id"].as_str().unwrap())).await.expect(204);
        ada.get(&format!("!{location}/content")).await.refused(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn tasks_wait_for_others_but_not_in_a_circle() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let (one, two) =
            (make(&ada, json!({ "title": "One" })).await, make(&ada, json!({ "title": "Two" })).await);
        let path = format!("{}/dependencies", at(&one));
        let wait = json!({ "depends_on": two["id"] });
        let now = ada.post(&path, wait.clone()).await.expect(201);
        assert_eq!(now["waits_for"][0]["number"], 2);
        assert_eq!(ada.post(&path, wait).await.expect(200), now);
        let back = json!({ "depends_on": one["id"] });
        ada.post(&format!("{}/dependencies", at(&two)), back).await.refused(409, "conflict");
        let nobody = json!({ "depends_on": "019a8f00-0000-7000-8000-000000000001" });
        ada.post(&path, nobody).await.refused(422, "invalid");
        assert_eq!(ada.get(&at(&one)).await.expect(200)["waits_for"], 1);
        let held = ada.get(&format!("{}/dependencies", at(&two))).await.expect(200);
        assert_eq!(held["holds_up"][0]["number"], 1);
        let gone = format!("{path}/{}", two["id"].as_str().unwrap());
        ada.delete(&gone).await.expect(204);
        ada.delete(&gone).await.refused(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn another_organization_finds_nothing_of_it() {
    each_app(async |app| {
        let (ada, eve) = (app.person("ada@example.com").await, app.person("eve@example.com").await);
        let task = make(&ada, json!({ "title": "One", "external": { "id": "gh#7" } })).await;
        let own = make(&eve, json!({ "title": "Mine" })).await;
        let file = put_file(&ada, &format!("{}/attachments?name=x", at(&task)), "text/plain", vec![1])
            .await
            .expect(201);
        let file = file["id"].as_str().unwrap();
        for path in ["", "/comments", "/attachments", "/dependencies", "/executions"] {
            eve.get(&format!("{}{path}", at(&task))).await.refused(404, "not_found");
        }
        eve.get(&format!("{}/attachments/{file}/content", at(&own))).await.refused(404, "not_found");
        eve.get("/tasks/by-external-id?external_id=gh%237").await.refused(404, "not_found");
        eve.patch(&at(&task), json!({ "title": "x" })).await.refused(404, "not_found");
        eve.delete(&at(&task)).await.refused(404, "not_found");
        eve.post(&format!("{}/comments", at(&task)), json!({ "body": "x" })).await.refused(404, "not_found");
        eve.post(&format!("{}/move", at(&task)), json!({ "state": "done" })).await.refused(404, "not_found");
        let wait = json!({ "depends_on": task["id"] });
        eve.post(&format!("{}/dependencies", at(&own)), wait).await.refused(422, "invalid");
        assert_eq!(numbers(&eve.get("/tasks").await.expect(200)), [1]);
        assert_eq!(ada.get(&at(&task)).await.expect(200)["version"], 1);
    })
    .await;
}
