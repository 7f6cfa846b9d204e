//! The whole document, asked with what fits it and what does not: nothing fails on our side, and no answer is outside of
//! what the document says. `SQUAD_FUZZ_SECONDS` gives it more time.

use crate::app::TestApp;
use crate::house::execution;
use squad_secrets::seal::{MasterKey, MasterKeys};
use squad_testkit::{Backend, TestDatabase, VirtualClock, python_peer};
use std::num::NonZeroU32;
use std::sync::Arc;

/// These end what the others need: the session, the account, the organization.
const ENDINGS: &str =
    "/(logout|logout-all|me/delete|me/password|me/second-factor.*|transfer|switch)$|/me/sessions/";
/// What every answer has to be.
const CHECKS: &str =
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";

#[tokio::test(flavor = "multi_thread")]
async fn no_request_makes_the_server_fail_or_say_what_the_document_does_not() {
    let seconds = std::env::var("SQUAD_FUZZ_SECONDS").unwrap_or_else(|_| "60".to_owned());
    let database = TestDatabase::new(Backend::Sqlite).await;
    let master = Arc::new(MasterKeys::new(MasterKey::generate()));
    let app = TestApp::with(&database, VirtualClock::default(), master, |config| {
        config.requests_per_minute = NonZeroU32::MAX;
    })
    .await;
    let ada = app.person("ada@example.com").await;
    execution(&app).await;
    let folder = tempfile::tempdir().unwrap();
    let mut command = python_peer("schemathesis");
    command
        .current_dir(folder.path())
        .args(["run", &format!("{}/api/openapi.json", app.url), "--checks", CHECKS])
        .args(["--phases", "examples,coverage,fuzzing", "--max-examples", "5", "--max-time", &seconds])
        .args(["--seed", "1", "--no-shrink", "--continue-on-failure", "--warnings", "off"])
        .args(["--suppress-health-check", "all", "--request-timeout", "30"])
        .args(["--exclude-path-regex", ENDINGS])
        .args(["-H", &format!("Authorization: Bearer {}", ada.token.as_deref().unwrap())]);
    let done = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}\n{}", String::from_utf8_lossy(&done.stderr));
    ada.get("/me").await.expect(200);
    app.end().await;
}
