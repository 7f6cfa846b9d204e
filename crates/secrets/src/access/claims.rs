//! What an access token says.

use serde::{Deserialize, Serialize};
use squad_domain::Timestamp;
use squad_domain::ids::{SessionId, UserId};
use uuid::Uuid;

/// What a verified token says. There is no other way to get one than [`super::KeyRing::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessClaims {
    /// Who it speaks for (`sub`).
    pub user: UserId,
    /// The session that it belongs to (`sid`).
    pub session: SessionId,
    /// Its own id (`jti`).
    pub id: Uuid,
    /// When it was issued (`iat`), to the second.
    pub issued_at: Timestamp,
    /// When it ends (`exp`), to the second.
    pub expires_at: Timestamp,
}

/// The claims as they stand in the token. Times are whole seconds since 1970 (RFC 7519, "NumericDate").
///
/// Unknown claims are ignored, so that a newer version of ours may add one while an older one still runs.
#[derive(Serialize, Deserialize)]
pub(super) struct Wire<'a> {
    #[serde(borrow)]
    pub(super) iss: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    pub(super) aud: std::borrow::Cow<'a, str>,
    pub(super) sub: Uuid,
    pub(super) sid: Uuid,
    pub(super) jti: Uuid,
    pub(super) iat: i64,
    pub(super) nbf: i64,
    pub(super) exp: i64,
}

/// A moment, where it is one that can be computed with.
pub(super) fn moment(seconds: i64) -> Option<Timestamp> {
    Timestamp::from_unix_timestamp(seconds).ok()
}
