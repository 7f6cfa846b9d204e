//! People.

use crate::dto::moment::Moment;
use serde::Serialize;
use squad_storage::{SessionRow, UserRow};
use utoipa::ToSchema;
use uuid::Uuid;

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct User {
    /// Its id.
    id: Uuid,
    /// The address.
    #[schema(example = "ada@example.com")]
    email: String,
    /// What people call them.
    #[schema(example = "Ada Lovelace")]
    name: String,
    /// Whether the address was shown to be theirs.
    email_verified: bool,
    /// Since when there is an account.
    created_at: Moment,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            id: row.id.0,
            email: row.email,
            name: row.name,
            email_verified: row.email_verified_at.is_some(),
            created_at: row.created_at.into(),
        }
    }
}

/// A device on which somebody is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Session {
    /// Its id.
    id: Uuid,
    /// What the browser or program calls itself.
    #[schema(example = "Mozilla/5.0 (X11; Linux x86_64)")]
    user_agent: String,
    /// From where, as an IP address.
    #[schema(example = "192.0.2.7")]
    address: String,
    /// Whether it is the one that asks.
    current: bool,
    /// When it began.
    created_at: Moment,
    /// When it was last renewed.
    used_at: Moment,
    /// When it ends, unless it is used before.
    expires_at: Moment,
}

impl Session {
    pub(crate) fn new(row: SessionRow, current: bool) -> Self {
        Self {
            id: row.id.0,
            user_agent: row.user_agent,
            address: row.address,
            current,
            created_at: row.created_at.into(),
            used_at: row.used_at.into(),
            expires_at: row.expires_at.into(),
        }
    }
}
