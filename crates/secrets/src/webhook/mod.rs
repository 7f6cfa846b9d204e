//! Signatures of webhooks as the Standard Webhooks specification defines them (version 1.0.0): HMAC-SHA256 over
//! `{id}.{timestamp}.{body}`, in the headers [`HEADER_ID`], [`HEADER_TIMESTAMP`] and [`HEADER_SIGNATURE`].

mod secret;

pub use secret::{WebhookSecret, WebhookSecretError};

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use squad_domain::Timestamp;
use std::time::Duration;
use subtle::ConstantTimeEq;

/// The message's id: the same at every attempt to deliver it, so that its receiver can tell that it has had it.
pub const HEADER_ID: &str = "webhook-id";

/// When this attempt was made, in whole seconds since 1970.
pub const HEADER_TIMESTAMP: &str = "webhook-timestamp";

/// One or more signatures, with a space between: `v1,<base64>`.
pub const HEADER_SIGNATURE: &str = "webhook-signature";

/// How old, or how far ahead, a message may be: five minutes, as in the specification's own libraries. Within it the
/// receiver remembers ids, so that a message that is sent again has no effect.
pub const TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// The longest id, in bytes.
const LONGEST_ID: usize = 256;

/// More signatures than this in one header are not looked at.
const MOST_SIGNATURES: usize = 16;

/// The version of signature with a shared secret.
const VERSION: &str = "v1,";

/// The three headers of a message that is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHeaders {
    /// For [`HEADER_ID`].
    pub id: String,
    /// For [`HEADER_TIMESTAMP`].
    pub timestamp: String,
    /// For [`HEADER_SIGNATURE`].
    pub signature: String,
}

/// The three headers of a message that came in, as they came.
#[derive(Debug, Clone, Copy)]
pub struct ReceivedHeaders<'a> {
    /// From [`HEADER_ID`].
    pub id: &'a str,
    /// From [`HEADER_TIMESTAMP`].
    pub timestamp: &'a str,
    /// From [`HEADER_SIGNATURE`].
    pub signature: &'a str,
}

/// Why a message cannot be signed or is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// The id is empty, longer than 256 bytes, or holds a full stop (which separates what is signed), a space or something
    /// else than visible ASCII.
    #[error("the webhook's id is not usable: 1 to {LONGEST_ID} visible ASCII characters without a full stop")]
    Id,
    /// The timestamp is no whole number of seconds.
    #[error("the webhook's timestamp is not a number of seconds")]
    Timestamp,
    /// Sent longer than [`TOLERANCE`] ago: sent again by somebody else, or the clocks differ.
    #[error("the webhook is too old: if it is genuine, check the clocks")]
    TooOld,
    /// Sent more than [`TOLERANCE`] from now.
    #[error("the webhook is from the future: if it is genuine, check the clocks")]
    FromTheFuture,
    /// No signature is one of this content with one of these secrets.
    #[error("the webhook's signature is wrong")]
    Signature,
    /// There is no secret to sign or verify with.
    #[error("the webhook has no secret")]
    NoSecret,
}

/// Signs a message, once with each secret: while a secret is being replaced, its receiver has the old one or the new.
///
/// # Errors
///
/// When the id is not usable or there is no secret.
pub fn sign<'a>(
    secrets: impl IntoIterator<Item = &'a WebhookSecret>,
    id: &str,
    now: Timestamp,
    body: &[u8],
) -> Result<SignedHeaders, WebhookError> {
    check_id(id)?;
    let timestamp = now.unix_timestamp().to_string();
    let signatures: Vec<String> = secrets
        .into_iter()
        .map(|secret| format!("{VERSION}{}", BASE64.encode(&mac(secret, id, &timestamp, body))))
        .collect();
    if signatures.is_empty() {
        return Err(WebhookError::NoSecret);
    }
    Ok(SignedHeaders { id: id.to_owned(), timestamp, signature: signatures.join(" ") })
}

/// Verifies a message with any of these secrets: the body as it came over the wire, before it is parsed.
///
/// # Errors
///
/// Why it is not to be believed.
pub fn verify<'a>(
    secrets: impl IntoIterator<Item = &'a WebhookSecret>,
    received: ReceivedHeaders<'_>,
    now: Timestamp,
    body: &[u8],
) -> Result<(), WebhookError> {
    check_id(received.id)?;
    check_time(received.timestamp, now)?;
    let given: Vec<Vec<u8>> = received
        .signature
        .split(' ')
        .take(MOST_SIGNATURES)
        .filter_map(|signature| BASE64.decode(signature.strip_prefix(VERSION)?.as_bytes()).ok())
        .collect();
    let mut any = None;
    for secret in secrets {
        let expected = mac(secret, received.id, received.timestamp, body);
        for signature in &given {
            if expected.ct_eq(signature).into() {
                return Ok(());
            }
        }
        any = Some(());
    }
    any.map_or(Err(WebhookError::NoSecret), |()| Err(WebhookError::Signature))
}

fn mac(secret: &WebhookSecret, id: &str, timestamp: &str, body: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.bytes()).expect("HMAC takes a key of any length");
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn check_id(id: &str) -> Result<(), WebhookError> {
    let usable =
        (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic() && b != b'.');
    if usable { Ok(()) } else { Err(WebhookError::Id) }
}

fn check_time(timestamp: &str, now: Timestamp) -> Result<(), WebhookError> {
    if !timestamp.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(WebhookError::Timestamp);
    }
    let seconds = timestamp.parse().map_err(|_| WebhookError::Timestamp)?;
    let sent = Timestamp::from_unix_timestamp(seconds).map_err(|_| WebhookError::Timestamp)?;
    if now - sent > TOLERANCE {
        return Err(WebhookError::TooOld);
    }
    if sent - now > TOLERANCE {
        return Err(WebhookError::FromTheFuture);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification and the test vector of its libraries (`standard-webhooks/standard-webhooks`).
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const TIMESTAMP: &str = "1614265330";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn secret() -> WebhookSecret {
        WebhookSecret::parse(SECRET).unwrap()
    }

    fn sent() -> Timestamp {
        Timestamp::from_unix_timestamp(1_614_265_330).unwrap()
    }

    fn judge(signature: &str, body: &[u8], now: Timestamp) -> Result<(), WebhookError> {
        verify([&secret()], ReceivedHeaders { id: ID, timestamp: TIMESTAMP, signature }, now, body)
    }

    #[test]
    fn signatures_are_those_of_the_specification() {
        let headers = sign([&secret()], ID, sent(), BODY).unwrap();
        let expected = SignedHeaders {
            id: ID.to_owned(),
            timestamp: TIMESTAMP.to_owned(),
            signature: SIGNATURE.to_owned(),
        };
        assert_eq!(headers, expected);
        assert_eq!(judge(SIGNATURE, BODY, sent()), Ok(()));
    }

    #[test]
    fn anything_changed_is_refused() {
        assert_eq!(judge(SIGNATURE, br#"{"test":2432232314}"#, sent()), Err(WebhookError::Signature));
        let with = |id, timestamp, secret: &WebhookSecret| {
            verify([secret], ReceivedHeaders { id, timestamp, signature: SIGNATURE }, sent(), BODY)
        };
        assert_eq!(with("msg_other", TIMESTAMP, &secret()), Err(WebhookError::Signature));
        assert_eq!(with(ID, "1614265331", &secret()), Err(WebhookError::Signature));
        assert_eq!(with(ID, "01614265330", &secret()), Err(WebhookError::Signature));
        assert_eq!(with(ID, TIMESTAMP, &WebhookSecret::generate()), Err(WebhookError::Signature));
    }

    #[test]
    fn what_is_no_signature_is_refused() {
        let cut = &SIGNATURE[..SIGNATURE.len() - 4];
        let bare = SIGNATURE.trim_start_matches("v1,");
        let many = format!("{}{SIGNATURE}", "v1,AAAA ".repeat(MOST_SIGNATURES));
        for signature in ["", "v1,", " ", "v1", cut, bare, &SIGNATURE.replace("v1", "v1a"), &many] {
            assert_eq!(judge(signature, BODY, sent()), Err(WebhookError::Signature), "{signature}");
        }
    }

    #[test]
    fn while_a_secret_is_replaced_either_works() {
        let (old, new) = (secret(), WebhookSecret::generate());
        let headers = sign([&new, &old], ID, sent(), BODY).unwrap();
        let received =
            ReceivedHeaders { id: &headers.id, timestamp: &headers.timestamp, signature: &headers.signature };
        assert_eq!(verify([&old], received, sent(), BODY), Ok(()));
        assert_eq!(verify([&new], received, sent(), BODY), Ok(()));
        assert_eq!(
            verify([&new, &old], ReceivedHeaders { signature: SIGNATURE, ..received }, sent(), BODY),
            Ok(())
        );
        let others = format!("v1a,c2lnbmF0dXJl v2,AAAA {SIGNATURE}");
        assert_eq!(judge(&others, BODY, sent()), Ok(()), "signatures of other versions do not matter");
    }

    #[test]
    fn an_old_message_is_refused_and_so_is_one_from_the_future() {
        let second = Duration::from_secs(1);
        assert_eq!(judge(SIGNATURE, BODY, sent() + TOLERANCE), Ok(()));
        assert_eq!(judge(SIGNATURE, BODY, sent() - TOLERANCE), Ok(()));
        assert_eq!(judge(SIGNATURE, BODY, sent() + TOLERANCE + second), Err(WebhookError::TooOld));
        assert_eq!(judge(SIGNATURE, BODY, sent() - TOLERANCE - second), Err(WebhookError::FromTheFuture));
        for timestamp in
            ["", "now", "-1", "+1614265330", "1614265330.0", "99999999999999", "99999999999999999999"]
        {
            let received = ReceivedHeaders { id: ID, timestamp, signature: SIGNATURE };
            assert_eq!(
                verify([&secret()], received, sent(), BODY),
                Err(WebhookError::Timestamp),
                "{timestamp}"
            );
        }
    }

    #[test]
    fn an_id_with_a_full_stop_could_stand_for_another_message_and_is_refused() {
        for id in ["", "msg.1", "msg 1", "msg\n1", "müll", &"m".repeat(257)] {
            assert_eq!(sign([&secret()], id, sent(), BODY).unwrap_err(), WebhookError::Id, "{id}");
            let received = ReceivedHeaders { id, timestamp: TIMESTAMP, signature: SIGNATURE };
            assert_eq!(verify([&secret()], received, sent(), BODY), Err(WebhookError::Id), "{id}");
        }
    }

    #[test]
    fn without_a_secret_nothing_is_signed_or_believed() {
        assert_eq!(sign([], ID, sent(), BODY).unwrap_err(), WebhookError::NoSecret);
        let received = ReceivedHeaders { id: ID, timestamp: TIMESTAMP, signature: SIGNATURE };
        assert_eq!(verify([], received, sent(), BODY), Err(WebhookError::NoSecret));
    }
}
