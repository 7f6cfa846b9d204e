//! The OpenAPI document.

use crate::app::TestApp;
use serde_json::Value;
use squad_testkit::{Backend, TestDatabase};

fn document() -> Value {
    serde_json::to_value(squad_api::openapi()).unwrap()
}

/// Every operation: method, path, and what the document says of it.
pub(crate) fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, item): (&String, &Value)| {
        let methods = item.as_object().unwrap().iter();
        let methods = methods
            .filter(|(method, _)| ["get", "post", "put", "patch", "delete"].contains(&method.as_str()));
        methods
            .map(|(method, operation)| (method.to_uppercase(), path.clone(), operation.clone()))
            .collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

/// A change of it is a change of the product: clients are generated from it.
#[test]
fn the_document_is_what_it_was() {
    insta::assert_json_snapshot!("openapi", document());
}

#[test]
fn every_operation_says_what_it_does() {
    let document = document();
    let mut ids = std::collections::BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let summary = operation["summary"].as_str().unwrap_or_default();
        assert!(!summary.is_empty() && !summary.ends_with('.'), "{method} {path}: `{summary}`");
        let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
        assert!(ids.insert(id.clone()), "{method} {path}: two are called `{id}`");
        let tag = &operation["tags"][0];
        let tags = document["tags"].as_array().unwrap();
        assert!(
            tags.iter().any(|known| known["name"] == *tag),
            "{method} {path}: the tag {tag} is not described"
        );
    }
}

#[tokio::test]
async fn the_page_needs_nothing_from_elsewhere() {
    let database = TestDatabase::new(Backend::Sqlite).await;
    let app = TestApp::new(&database).await;
    let anybody = app.anybody();
    let page = anybody.get("!/api/docs").await;
    assert_eq!(page.status, 200);
    assert!(!page.text.contains("https://"), "{}", page.text);
    for part in page.text.split("src=\"").skip(1).chain(page.text.split("href=\"").skip(1)) {
        let file = part.split('"').next().unwrap();
        let found = anybody.get(&format!("!/api/docs/{}", file.trim_start_matches("./"))).await;
        assert_eq!(found.status, 200, "{file}");
    }
    let document = anybody.get("!/api/openapi.json").await.expect(200);
    assert_eq!(document["openapi"], "3.1.0");
    app.end().await;
}
