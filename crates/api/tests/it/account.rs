//! One's own account: the second factor, what is stored, and the end of it.

use crate::app::{LOCAL, PASSWORD, Person, TestApp, each_app};
use data_encoding::BASE32_NOPAD;
use serde_json::{Value, json};
use squad_secrets::totp::{Step, TotpSecret};

/// What the authenticator app shows now.
fn code(app: &TestApp, enrolment: &Value) -> String {
    let secret = BASE32_NOPAD.decode(enrolment["secret"].as_str().unwrap().as_bytes()).unwrap();
    TotpSecret::from_bytes(&secret).unwrap().code(Step::at(app.clock.now())).to_string()
}

/// Sets a second factor up: the secret, and the recovery codes.
async fn set_up(app: &TestApp, person: &Person) -> (Value, Vec<String>) {
    let password = json!({ "current_password": PASSWORD });
    let enrolment = person.post("/me/second-factor", password).await.expect(201);
    let shown = json!({ "code": code(app, &enrolment) });
    let codes = person.post("/me/second-factor/confirm", shown).await.expect(200);
    app.wait(60);
    (enrolment, serde_json::from_value(codes["recovery_codes"].clone()).unwrap())
}

#[tokio::test]
async fn a_second_factor_counts_once_it_is_confirmed_and_each_code_is_good_once() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let wrong = json!({ "current_password": "wrong-wrong-wrong" });
        ada.post("/me/second-factor", wrong).await.refused(403, "forbidden");
        ada.post("/me/second-factor/confirm", json!({ "code": "000000" })).await.refused(409, "conflict");
        let password = json!({ "current_password": PASSWORD });
        let begun = ada.post("/me/second-factor", password.clone()).await.expect(201);
        assert!(
            begun["uri"].as_str().unwrap().starts_with("otpauth://totp/Agent%20Squad:ada%40example.com?")
        );
        ada.post("/me/second-factor/confirm", json!({ "code": "nothing" })).await.refused(422, "invalid");
        app.sign_in("ada@example.com").await;

        let (enrolment, codes) = set_up(app, &ada).await;
        ada.post("/me/second-factor", password).await.refused(409, "conflict");
        let mut login = json!({ "email": "ada@example.com", "password": PASSWORD });
        app.anybody().post("/auth/login", login.clone()).await.refused(401, "second_factor_required");
        for good in [code(app, &enrolment), codes[0].clone()] {
            login["code"] = good.into();
            app.anybody().post("/auth/login", login.clone()).await.expect(200);
            app.anybody().post("/auth/login", login.clone()).await.refused(401, "sign_in_refused");
        }
        let shown = ada.get("/me/second-factor").await.expect(200);
        assert_eq!((&shown["enabled"], &shown["recovery_codes_left"]), (&json!(true), &json!(9)));
    })
    .await;
}

#[tokio::test]
async fn new_recovery_codes_void_the_old_ones_and_without_a_code_nothing_is_taken_away() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let (enrolment, old) = set_up(app, &ada).await;
        let proof = |code: &str| json!({ "current_password": PASSWORD, "code": code });
        ada.post("/me/second-factor/recovery-codes", proof("")).await.refused(401, "second_factor_required");
        let shown = code(app, &enrolment);
        let new = ada.post("/me/second-factor/recovery-codes", proof(&shown)).await.expect(200);
        ada.post("/me/second-factor/disable", proof(&shown)).await.refused(403, "forbidden");
        ada.post("/me/second-factor/disable", proof(&old[0])).await.refused(403, "forbidden");
        let good = new["recovery_codes"][0].as_str().unwrap();
        ada.post("/me/second-factor/disable", proof(good)).await.expect(204);
        ada.post("/me/second-factor/disable", proof(good)).await.refused(409, "conflict");
        assert_eq!(ada.get("/me/second-factor").await.expect(200)["enabled"], false);
        app.sign_in("ada@example.com").await;
    })
    .await;
}

#[tokio::test]
async fn guessing_codes_with_a_stolen_session_is_slowed() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        set_up(app, &ada).await;
        let guess = json!({ "current_password": PASSWORD, "code": "7k2m-9xqd-h4tn-0wzb" });
        let mut answers = Vec::new();
        for _ in 0..7 {
            answers.push(ada.post("/me/second-factor/disable", guess.clone()).await.status);
        }
        assert_eq!(answers, [403, 403, 403, 403, 403, 403, 429]);
    })
    .await;
}

#[tokio::test]
async fn somebody_takes_along_what_is_stored_of_them_and_no_secret() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let key = ada.post("/api-keys", json!({ "name": "build", "scopes": ["org:read"] })).await.expect(201);
        let file = ada.get("/me/export").await;
        assert!(file.headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
        for secret in [key["secret"].as_str().unwrap(), "argon2", "password_hash"] {
            assert!(!file.text.contains(secret), "{secret}");
        }
        let data = file.expect(200);
        assert_eq!(data["profile"]["email"], "ada@example.com");
        assert_eq!(data["api_keys"][0]["name"], "build");
        assert_eq!(data["memberships"][0]["role"], "owner");
    })
    .await;
}

#[tokio::test]
async fn an_account_ends_when_nobody_is_left_without_an_owner() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let bob = app.person("bob@example.com").await;
        let delete = json!({ "current_password": PASSWORD });
        let only = ada.post("/me/delete", delete.clone()).await.refused(409, "conflict");
        assert!(only["detail"].as_str().unwrap().contains("`Home`"), "{only}");
        bob.post("/me/delete", json!({ "current_password": "wrong-wrong-wrong" }))
            .await
            .refused(403, "forbidden");
        let (enrolment, _) = set_up(app, &bob).await;
        bob.post("/me/delete", delete).await.refused(401, "second_factor_required");
        app.join(&ada, &bob, &LOCAL.to_string(), "owner").await;
        let with_code = json!({ "current_password": PASSWORD, "code": code(app, &enrolment) });
        bob.post("/me/delete", with_code).await.expect(204);
        bob.get("/me").await.refused(401, "unauthenticated");
        let login = json!({ "email": "bob@example.com", "password": PASSWORD });
        app.anybody().post("/auth/login", login).await.refused(401, "sign_in_refused");
        let members = ada.get(&format!("/organizations/{LOCAL}/members")).await.expect(200);
        assert_eq!(members["items"].as_array().unwrap().len(), 1);
    })
    .await;
}
