//! Organizations: who is in them, how they come, and how they go.

use crate::app::{LOCAL, PASSWORD, TestApp, each_app};
use serde_json::json;
use squad_api::Registration;
use squad_secrets::seal::{MasterKey, MasterKeys};
use squad_testkit::{VirtualClock, each_backend};
use std::sync::Arc;

#[tokio::test]
async fn somebody_makes_one_goes_there_renames_it_and_deletes_it() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        ada.post("/organizations", json!({ "name": " " })).await.refused(422, "invalid");
        let made = ada.post("/organizations", json!({ "name": "Engines" })).await;
        let location = made.headers["location"].to_str().unwrap().replace("/api/v1", "");
        let first_version = made.headers["etag"].to_str().unwrap().to_owned();
        let made = made.expect(201);
        assert_eq!(ada.get(&location).await.expect(200), made);
        assert_eq!(ada.get("/me").await.expect(200)["current_organization_id"], LOCAL.to_string());
        assert_eq!(ada.post(&format!("{location}/switch"), json!({})).await.expect(200)["role"], "owner");
        assert_eq!(ada.get("/me").await.expect(200)["current_organization_id"], made["id"]);

        let careful = ada.clone().with_header("if-match", &first_version);
        assert_eq!(careful.patch(&location, json!({ "name": "Mills" })).await.expect(200)["name"], "Mills");
        careful.patch(&location, json!({ "name": "Looms" })).await.refused(412, "stale");
        let names = ada.get("/organizations").await.expect(200)["items"].clone();
        assert_eq!((&names[0]["name"], &names[1]["name"]), (&json!("Home"), &json!("Mills")));

        ada.delete(&location).await.expect(204);
        ada.get(&location).await.refused(404, "not_found");
        ada.delete(&format!("/organizations/{LOCAL}")).await.refused(409, "conflict");
        assert_eq!(ada.get("/me").await.expect(200)["current_organization_id"], LOCAL.to_string());
    })
    .await;
}

#[tokio::test]
async fn what_somebody_is_not_in_is_not_found() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let bob = app.person("bob@example.com").await;
        let home = format!("/organizations/{LOCAL}");
        let me = ada.get("/me").await.expect(200)["user"]["id"].as_str().unwrap().to_owned();
        for path in ["", "/members", "/invitations"] {
            bob.get(&format!("{home}{path}")).await.refused(404, "not_found");
        }
        bob.patch(&home, json!({ "name": "Mine" })).await.refused(404, "not_found");
        bob.delete(&home).await.refused(404, "not_found");
        bob.post(&format!("{home}/switch"), json!({})).await.refused(404, "not_found");
        let invitation = json!({ "email": "eve@example.com", "role": "owner" });
        bob.post(&format!("{home}/invitations"), invitation).await.refused(404, "not_found");
        bob.delete(&format!("{home}/members/{me}")).await.refused(404, "not_found");
        let take = json!({ "user_id": me, "current_password": PASSWORD });
        bob.post(&format!("{home}/transfer"), take).await.refused(404, "not_found");
        bob.get("/organizations/none").await.refused(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn an_invitation_brings_in_whom_it_was_sent_to_once() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let invitations = format!("/organizations/{LOCAL}/invitations");
        ada.post(&invitations, json!({ "email": "bob", "role": "member" })).await.refused(422, "invalid");
        ada.post(&invitations, json!({ "email": "bob@example.com", "role": "king" }))
            .await
            .refused(422, "invalid");
        let sent = json!({ "email": "Bob@Example.com", "role": "admin" });
        ada.post(&invitations, sent.clone()).await.expect(201);
        let token = json!({ "token": app.mailed_token("bob@example.com").await.unwrap() });
        let offer = app.anybody().post("/invitations/show", token.clone()).await.expect(200);
        assert_eq!((&offer["organization_name"], &offer["role"]), (&json!("Home"), &json!("admin")));

        let eve = app.person("eve@example.com").await;
        eve.post("/invitations/accept", token.clone()).await.refused(403, "forbidden");
        // A newer one to the same address replaces it.
        app.wait(1);
        ada.post(&invitations, sent.clone()).await.expect(201);
        let known = json!({ "token": app.mailed_token("bob@example.com").await });
        app.anybody().post("/invitations/show", known).await.expect(200);
        app.anybody().post("/invitations/show", token).await.refused(410, "link_refused");
        let open = ada.get(&invitations).await.expect(200)["items"].clone();
        assert_eq!(open.as_array().unwrap().len(), 1);
        let path = format!("{invitations}/{}", open[0]["id"].as_str().unwrap());
        ada.delete(&path).await.expect(204);
        ada.delete(&path).await.refused(404, "not_found");

        app.wait(1);
        let bob = app.person("bob@example.com").await;
        app.join(&ada, &bob, &LOCAL.to_string(), "admin").await;
        ada.post(&invitations, sent).await.refused(409, "conflict");
        let king = json!({ "email": "joe@example.com", "role": "owner" });
        bob.post(&invitations, king).await.refused(403, "forbidden");
    })
    .await;
}

#[tokio::test]
async fn where_registration_is_closed_an_invitation_opens_it() {
    each_backend(async |database| {
        let master = Arc::new(MasterKeys::new(MasterKey::generate()));
        let closed = |config: &mut squad_api::ApiConfig| config.registration = Registration::Invited;
        let app = TestApp::with(database, VirtualClock::default(), master, closed).await;
        let ada = app.person("ada@example.com").await;
        let mut bob = json!({ "email": "bob@example.com", "name": "Bob", "password": PASSWORD });
        app.anybody().post("/auth/register", bob.clone()).await.refused(403, "registration_closed");
        let invitation = json!({ "email": "bob@example.com", "role": "member" });
        ada.post(&format!("/organizations/{LOCAL}/invitations"), invitation).await.expect(201);
        bob["invitation"] = app.mailed_token("bob@example.com").await.unwrap().into();
        let mut eve = bob.clone();
        eve["email"] = "eve@example.com".into();
        assert_eq!(
            app.anybody().post("/auth/register", eve).await.refused(422, "invalid")["errors"][0]["field"],
            "email"
        );
        app.anybody().post("/auth/register", bob.clone()).await.expect(202);
        app.anybody().post("/auth/register", bob).await.refused(410, "link_refused");
        let me = app.sign_in("bob@example.com").await.get("/me").await.expect(200);
        assert_eq!(me["user"]["email_verified"], true);
        assert_eq!(me["current_organization_id"], LOCAL.to_string());
        assert_eq!(me["organizations"][0]["role"], "member");
        app.end().await;
    })
    .await;
}

#[tokio::test]
async fn whoever_has_an_account_accepts_there_and_nobody_takes_it_over_by_an_invitation() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        app.register("bob@example.com").await;
        app.wait(1);
        let invitation = json!({ "email": "bob@example.com", "role": "member" });
        ada.post(&format!("/organizations/{LOCAL}/invitations"), invitation).await.expect(201);
        let token = app.mailed_token("bob@example.com").await.unwrap();
        let again = json!({ "email": "bob@example.com", "name": "Bob", "password": "seven-slow-lighthouses-hum", "invitation": token });
        app.anybody().post("/auth/register", again).await.refused(409, "conflict");
        let bob = app.sign_in("bob@example.com").await;
        bob.post("/invitations/accept", json!({ "token": token })).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn roles_change_hands_and_the_last_owner_stays() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let bob = app.person("bob@example.com").await;
        let home = format!("/organizations/{LOCAL}");
        app.join(&ada, &bob, &LOCAL.to_string(), "admin").await;
        let member = async |email: &str| {
            let members = ada.get(&format!("{home}/members")).await.expect(200)["items"].clone();
            let found = members.as_array().unwrap().iter().find(|member| member["email"] == email).cloned();
            found.map(|member| (member["user_id"].as_str().unwrap().to_owned(), member["role"].clone()))
        };
        let (ada_id, bob_id) =
            (member("ada@example.com").await.unwrap().0, member("bob@example.com").await.unwrap().0);
        let (of_ada, of_bob) = (format!("{home}/members/{ada_id}"), format!("{home}/members/{bob_id}"));
        bob.patch(&of_ada, json!({ "role": "viewer" })).await.refused(403, "forbidden");
        bob.patch(&of_bob, json!({ "role": "owner" })).await.refused(403, "forbidden");
        ada.patch(&of_ada, json!({ "role": "member" })).await.refused(409, "conflict");
        ada.delete(&of_ada).await.refused(409, "conflict");

        let wrong = json!({ "user_id": bob_id, "current_password": "wrong-wrong-wrong" });
        ada.post(&format!("{home}/transfer"), wrong).await.refused(403, "forbidden");
        let nobody = json!({ "user_id": LOCAL, "current_password": PASSWORD });
        ada.post(&format!("{home}/transfer"), nobody).await.refused(422, "invalid");
        let right = json!({ "user_id": bob_id, "current_password": PASSWORD });
        ada.post(&format!("{home}/transfer"), right).await.expect(204);
        assert_eq!(member("bob@example.com").await.unwrap().1, "owner");
        assert_eq!(member("ada@example.com").await.unwrap().1, "admin");
        ada.delete(&of_bob).await.refused(403, "forbidden");
        bob.patch(&of_ada, json!({ "role": "viewer" })).await.expect(200);
        ada.patch(&of_ada, json!({ "role": "viewer" })).await.refused(403, "forbidden");
        ada.delete(&of_bob).await.refused(403, "forbidden");
        // Whoever may do nothing may still leave.
        ada.delete(&of_ada).await.expect(204);
        ada.get(&home).await.refused(404, "not_found");
    })
    .await;
}
