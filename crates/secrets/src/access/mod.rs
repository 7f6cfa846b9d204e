//! Access tokens: short-lived JWTs as RFC 9068 shapes them and RFC 8725 asks for them, signed with Ed25519 and nothing
//! else.
//!
//! There is no algorithm to negotiate: a token says `EdDSA`, `at+jwt` and a key that is in the ring, in a header that
//! holds nothing but these three, or it is refused. Keys come from the ring only, never from a token.
//!
//! A token cannot be called back before it expires. Whoever must shut somebody out at once looks its session up.

mod claims;
mod key;
mod ring;
#[cfg(test)]
mod tests;
mod token;

pub use claims::AccessClaims;
pub use key::{KeyError, KeyId, PrivateKey, PublicKey};
pub use ring::{KeyRing, RingError, VerifyingKey};

use std::time::Duration;

/// How long a token is good for unless the caller says otherwise: 10 minutes.
pub const LIFETIME: Duration = Duration::from_secs(10 * 60);

/// No token is issued or accepted for longer than this: one hour.
pub const LONGEST_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// How far the clocks of two of our machines may be apart: 30 seconds. RFC 7519 allows "usually no more than a few
/// minutes".
pub const LEEWAY: Duration = Duration::from_secs(30);

/// Longer tokens are refused unread, in bytes. Ours have about 600; issuer and audience are bounded accordingly.
pub const LONGEST_TOKEN: usize = 2048;

/// Why a token is refused. For logs and metrics: a client learns no more than that it must renew its token
/// ([`AccessError::Expired`]) or log in again (all others).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// Over [`LONGEST_TOKEN`].
    #[error("the access token is longer than {LONGEST_TOKEN} bytes")]
    TooLong,
    /// Not three parts of base64url with JSON in the first.
    #[error("the access token is malformed")]
    Malformed,
    /// Its header holds more than `alg`, `typ` and `kid`, for example a key of its own (`jwk`, `jku`, `x5u`) or `crit`.
    #[error("the access token's header holds what ours never do")]
    Header,
    /// Signed, or not signed, in another way than with Ed25519.
    #[error("the access token's algorithm is not `EdDSA`")]
    Algorithm,
    /// A token of ours for something else, or somebody else's.
    #[error("the access token's type is not `at+jwt`")]
    Type,
    /// No key of that name is in the ring.
    #[error("the access token was signed with an unknown key")]
    UnknownKey,
    /// The signature is not that key's for that content.
    #[error("the access token's signature is wrong")]
    Signature,
    /// A claim is missing, of the wrong type, or there twice.
    #[error("the access token's claims are malformed")]
    Claims,
    /// Issued by somebody else.
    #[error("the access token is from another issuer")]
    Issuer,
    /// Issued for somebody else.
    #[error("the access token is for another audience")]
    Audience,
    /// Its time is over: the client renews it.
    #[error("the access token has expired")]
    Expired,
    /// Its time has not come.
    #[error("the access token is not valid yet")]
    NotYetValid,
    /// Issued later than now.
    #[error("the access token was issued in the future")]
    IssuedInFuture,
    /// Good for longer than [`LONGEST_LIFETIME`], or ending before it begins.
    #[error("the access token's lifetime is not one that we give")]
    Lifetime,
    /// Issued before its key was made or after it was retired.
    #[error("the access token's key was not in use when it was issued")]
    KeyNotInUse,
}
