//! The keys that sign and verify, and what is done with them.

use super::claims::{Wire, moment};
use super::{AccessClaims, AccessError, KeyId, LEEWAY, LONGEST_LIFETIME, PrivateKey, PublicKey, token};
use serde_json::{Value, json};
use squad_domain::Timestamp;
use squad_domain::ids::{SessionId, UserId};
use std::collections::BTreeMap;
use std::time::Duration;

/// The longest name of an issuer or an audience, in bytes: tokens stay under [`super::LONGEST_TOKEN`].
const LONGEST_NAME: usize = 200;

/// A key that verifies, and the time in which tokens were signed with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    /// The key.
    pub key: PublicKey,
    /// When it was made. A token that claims to be older is refused.
    pub created_at: Timestamp,
    /// When it stopped signing. A token that claims to be younger is refused; older ones are good until they expire.
    pub retired_at: Option<Timestamp>,
}

/// Why a ring cannot be made, or a token not be issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RingError {
    /// Issuer and audience are names of 1 to 200 visible ASCII characters.
    #[error("issuer and audience need 1 to {LONGEST_NAME} visible ASCII characters each")]
    Name,
    /// The key is in the ring already.
    #[error("the key is in the ring already")]
    SameKey,
    /// A token lives for at least a second and at most [`LONGEST_LIFETIME`].
    #[error("an access token lives for 1 to {} seconds", LONGEST_LIFETIME.as_secs())]
    Lifetime,
}

/// The keys of one issuer for one audience: one that signs, and all that verify.
///
/// To rotate where several processes serve: add the next key to every ring as a [`VerifyingKey`] (its public half is then
/// in the key set, too), let it sign once all have it, and keep the old one until [`KeyRing::prune`] drops it.
#[derive(Debug)]
pub struct KeyRing {
    issuer: String,
    audience: String,
    signing: PrivateKey,
    signing_id: KeyId,
    verifying: BTreeMap<KeyId, VerifyingKey>,
}

/// What JSON escapes would make longer than it looks.
fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
}

impl KeyRing {
    /// A ring with one key, made at `created_at`.
    ///
    /// # Errors
    ///
    /// When a name is empty, too long, or has other than visible ASCII characters.
    pub fn new(
        issuer: &str,
        audience: &str,
        signing: PrivateKey,
        created_at: Timestamp,
    ) -> Result<Self, RingError> {
        if [issuer, audience].iter().any(|name| !is_name(name)) {
            return Err(RingError::Name);
        }
        let key = signing.public();
        let signing_id = key.id();
        let verifying =
            BTreeMap::from([(signing_id.clone(), VerifyingKey { key, created_at, retired_at: None })]);
        Ok(Self { issuer: issuer.to_owned(), audience: audience.to_owned(), signing, signing_id, verifying })
    }

    /// Adds a key that verifies: one that has signed before, or one that will sign next.
    ///
    /// # Errors
    ///
    /// When it is in the ring already.
    pub fn with(mut self, key: VerifyingKey) -> Result<Self, RingError> {
        let id = key.key.id();
        if self.verifying.contains_key(&id) {
            return Err(RingError::SameKey);
        }
        self.verifying.insert(id, key);
        Ok(self)
    }

    /// Lets another key sign from `now` on; the one that did is retired and goes on verifying.
    ///
    /// # Errors
    ///
    /// When it is the one that signs, or one that has been retired.
    pub fn rotate(&mut self, next: PrivateKey, now: Timestamp) -> Result<(), RingError> {
        let key = next.public();
        let id = key.id();
        let announced = self.verifying.get(&id);
        if id == self.signing_id || announced.is_some_and(|known| known.retired_at.is_some()) {
            return Err(RingError::SameKey);
        }
        let created_at = announced.map_or(now, |known| known.created_at);
        if let Some(old) = self.verifying.get_mut(&self.signing_id) {
            old.retired_at = Some(now);
        }
        self.verifying.insert(id.clone(), VerifyingKey { key, created_at, retired_at: None });
        self.signing = next;
        self.signing_id = id;
        Ok(())
    }

    /// Drops the keys whose last token has expired by `now`.
    pub fn prune(&mut self, now: Timestamp) {
        let kept = LONGEST_LIFETIME + 2 * LEEWAY;
        self.verifying.retain(|_, key| key.retired_at.is_none_or(|retired| now - retired <= kept));
    }

    /// The name of the key that signs.
    #[must_use]
    pub fn signing_key(&self) -> &KeyId {
        &self.signing_id
    }

    /// The keys that verify, the one that signs among them.
    pub fn verifying_keys(&self) -> impl Iterator<Item = &VerifyingKey> {
        self.verifying.values()
    }

    /// The key set (RFC 7517, section 5) that other services may verify our tokens with.
    #[must_use]
    pub fn jwks(&self) -> Value {
        json!({ "keys": self.verifying.values().map(|key| key.key.to_jwk()).collect::<Vec<_>>() })
    }

    /// Issues a token for a user's session, good from `now` for `lifetime` (see [`super::LIFETIME`]), both counted in
    /// whole seconds.
    ///
    /// # Errors
    ///
    /// When the lifetime is under a second or over [`LONGEST_LIFETIME`].
    ///
    /// # Panics
    ///
    /// When the operating system has no randomness.
    pub fn issue(
        &self,
        user: UserId,
        session: SessionId,
        now: Timestamp,
        lifetime: Duration,
    ) -> Result<String, RingError> {
        if lifetime < Duration::from_secs(1) || lifetime > LONGEST_LIFETIME {
            return Err(RingError::Lifetime);
        }
        let iat = now.unix_timestamp();
        let seconds = i64::try_from(lifetime.as_secs()).map_err(|_| RingError::Lifetime)?;
        let claims = Wire {
            iss: self.issuer.as_str().into(),
            aud: self.audience.as_str().into(),
            sub: user.0,
            sid: session.0,
            jti: uuid::Builder::from_random_bytes(crate::random::bytes()).into_uuid(),
            iat,
            nbf: iat,
            exp: iat + seconds,
        };
        let claims = serde_json::to_vec(&claims).expect("strings, ids and numbers are JSON");
        let unsigned = token::unsigned(&self.signing_id, &claims);
        Ok(token::signed(&unsigned, &self.signing.sign(unsigned.as_bytes())))
    }

    /// Verifies a token at `now`: its form, its signature, and then everything that it says.
    ///
    /// # Errors
    ///
    /// The first reason not to accept it.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, AccessError> {
        let parts = token::parse(token)?;
        let known = self.verifying.iter().find(|(id, _)| id.as_str() == parts.kid);
        let (_, key) = known.ok_or(AccessError::UnknownKey)?;
        if !key.key.verifies(parts.signed, &parts.signature) {
            return Err(AccessError::Signature);
        }
        let claims = parts.claims()?;
        let claims: Wire<'_> = serde_json::from_slice(&claims).map_err(|_| AccessError::Claims)?;
        self.judge(&claims, key, now)
    }

    fn judge(
        &self,
        claims: &Wire<'_>,
        key: &VerifyingKey,
        now: Timestamp,
    ) -> Result<AccessClaims, AccessError> {
        if claims.iss != self.issuer {
            return Err(AccessError::Issuer);
        }
        if claims.aud != self.audience {
            return Err(AccessError::Audience);
        }
        let issued_at = moment(claims.iat).ok_or(AccessError::Claims)?;
        let valid_from = moment(claims.nbf).ok_or(AccessError::Claims)?;
        let expires_at = moment(claims.exp).ok_or(AccessError::Claims)?;
        if expires_at <= issued_at || expires_at - issued_at > LONGEST_LIFETIME {
            return Err(AccessError::Lifetime);
        }
        if issued_at - now > LEEWAY {
            return Err(AccessError::IssuedInFuture);
        }
        if valid_from - now > LEEWAY {
            return Err(AccessError::NotYetValid);
        }
        if now - expires_at >= LEEWAY {
            return Err(AccessError::Expired);
        }
        let too_early = key.created_at - issued_at > LEEWAY;
        let too_late = key.retired_at.is_some_and(|retired| issued_at - retired > LEEWAY);
        if too_early || too_late {
            return Err(AccessError::KeyNotInUse);
        }
        Ok(AccessClaims {
            user: UserId(claims.sub),
            session: SessionId(claims.sid),
            id: claims.jti,
            issued_at,
            expires_at,
        })
    }
}
