//! The compact form of a signed token (RFC 7515, section 7.1), in the one shape that we issue.

use super::{AccessError, KeyId, LONGEST_TOKEN};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

const ALGORITHM: &str = "EdDSA";
const TYPE: &str = "at+jwt";

/// The whole header. What else a header could hold (`jwk`, `jku`, `x5u`, `x5c`, `crit`, `zip`, …) would tell us where
/// to find keys or how to read the token; ours never say that, so theirs are refused.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<'a> {
    #[serde(borrow)]
    alg: Cow<'a, str>,
    #[serde(borrow)]
    typ: Cow<'a, str>,
    #[serde(borrow)]
    kid: Cow<'a, str>,
}

/// A token taken apart; nothing in it has been verified yet.
pub(super) struct Parts<'a> {
    /// The name of the key that it claims to be signed with. Only ever compared with names in the ring.
    pub(super) kid: String,
    /// What is signed.
    pub(super) signed: &'a [u8],
    pub(super) signature: Vec<u8>,
    claims: &'a str,
}

impl Parts<'_> {
    /// The claims as JSON, once the signature has been verified.
    pub(super) fn claims(&self) -> Result<Vec<u8>, AccessError> {
        decode(self.claims)
    }
}

/// What has to be signed for a token with these claims.
pub(super) fn unsigned(kid: &KeyId, claims: &[u8]) -> String {
    let header = Header { alg: ALGORITHM.into(), typ: TYPE.into(), kid: kid.as_str().into() };
    let header = serde_json::to_vec(&header).expect("three strings are JSON");
    format!("{}.{}", BASE64URL_NOPAD.encode(&header), BASE64URL_NOPAD.encode(claims))
}

/// The whole token.
pub(super) fn signed(unsigned: &str, signature: &[u8; 64]) -> String {
    format!("{unsigned}.{}", BASE64URL_NOPAD.encode(signature))
}

/// Takes a token apart and judges its header.
pub(super) fn parse(token: &str) -> Result<Parts<'_>, AccessError> {
    if token.len() > LONGEST_TOKEN {
        return Err(AccessError::TooLong);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(AccessError::Malformed)?;
    let (header, claims) = signed.split_once('.').ok_or(AccessError::Malformed)?;
    let header = decode(header)?;
    let header: Header<'_> = serde_json::from_slice(&header).map_err(|_| why_refused(&header))?;
    if header.alg != ALGORITHM {
        return Err(AccessError::Algorithm);
    }
    if header.typ != TYPE {
        return Err(AccessError::Type);
    }
    let signature = decode(signature)?;
    Ok(Parts { kid: header.kid.into_owned(), signed: signed.as_bytes(), signature, claims })
}

/// What to say of a header that is not ours: what it is, where it can be told.
fn why_refused(header: &[u8]) -> AccessError {
    match serde_json::from_slice::<serde_json::Value>(header) {
        Ok(serde_json::Value::Object(header)) => {
            match header.get("alg").and_then(serde_json::Value::as_str) {
                Some(ALGORITHM) => AccessError::Header,
                _ => AccessError::Algorithm,
            }
        }
        _ => AccessError::Malformed,
    }
}

/// Strict base64url: no padding, no line breaks, no bits left over, so that a token has one form only.
fn decode(part: &str) -> Result<Vec<u8>, AccessError> {
    BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| AccessError::Malformed)
}
