//! Every way in which a token can be wrong, one test each.

use super::*;
use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use squad_domain::Timestamp;
use squad_domain::ids::{SessionId, UserId};
use time::macros::datetime;
use uuid::Uuid;

const NOW: Timestamp = datetime!(2026-11-21 12:00 UTC);
const ISSUER: &str = "https://squad.example.com";
const AUDIENCE: &str = "squad-api";
const SEED: [u8; 32] = [7; 32];
const USER: UserId = UserId(Uuid::from_u128(0x019a_8f00_0000_7000_8000_0000_0000_0001));
const SESSION: SessionId = SessionId(Uuid::from_u128(0x019a_8f00_0000_7000_8000_0000_0000_0002));

fn key() -> PrivateKey {
    PrivateKey::from_bytes(&SEED).unwrap()
}

fn ring() -> KeyRing {
    KeyRing::new(ISSUER, AUDIENCE, key(), NOW - Duration::from_secs(86_400)).unwrap()
}

fn issue(ring: &KeyRing) -> String {
    ring.issue(USER, SESSION, NOW, LIFETIME).unwrap()
}

fn header() -> Value {
    json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": key().public().id().as_str() })
}

fn claims() -> Value {
    let now = NOW.unix_timestamp();
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": USER, "sid": SESSION, "jti": Uuid::from_u128(3),
        "iat": now, "nbf": now, "exp": now + 600,
    })
}

fn encode(part: &str) -> String {
    BASE64URL_NOPAD.encode(part.as_bytes())
}

/// A token with any header and claims, properly signed with our key.
fn forge(header: &str, claims: &str) -> String {
    let unsigned = format!("{}.{}", encode(header), encode(claims));
    token::signed(&unsigned, &key().sign(unsigned.as_bytes()))
}

fn refusal(token: &str) -> AccessError {
    ring().verify(token, NOW).unwrap_err()
}

/// The refusal of a token that is properly signed, but with one entry of its header changed.
fn with_header(name: &str, value: Value) -> AccessError {
    let mut header = header();
    header[name] = value;
    refusal(&forge(&header.to_string(), &claims().to_string()))
}

/// The same with one claim changed.
fn with_claim(name: &str, value: Value) -> AccessError {
    let mut claims = claims();
    claims[name] = value;
    refusal(&forge(&header().to_string(), &claims.to_string()))
}

fn seconds_from_now(seconds: i64) -> Value {
    json!(NOW.unix_timestamp() + seconds)
}

#[test]
fn a_token_says_who_and_until_when() {
    let ring = ring();
    let token = issue(&ring);
    let claims = ring.verify(&token, NOW).unwrap();
    assert_eq!((claims.user, claims.session), (USER, SESSION));
    assert_eq!((claims.issued_at, claims.expires_at), (NOW, NOW + LIFETIME));
    assert_ne!(claims.id, ring.verify(&issue(&ring), NOW).unwrap().id);
    assert!(token.len() < LONGEST_TOKEN / 2, "{}", token.len());
}

#[test]
fn the_forge_of_these_tests_makes_good_tokens_when_nothing_is_changed() {
    assert!(ring().verify(&forge(&header().to_string(), &claims().to_string()), NOW).is_ok());
}

#[test]
fn its_wire_format_is_rfc_9068() {
    let token = issue(&ring());
    let parts: Vec<Value> = token
        .split('.')
        .take(2)
        .map(|part| serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap())
        .collect();
    assert_eq!(parts[0], header());
    let mut said = parts[1].clone();
    said["jti"] = json!(Uuid::from_u128(3));
    assert_eq!(said, claims());
}

#[test]
fn unsigned_is_refused() {
    for alg in ["none", "None", "NONE", ""] {
        let header = json!({ "alg": alg, "typ": "at+jwt", "kid": key().public().id().as_str() });
        let unsigned = format!("{}.{}.", encode(&header.to_string()), encode(&claims().to_string()));
        assert_eq!(refusal(&unsigned), AccessError::Algorithm, "{alg}");
        assert_eq!(with_header("alg", json!(alg)), AccessError::Algorithm, "{alg}");
    }
}

#[test]
fn a_mac_with_the_public_key_as_its_secret_is_refused() {
    let header = json!({ "alg": "HS256", "typ": "at+jwt", "kid": key().public().id().as_str() });
    let unsigned = format!("{}.{}", encode(&header.to_string()), encode(&claims().to_string()));
    let mut mac = Hmac::<Sha256>::new_from_slice(&key().public().to_bytes()).unwrap();
    mac.update(unsigned.as_bytes());
    let signature = BASE64URL_NOPAD.encode(&mac.finalize().into_bytes());
    assert_eq!(refusal(&format!("{unsigned}.{signature}")), AccessError::Algorithm);

    // The same without saying so.
    let unsigned = format!("{}.{}", encode(&self::header().to_string()), encode(&claims().to_string()));
    let mut mac = Hmac::<Sha256>::new_from_slice(&key().public().to_bytes()).unwrap();
    mac.update(unsigned.as_bytes());
    let signature = BASE64URL_NOPAD.encode(&mac.finalize().into_bytes());
    assert_eq!(refusal(&format!("{unsigned}.{signature}")), AccessError::Signature);
}

#[test]
fn other_algorithms_are_refused() {
    for alg in ["RS256", "ES256", "PS256", "Ed448", "eddsa", "HS512"] {
        assert_eq!(with_header("alg", json!(alg)), AccessError::Algorithm, "{alg}");
    }
    assert_eq!(with_header("alg", json!(["EdDSA"])), AccessError::Algorithm);
}

#[test]
fn other_types_are_refused() {
    for typ in ["JWT", "at+JWT", "application/at+jwt", "id_token", ""] {
        assert_eq!(with_header("typ", json!(typ)), AccessError::Type, "{typ}");
    }
    let header = json!({ "alg": "EdDSA", "kid": key().public().id().as_str() });
    assert_eq!(refusal(&forge(&header.to_string(), &claims().to_string())), AccessError::Header);
}

#[test]
fn another_issuer_is_refused() {
    assert_eq!(with_claim("iss", json!("https://squad.example.com/")), AccessError::Issuer);
    assert_eq!(with_claim("iss", json!("")), AccessError::Issuer);
}

#[test]
fn another_audience_is_refused() {
    assert_eq!(with_claim("aud", json!("squad-api-2")), AccessError::Audience);
    assert_eq!(with_claim("aud", json!([AUDIENCE])), AccessError::Claims);
}

#[test]
fn an_expired_token_is_refused_at_the_second() {
    let (ring, token) = (ring(), issue(&ring()));
    let end = NOW + LIFETIME + LEEWAY;
    assert!(ring.verify(&token, end - Duration::from_secs(1)).is_ok());
    assert_eq!(ring.verify(&token, end).unwrap_err(), AccessError::Expired);
    assert_eq!(ring.verify(&token, end + Duration::from_secs(86_400)).unwrap_err(), AccessError::Expired);
}

#[test]
fn a_token_is_refused_before_its_time() {
    assert_eq!(with_claim("nbf", seconds_from_now(31)), AccessError::NotYetValid);
}

#[test]
fn a_token_from_the_future_is_refused() {
    assert_eq!(with_claim("iat", seconds_from_now(31)), AccessError::IssuedInFuture);
    let ring = ring();
    let token = ring.issue(USER, SESSION, NOW + LEEWAY, LIFETIME).unwrap();
    assert!(ring.verify(&token, NOW).is_ok(), "clocks may be this far apart");
}

#[test]
fn a_lifetime_that_we_do_not_give_is_refused() {
    assert_eq!(with_claim("exp", seconds_from_now(3601)), AccessError::Lifetime);
    assert_eq!(with_claim("exp", seconds_from_now(0)), AccessError::Lifetime);
    assert_eq!(with_claim("iat", seconds_from_now(-86_400)), AccessError::Lifetime);
    let issue = |seconds| ring().issue(USER, SESSION, NOW, Duration::from_secs(seconds));
    assert_eq!(issue(0).unwrap_err(), RingError::Lifetime);
    assert_eq!(issue(3601).unwrap_err(), RingError::Lifetime);
    assert!(issue(3600).is_ok());
}

#[test]
fn times_that_are_none_are_refused() {
    for name in ["iat", "nbf", "exp"] {
        for value in [json!(i64::MAX), json!(i64::MIN), json!(1e300), json!("now"), json!(null), json!(1.5)] {
            assert_eq!(with_claim(name, value.clone()), AccessError::Claims, "{name}: {value}");
        }
    }
}

#[test]
fn a_missing_or_malformed_claim_is_refused() {
    for name in ["iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp"] {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(name);
        assert_eq!(
            refusal(&forge(&header().to_string(), &claims.to_string())),
            AccessError::Claims,
            "{name}"
        );
    }
    assert_eq!(with_claim("sub", json!("root")), AccessError::Claims);
    assert_eq!(refusal(&forge(&header().to_string(), "[]")), AccessError::Claims);
    assert_eq!(refusal(&forge(&header().to_string(), "")), AccessError::Claims);
}

#[test]
fn a_claim_or_a_header_that_is_there_twice_is_refused() {
    let twice = claims().to_string().replacen('{', &format!(r#"{{"sub":"{SESSION}","#), 1);
    assert_eq!(refusal(&forge(&header().to_string(), &twice)), AccessError::Claims);
    let twice = header().to_string().replacen('{', r#"{"alg":"EdDSA","#, 1);
    assert_eq!(refusal(&forge(&twice, &claims().to_string())), AccessError::Header);
}

#[test]
fn a_claim_that_a_newer_version_adds_is_ignored() {
    let mut claims = claims();
    claims["scope"] = json!("read");
    assert!(ring().verify(&forge(&header().to_string(), &claims.to_string()), NOW).is_ok());
}

#[test]
fn an_unknown_or_injected_key_name_is_refused() {
    let long = "a".repeat(500);
    for kid in ["", "../../../../dev/null", "' OR 1=1 --", "0", "http://evil.example/key", long.as_str()] {
        assert_eq!(with_header("kid", json!(kid)), AccessError::UnknownKey, "{kid}");
    }
    assert_eq!(with_header("kid", json!(0)), AccessError::Header);
}

#[test]
fn a_key_that_the_token_brings_along_is_refused() {
    let theirs = PrivateKey::generate();
    for (name, value) in [
        ("jwk", theirs.public().to_jwk()),
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/cert.pem")),
        ("x5c", json!(["MIIB"])),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
    ] {
        let mut header = header();
        header[name] = value;
        let unsigned = format!("{}.{}", encode(&header.to_string()), encode(&claims().to_string()));
        let token = token::signed(&unsigned, &theirs.sign(unsigned.as_bytes()));
        assert_eq!(refusal(&token), AccessError::Header, "{name}");
    }
}

#[test]
fn another_keys_signature_is_refused() {
    let theirs = PrivateKey::generate();
    let unsigned = format!("{}.{}", encode(&header().to_string()), encode(&claims().to_string()));
    assert_eq!(
        refusal(&token::signed(&unsigned, &theirs.sign(unsigned.as_bytes()))),
        AccessError::Signature,
        "under our key's name"
    );
    let others = KeyRing::new(ISSUER, AUDIENCE, theirs, NOW).unwrap();
    assert_eq!(refusal(&issue(&others)), AccessError::UnknownKey, "under its own name");
}

#[test]
fn a_truncated_token_is_refused_wherever_it_is_cut() {
    let token = issue(&ring());
    for end in 0..token.len() {
        assert!(ring().verify(&token[..end], NOW).is_err(), "{end}");
    }
}

#[test]
fn any_changed_character_is_refused() {
    let (ring, token) = (ring(), issue(&ring()));
    // Signatures take their time in a build without optimization: every third character, and the very last ones, whose
    // spare bits could hide a change.
    for at in (0..token.len()).step_by(3).chain(token.len() - 3..token.len()) {
        let to = ["A", "9", "_", ".", "=", "é"][at / 3 % 6];
        let changed = format!("{}{to}{}", &token[..at], &token[at + 1..]);
        assert!(changed == token || ring.verify(&changed, NOW).is_err(), "{at}: {to}");
    }
}

#[test]
fn what_is_no_token_is_refused() {
    let token = issue(&ring());
    for text in [String::new(), ".".into(), "..".into(), "...".into(), "a.b.c".into(), format!("{token}.x")] {
        assert_eq!(refusal(&text), AccessError::Malformed, "{text}");
    }
    for text in [format!("{token}="), format!("{token}\n"), format!(" {token}")] {
        assert_eq!(refusal(&text), AccessError::Malformed, "{text}");
    }
}

#[test]
fn an_oversized_token_is_refused_unread() {
    let mut claims = claims();
    claims["pad"] = json!("x".repeat(LONGEST_TOKEN));
    assert_eq!(refusal(&forge(&header().to_string(), &claims.to_string())), AccessError::TooLong);
    let nested = format!(r#"{{"alg":{}"#, "[".repeat(1400));
    assert_eq!(refusal(&format!("{}.e30.e30", encode(&nested))), AccessError::Malformed);
}

#[test]
fn a_ring_with_the_longest_names_still_issues_what_it_accepts() {
    let ring = KeyRing::new(&"\"".repeat(200), &"\\".repeat(200), key(), NOW).unwrap();
    assert!(ring.verify(&issue(&ring), NOW).is_ok());
    assert_eq!(KeyRing::new("i\nj", "a", key(), NOW).unwrap_err(), RingError::Name);
    assert_eq!(KeyRing::new("", "a", key(), NOW).unwrap_err(), RingError::Name);
    assert_eq!(KeyRing::new("i", &"a".repeat(201), key(), NOW).unwrap_err(), RingError::Name);
}

#[test]
fn after_a_rotation_old_tokens_live_out_their_time_and_the_old_key_signs_no_more() {
    let mut ring = ring();
    let before = issue(&ring);
    let old = ring.signing_key().clone();
    ring.rotate(PrivateKey::generate(), NOW).unwrap();
    assert_ne!(ring.signing_key(), &old);
    assert!(ring.verify(&before, NOW + LIFETIME).is_ok());
    assert!(ring.verify(&issue(&ring), NOW).is_ok());

    // Whoever has the old key cannot make tokens that are younger than its retirement.
    let late = NOW + Duration::from_secs(60);
    let stolen = self::ring().issue(USER, SESSION, late, LIFETIME).unwrap();
    assert_eq!(ring.verify(&stolen, late).unwrap_err(), AccessError::KeyNotInUse);
}

#[test]
fn a_token_older_than_its_key_is_refused() {
    let ring = KeyRing::new(ISSUER, AUDIENCE, key(), NOW + Duration::from_secs(31)).unwrap();
    assert_eq!(ring.verify(&issue(&ring), NOW).unwrap_err(), AccessError::KeyNotInUse);
}

#[test]
fn a_retired_key_is_dropped_once_nothing_of_it_can_be_valid() {
    let mut ring = ring();
    ring.rotate(PrivateKey::generate(), NOW).unwrap();
    ring.prune(NOW + LONGEST_LIFETIME);
    assert_eq!(ring.verifying_keys().count(), 2);
    ring.prune(NOW + LONGEST_LIFETIME + 3 * LEEWAY);
    assert_eq!(ring.verifying_keys().count(), 1);
    assert!(ring.verify(&issue(&ring), NOW).is_ok(), "the key that signs stays");
}

#[test]
fn a_key_is_announced_before_it_signs_and_never_comes_back() {
    let next = PrivateKey::generate();
    let seed = next.to_bytes();
    let announced = VerifyingKey { key: next.public(), created_at: NOW, retired_at: None };
    let mut ring = ring().with(announced.clone()).unwrap();
    assert_eq!(ring.jwks()["keys"].as_array().unwrap().len(), 2);
    ring.rotate(next, NOW).unwrap();
    assert_eq!(ring.verifying_keys().count(), 2);

    assert_eq!(ring.rotate(PrivateKey::from_bytes(&*seed).unwrap(), NOW).unwrap_err(), RingError::SameKey);
    assert_eq!(ring.rotate(key(), NOW).unwrap_err(), RingError::SameKey, "it has been retired");
    assert_eq!(ring.with(announced).unwrap_err(), RingError::SameKey);
}

#[test]
fn the_key_set_holds_public_halves_only() {
    let jwks = ring().jwks();
    assert_eq!(
        jwks,
        json!({ "keys": [{
            "kty": "OKP", "crv": "Ed25519", "x": BASE64URL_NOPAD.encode(&key().public().to_bytes()),
            "kid": key().public().id().as_str(), "use": "sig", "alg": "EdDSA",
        }]})
    );
    assert!(!format!("{:?}", ring()).contains("SigningKey"));
}
