//! Tokens that are not what they were, tokens that come twice, and one key for a thousand requests.

use crate::app::{PASSWORD, Person, TestApp, each_app};
use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::{Signer as _, SigningKey};
use futures::future::join_all;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::BTreeSet;

/// Makes tokens with the server's own key, and with any header and claims.
struct Forge {
    key: SigningKey,
    header: Value,
    claims: Value,
}

impl Forge {
    /// From a token that is good.
    async fn new(app: &TestApp, token: &str) -> Self {
        let (_, key) = app.signing_key().await;
        let read =
            |part: &str| serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        let key = SigningKey::from_bytes(key.as_slice().try_into().unwrap());
        Self { key, header: read(parts[0]), claims: read(parts[1]) }
    }

    fn unsigned(header: &Value, claims: &Value) -> String {
        let encode = |part: &Value| BASE64URL_NOPAD.encode(part.to_string().as_bytes());
        format!("{}.{}", encode(header), encode(claims))
    }

    fn sign(key: &SigningKey, header: &Value, claims: &Value) -> String {
        let unsigned = Self::unsigned(header, claims);
        let signature = key.sign(unsigned.as_bytes()).to_bytes();
        format!("{unsigned}.{}", BASE64URL_NOPAD.encode(&signature))
    }

    fn good(&self) -> String {
        Self::sign(&self.key, &self.header, &self.claims)
    }

    fn with_header(&self, name: &str, value: Value) -> String {
        let mut header = self.header.clone();
        header[name] = value;
        Self::sign(&self.key, &header, &self.claims)
    }

    fn with_claim(&self, name: &str, value: Value) -> String {
        let mut claims = self.claims.clone();
        claims[name] = value;
        Self::sign(&self.key, &self.header, &claims)
    }

    /// As if it had been issued so many seconds later, or earlier.
    fn moved(&self, seconds: i64) -> String {
        let mut claims = self.claims.clone();
        for name in ["iat", "nbf", "exp"] {
            claims[name] = json!(claims[name].as_i64().unwrap() + seconds);
        }
        Self::sign(&self.key, &self.header, &claims)
    }

    /// Signed as a MAC whose secret is what everybody may know.
    fn mac(&self, secret: &[u8]) -> String {
        let mut header = self.header.clone();
        header["alg"] = "HS256".into();
        let unsigned = Self::unsigned(&header, &self.claims);
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
        mac.update(unsigned.as_bytes());
        format!("{unsigned}.{}", BASE64URL_NOPAD.encode(&mac.finalize().into_bytes()))
    }
}

async fn is_refused(anybody: &Person, token: &str, why: &str) {
    let reply = anybody.clone().with_token(token).get("/me").await;
    assert_eq!(reply.status, 401, "{why}: {}", reply.text);
    let code = if why == "expired" { "token_expired" } else { "unauthenticated" };
    reply.refused(401, code);
}

#[tokio::test]
async fn a_token_is_good_only_as_it_was_issued() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let forge = Forge::new(app, ada.token.as_deref().unwrap()).await;
        let anybody = app.anybody();
        // Nothing changed: what is refused below is refused for what was changed.
        anybody.clone().with_token(&forge.good()).get("/me").await.expect(200);
        let (good, public) = (forge.good(), forge.key.verifying_key().to_bytes());
        let foreign = SigningKey::from_bytes(&[7; 32]);
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": BASE64URL_NOPAD.encode(foreign.verifying_key().as_bytes()) });
        let keys = anybody.get("!/.well-known/jwks.json").await.text;
        let (head, signature) = good.rsplit_once('.').unwrap();
        let mut cases = vec![
            ("with the raw public key as a secret", forge.mac(&public)),
            ("with the public key's text as a secret", forge.mac(BASE64URL_NOPAD.encode(&public).as_bytes())),
            ("with the key set as a secret", forge.mac(keys.as_bytes())),
            ("another key", Forge::sign(&foreign, &forge.header, &forge.claims)),
            ("audience", forge.with_claim("aud", json!("agent-squad-admin"))),
            ("several audiences", forge.with_claim("aud", json!(["agent-squad"]))),
            ("issuer", forge.with_claim("iss", json!("http://squad.test.evil"))),
            ("type", forge.with_header("typ", json!("JWT"))),
            ("expired", forge.moved(-3600)),
            ("issued in the future", forge.moved(3600)),
            ("not yet valid", forge.with_claim("nbf", json!(forge.claims["exp"]))),
            ("for ever", forge.with_claim("exp", json!(forge.claims["exp"].as_i64().unwrap() + 1_000_000))),
            ("somebody else", forge.with_claim("sub", json!("019a8f00-0000-7000-8000-000000000009"))),
            ("another session", forge.with_claim("sid", json!("019a8f00-0000-7000-8000-000000000009"))),
            ("a key in the header", forge.with_header("jwk", jwk.clone())),
            ("an address of keys", forge.with_header("jku", json!("http://127.0.0.1:1/keys"))),
            ("a critical extension", forge.with_header("crit", json!(["exp"]))),
            ("compressed", forge.with_header("zip", json!("DEF"))),
            ("another algorithm", forge.with_header("alg", json!("ES256"))),
            ("without a signature", format!("{head}.")),
            ("without a point", head.to_owned()),
            ("one part more", format!("{good}.{signature}")),
            ("padded", format!("{good}=")),
            ("nothing", String::new()),
            ("points", "..".to_owned()),
        ];
        for alg in ["none", "None", "nOnE", ""] {
            let mut header = forge.header.clone();
            header["alg"] = alg.into();
            cases.push(("no algorithm", format!("{}.", Forge::unsigned(&header, &forge.claims))));
            cases.push(("no algorithm, signed", forge.with_header("alg", json!(alg))));
        }
        for kid in ["../../x", "/dev/null", "' OR 1=1 --", "x'; DROP TABLE users; --", "", "\0"] {
            let mut header = forge.header.clone();
            header["kid"] = kid.into();
            cases.push(("another key's name", Forge::sign(&forge.key, &header, &forge.claims)));
            header["jwk"] = jwk.clone();
            cases.push(("a key in the header, with its name", Forge::sign(&foreign, &header, &forge.claims)));
        }
        for end in [1, good.len() / 4, good.len() / 2, good.len() - 20, good.len() - 1] {
            cases.push(("truncated", good[..end].to_owned()));
        }
        for (why, token) in cases {
            is_refused(&anybody, &token, why).await;
        }
        ada.get("/me").await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn what_one_kind_of_token_opens_no_other_kind_does() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let key = ada.post("/api-keys", json!({ "name": "x", "scopes": ["org:read"] })).await.expect(201);
        let login = json!({ "email": "ada@example.com", "password": PASSWORD });
        let signed_in = app.anybody().post("/auth/login", login).await.expect(200);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (key, refresh) = (text(&key["secret"]), text(&signed_in["refresh_token"]));
        app.anybody().with_token(&key).get("/me").await.expect(200);
        for prefix in ["sqr_", "sqe_", "sqi_", "SQK_", "sqk-", ""] {
            is_refused(&app.anybody(), &format!("{prefix}{}", &key[4..]), prefix).await;
        }
        for bearer in
            [refresh.clone(), format!("sqk_{}", &refresh[4..]), format!("{key}0"), key[..30].to_owned()]
        {
            is_refused(&app.anybody(), &bearer, "a refresh token, or no key at all").await;
        }
        for shown in [key.clone(), format!("sqr_{}", &key[4..]), text(&signed_in["access_token"])] {
            let body = json!({ "refresh_token": &shown[..shown.len().min(200)] });
            app.anybody().post("/auth/refresh", body).await.refused(401, "refresh_refused");
        }
    })
    .await;
}

#[tokio::test]
async fn of_fifty_who_show_one_refresh_token_one_renews_and_then_it_is_over_for_all() {
    each_app(async |app| {
        app.register("ada@example.com").await;
        let login = json!({ "email": "ada@example.com", "password": PASSWORD });
        let signed_in = app.anybody().post("/auth/login", login).await.expect(200);
        let shown = json!({ "refresh_token": signed_in["refresh_token"] });
        let anybody = app.anybody();
        let replies = join_all((0..50).map(|_| anybody.post("/auth/refresh", shown.clone()))).await;
        let (good, bad): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 200);
        assert_eq!(good.len(), 1);
        for reply in bad {
            reply.refused(401, "refresh_refused");
        }
        let renewed = good.into_iter().next().unwrap().expect(200);
        let next = json!({ "refresh_token": renewed["refresh_token"] });
        anybody.post("/auth/refresh", next).await.refused(401, "refresh_refused");
        for token in [&signed_in["access_token"], &renewed["access_token"]] {
            is_refused(&anybody, token.as_str().unwrap(), "its session is over").await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_thousand_requests_with_one_key_make_one_organization() {
    each_app(async |app| {
        let ada = app.person("ada@example.com").await;
        let once = ada.clone().with_header("idempotency-key", "one-and-only");
        let replies =
            join_all((0..1000).map(|_| once.post("/organizations", json!({ "name": "Engines" })))).await;
        let mut made = BTreeSet::new();
        let mut first = 0;
        for reply in replies {
            if reply.status == 201 {
                first += usize::from(!reply.headers.contains_key("idempotency-replayed"));
                made.insert(reply.text);
            } else {
                reply.refused(409, "idempotency_in_progress");
            }
        }
        assert_eq!((first, made.len()), (1, 1));
        let organizations = ada.get("/organizations").await.expect(200);
        assert_eq!(organizations["items"].as_array().unwrap().len(), 2);
    })
    .await;
}
