//! Every route, asked by everybody: generated from the OpenAPI document, so that no route can be forgotten.

use crate::app::{LOCAL, Person, Reply, TestApp, each_app};
use crate::document::operations;
use crate::example;
use crate::house::{execution_of, spec_of};
use reqwest::Method;
use serde_json::{Value, json};
use squad_domain::ids::SquadId;
use squad_domain::permission::{OrgRole, Permission};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A word that stands in everything which the organization owns, and nowhere else.
const MARK: &str = "Zephyrine";

/// Things of one organization, by the part of the path before their id.
struct Things(BTreeMap<&'static str, String>);

impl Things {
    async fn make(app: &TestApp, owner: &Person) -> Self {
        let id =
            |value: &Value| value["id"].as_str().unwrap_or_else(|| panic!("no id in {value}")).to_owned();
        let squad = json!({ "name": MARK, "template": "solo" });
        let squad = id(&owner.post("/squads", squad).await.expect(201));
        let members = owner.get(&format!("/squads/{squad}/members")).await.expect(200);
        let project = json!({ "name": MARK, "repository": "https://git.example.com/zephyrine.git" });
        let project = id(&owner.post("/projects", project).await.expect(201));
        let task = |title: &str| json!({ "title": format!("{MARK} {title}"), "project_id": project });
        let first = id(&owner.post("/tasks", task("one")).await.expect(201));
        let second = id(&owner.post("/tasks", task("two")).await.expect(201));
        let comment = json!({ "body": MARK });
        let comment = id(&owner.post(&format!("/tasks/{first}/comments"), comment).await.expect(201));
        let upload = owner.request(Method::POST, &format!("/tasks/{first}/attachments?name=zephyrine.txt"));
        let upload = upload.header("content-type", "text/plain").body(MARK).send().await.unwrap();
        let attachment = id(&Reply::of(upload).await.expect(201));
        owner.post(&format!("/tasks/{first}/dependencies"), json!({ "depends_on": second })).await;
        let webhook =
            json!({ "url": "https://hooks.example.com/zephyrine", "events": ["*"], "description": MARK });
        let webhook = id(&owner.post("/webhooks", webhook).await.expect(201));
        let test = owner.post(&format!("/webhooks/{webhook}/test"), json!({})).await;
        assert!(test.status < 300, "{}", test.text);
        let deliveries = owner.get(&format!("/webhooks/{webhook}/deliveries")).await.expect(200);
        let key = json!({ "name": MARK, "scopes": ["squads:read"] });
        let key = owner.post("/api-keys", key).await.expect(201);
        let key = id(&key["api_key"]);
        let invitation = json!({ "email": "zephyrine@example.com", "role": "viewer" });
        let invitation =
            owner.post(&format!("/organizations/{LOCAL}/invitations"), invitation).await.expect(201);
        let mut spec = spec_of(LOCAL, SquadId(squad.parse().unwrap()));
        spec.task.title = MARK.to_owned();
        let execution = execution_of(app, &spec).await;
        let me = owner.get("/me").await.expect(200);
        Self(BTreeMap::from([
            ("squads", squad),
            ("members", id(&members["items"][0])),
            ("projects", project),
            ("tasks", first),
            ("dependencies", second),
            ("comments", comment),
            ("attachments", attachment),
            ("webhooks", webhook),
            ("deliveries", id(&deliveries["items"][0])),
            ("api-keys", key),
            ("invitations", id(&invitation)),
            ("executions", execution.to_string()),
            ("organizations", LOCAL.to_string()),
            ("organization members", me["user"]["id"].as_str().unwrap().to_owned()),
            ("sessions", Uuid::from_u128(1).to_string()),
            ("feedback", Uuid::from_u128(1).to_string()),
            ("revisions", "1".to_owned()),
            ("messages", "1".to_owned()),
            ("by-number", "1".to_owned()),
        ]))
    }

    /// The path with these things in the place of its parameters.
    fn fill(&self, path: &str) -> String {
        let parts: Vec<&str> = path.strip_prefix("/api/v1").unwrap().split('/').collect();
        let filled = parts.iter().enumerate().map(|(index, part)| {
            if !part.starts_with('{') {
                return (*part).to_owned();
            }
            let before = parts[index - 1];
            let name = if before == "members" && parts.contains(&"organizations") {
                "organization members"
            } else {
                before
            };
            self.0
                .get(name)
                .unwrap_or_else(|| panic!("{path}: say in `Things` what stands after `{before}`"))
                .clone()
        });
        filled.collect::<Vec<_>>().join("/")
    }
}

/// Ids of nothing.
fn nothing(path: &str) -> String {
    let parts = path.strip_prefix("/api/v1").unwrap().split('/');
    let id = Uuid::from_u128(0x1234).to_string();
    parts
        .map(|part| if part.starts_with('{') { id.clone() } else { part.to_owned() })
        .collect::<Vec<_>>()
        .join("/")
}

/// A request that fits the document, as somebody sends it.
async fn ask(person: &Person, method: &str, path: &str, operation: &Value, document: &Value) -> Reply {
    let mut target = path.to_owned();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        if parameter["in"] == "query" && parameter["required"] == true {
            let value = example::of(document, &parameter["schema"], Uuid::from_u128(2));
            let value = parameter.get("example").cloned().unwrap_or(value);
            let value = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            let joint = if target.contains('?') { '&' } else { '?' };
            target.push_str(&format!("{joint}{}={value}", parameter["name"].as_str().unwrap()));
        }
    }
    let mut request = person.request(method.parse().unwrap(), &target);
    let content = &operation["requestBody"]["content"];
    if let Some(schema) = content["application/json"].get("schema") {
        request = request.json(&example::of(document, schema, Uuid::from_u128(2)));
    } else if let Some((kind, _)) = content.as_object().and_then(|content| content.iter().next()) {
        request = request.header("content-type", kind).body("bytes");
    }
    Reply::of(request.send().await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_holds_for_every_role_and_shows_nothing_to_strangers() {
    let document = serde_json::to_value(squad_api::openapi()).unwrap();
    let all = operations(&document);
    each_app(async |app| {
        let owner = app.person("owner@example.com").await;
        let things = Things::make(app, &owner).await;
        let stranger = app.person("stranger@example.com").await;
        let mut people = BTreeMap::new();
        for role in OrgRole::ALL {
            people.insert(*role, app.employee(&owner, *role).await);
        }
        for (method, path, operation) in &all {
            let what = format!("{method} {path}");
            let target = things.fill(path);
            let anybody = ask(&app.anybody(), method, &target, operation, &document).await;
            let Some(slug) = operation["x-permission"].as_str() else {
                // A route of one's own account, or of nobody's: it is never about somebody else's things.
                let public = operation["security"].as_array().is_none_or(Vec::is_empty);
                assert!(public || anybody.status == 401, "{what} answers {} to anybody", anybody.status);
                assert!(!anybody.text.contains(MARK), "{what} tells anybody: {}", anybody.text);
                continue;
            };
            let permission: Permission = slug.parse().unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(anybody.status, 401, "{what} answers to anybody: {}", anybody.text);
            let foreign = ask(&stranger, method, &target, operation, &document).await;
            assert!(!foreign.text.contains(MARK), "{what} tells a stranger: {}", foreign.text);
            // Numbers of tasks begin anew in every organization.
            if path.contains('{') && !path.contains("by-number") {
                assert_eq!(foreign.status, 404, "{what} answers to a stranger: {}", foreign.text);
            }
            for (role, person) in &people {
                if !role.may(permission) {
                    let reply = ask(person, method, &target, operation, &document).await;
                    assert_eq!(reply.status, 403, "{what} as {role}: {}", reply.text);
                    continue;
                }
                // Nothing is changed of what the others still need.
                let harmless = method == "GET" || !path.contains('{') && !path.ends_with("/me");
                let reply = if harmless {
                    ask(person, method, &target, operation, &document).await
                } else {
                    ask(person, method, &nothing(path), operation, &document).await
                };
                assert!(![401, 403].contains(&reply.status), "{what} as {role}: {}", reply.text);
                assert!(reply.status < 500, "{what} as {role}: {}", reply.text);
                if method == "GET" {
                    let there =
                        reply.status < 300 || reply.text.contains("yet") || reply.text.contains("such");
                    assert!(there, "{what} as {role}: {} {}", reply.status, reply.text);
                }
            }
        }
    })
    .await;
}
