//! Accounts, sessions, tokens.

use crate::app::{PASSWORD, each_app};
use serde_json::json;

#[tokio::test]
async fn the_first_account_owns_the_installation_and_needs_no_mail() {
    each_app(async |app| {
        let ada = app.person("Ada@Example.com ".trim()).await;
        let me = ada.get("/me").await.expect(200);
        assert_eq!(me["user"]["email"], "ada@example.com");
        assert_eq!(me["organizations"][0]["role"], "owner");
        assert_eq!(me["current_organization_id"], crate::app::LOCAL.to_string());
    })
    .await;
}

#[tokio::test]
async fn whoever_comes_later_shows_that_the_address_is_theirs() {
    each_app(async |app| {
        app.register("ada@example.com").await;
        let anybody = app.anybody();
        let body = json!({ "email": "bob@example.com", "name": "Bob", "password": PASSWORD });
        let first = anybody.post("/auth/register", body.clone()).await.expect(202);
        let login = json!({ "email": "bob@example.com", "password": PASSWORD });
        anybody.post("/auth/login", login.clone()).await.refused(403, "email_not_verified");
        let token = app.mailed_token("bob@example.com").await.unwrap();
        // The same again gives the same answer, and tells nobody but Bob that he has an account.
        assert_eq!(anybody.post("/auth/register", body).await.expect(202), first);
        anybody.post("/auth/verify-email", json!({ "token": token })).await.expect(204);
        anybody.post("/auth/verify-email", json!({ "token": token })).await.refused(410, "link_refused");
        anybody.post("/auth/login", login).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn a_refresh_token_that_comes_twice_ends_its_session() {
    each_app(async |app| {
        app.register("ada@example.com").await;
        let login = json!({ "email": "ada@example.com", "password": PASSWORD });
        let signed_in = app.anybody().post("/auth/login", login).await.expect(200);
        let first = json!({ "refresh_token": signed_in["refresh_token"] });
        let renewed = app.anybody().post("/auth/refresh", first.clone()).await.expect(200);
        let ada = app.anybody().with_token(renewed["access_token"].as_str().unwrap());
        ada.get("/me").await.expect(200);
        app.anybody().post("/auth/refresh", first).await.refused(401, "refresh_refused");
        let next = json!({ "refresh_token": renewed["refresh_token"] });
        app.anybody().post("/auth/refresh", next).await.refused(401, "refresh_refused");
        ada.get("/me").await.refused(401, "unauthenticated");
    })
    .await;
}

#[tokio::test]
async fn a_browser_shows_that_its_own_page_asks() {
    each_app(async |app| {
        app.register("ada@example.com").await;
        let login = json!({ "email": "ada@example.com", "password": PASSWORD, "cookies": true });
        let reply = app.anybody().post("/auth/login", login).await;
        let cookies: Vec<String> = reply
            .headers
            .get_all("set-cookie")
            .iter()
            .map(|value| value.to_str().unwrap().to_owned())
            .collect();
        for name in ["squad_access", "squad_refresh"] {
            let cookie = cookies.iter().find(|cookie| cookie.starts_with(name)).unwrap();
            assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        }
        let jar: Vec<&str> = cookies.iter().map(|cookie| cookie.split(';').next().unwrap()).collect();
        let body = reply.expect(200);
        assert!(body.get("access_token").is_none() && body.get("refresh_token").is_none());
        let browser = app.anybody().with_header("cookie", &jar.join("; "));
        browser.get("/me").await.expect(200);
        browser.patch("/me", json!({ "name": "Eve" })).await.refused(403, "csrf_refused");
        let page = browser.clone().with_header("x-csrf-token", body["csrf_token"].as_str().unwrap());
        page.patch("/me", json!({ "name": "Ada King" })).await.expect(200);
        page.post("/auth/logout", json!({})).await.expect(204);
        browser.get("/me").await.refused(401, "unauthenticated");
    })
    .await;
}

#[tokio::test]
async fn guessing_is_slowed_and_an_account_that_does_not_exist_looks_the_same() {
    each_app(async |app| {
        app.register("ada@example.com").await;
        for email in ["ada@example.com", "nobody@example.com"] {
            let guess = json!({ "email": email, "password": "wrong-wrong-wrong" });
            let mut answers = Vec::new();
            for _ in 0..7 {
                let reply = app.anybody().post("/auth/login", guess.clone()).await;
                answers.push(reply.status);
            }
            assert_eq!(answers, [401, 401, 401, 401, 401, 401, 429], "{email}");
        }
        let right = json!({ "email": "ada@example.com", "password": PASSWORD });
        app.anybody().post("/auth/login", right.clone()).await.refused(429, "rate_limited");
        app.wait(10);
        app.anybody().post("/auth/login", right).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn a_new_password_ends_every_session() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        app.anybody().post("/auth/forgot-password", json!({ "email": "ada@example.com" })).await.expect(202);
        app.anybody()
            .post("/auth/forgot-password", json!({ "email": "nobody@example.com" }))
            .await
            .expect(202);
        let token = app.mailed_token("ada@example.com").await.unwrap();
        let weak = json!({ "token": token, "password": "password123" });
        app.anybody().post("/auth/reset-password", weak).await.refused(422, "invalid");
        let reset = json!({ "token": token, "password": "seven-slow-lighthouses-hum" });
        app.anybody().post("/auth/reset-password", reset.clone()).await.expect(204);
        app.anybody().post("/auth/reset-password", reset).await.refused(410, "link_refused");
        ada.get("/me").await.refused(401, "unauthenticated");
        let old = json!({ "email": "ada@example.com", "password": PASSWORD });
        app.anybody().post("/auth/login", old).await.refused(401, "sign_in_refused");
    })
    .await;
}

#[tokio::test]
async fn a_key_for_a_change_makes_it_once() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let other = app.sign_in("ada@example.com").await;
        let once = ada.clone().with_header("idempotency-key", "k-1");
        let first = once.patch("/me", json!({ "name": "One" })).await;
        assert!(!first.headers.contains_key("idempotency-replayed"));
        other.patch("/me", json!({ "name": "Two" })).await.expect(200);
        let again = once.patch("/me", json!({ "name": "One" })).await;
        assert_eq!(again.headers["idempotency-replayed"], "true");
        assert_eq!(again.expect(200), first.expect(200));
        assert_eq!(ada.get("/me").await.expect(200)["user"]["name"], "Two");
        once.patch("/me", json!({ "name": "Three" })).await.refused(422, "idempotency_mismatch");
    })
    .await;
}
