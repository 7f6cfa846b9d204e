//! Sign-ins through a provider that are under way: what must be known again when the browser comes back. Good once.

use crate::connect::Storage;
use crate::convert::{micros, text, timestamp};
use crate::dialect::{execute, one};
use crate::error::StorageError;
use crate::write::Write;
use async_trait::async_trait;
use sea_orm::DatabaseTransaction;
use squad_domain::Timestamp;
use squad_domain::ids::UserId;
use uuid::Uuid;

/// A browser that was sent to a provider.
#[derive(Clone, PartialEq, Eq)]
pub struct OidcStateRow {
    /// The hash of the `state` that comes back.
    pub state_hash: String,
    /// To which provider.
    pub provider: String,
    /// What the provider's token must repeat.
    pub nonce: String,
    /// What shows the provider that it is us who ask, sealed.
    pub pkce_verifier_sealed: String,
    /// Where the browser goes afterwards.
    pub redirect: String,
    /// The account that the provider's shall be linked to, where somebody is signed in already.
    pub link_user: Option<UserId>,
    /// When.
    pub created_at: Timestamp,
    /// Until when it may come back.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for OidcStateRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OidcStateRow")
            .field("provider", &self.provider)
            .field("link_user", &self.link_user)
            .finish_non_exhaustive()
    }
}

impl Storage {
    /// Remembers a browser that is sent to a provider, and forgets those that did not come back in time.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn add_oidc_state(&self, state: OidcStateRow) -> Result<(), StorageError> {
        self.write(Add(state)).await
    }

    /// Takes what is known of a browser that comes back. `None` where it came before, or too late, or was never sent.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn take_oidc_state(
        &self,
        state_hash: &str,
        now: Timestamp,
    ) -> Result<Option<OidcStateRow>, StorageError> {
        self.write(Take { hash: state_hash.to_owned(), now: micros(now) }).await
    }
}

struct Add(OidcStateRow);

#[async_trait]
impl Write for Add {
    type Output = ();
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<(), StorageError> {
        let state = &self.0;
        let at = micros(state.created_at);
        execute(transaction, "DELETE FROM oidc_states WHERE expires_at <= $1", [at.into()]).await?;
        let sql = "INSERT INTO oidc_states \
            (state_hash, provider, nonce, pkce_verifier_sealed, redirect, link_user, created_at, expires_at) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let values = [
            state.state_hash.as_str().into(),
            state.provider.as_str().into(),
            state.nonce.as_str().into(),
            state.pkce_verifier_sealed.as_str().into(),
            text(&state.redirect).into(),
            state.link_user.map(|user| user.0).into(),
            at.into(),
            micros(state.expires_at).into(),
        ];
        execute(transaction, sql, values).await?;
        Ok(())
    }
}

struct Take {
    hash: String,
    now: i64,
}

#[async_trait]
impl Write for Take {
    type Output = Option<OidcStateRow>;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<Self::Output, StorageError> {
        let sql = "DELETE FROM oidc_states WHERE state_hash = $1 AND expires_at > $2 \
            RETURNING provider, nonce, pkce_verifier_sealed, redirect, link_user, created_at, expires_at";
        let row = one(transaction, sql, [self.hash.as_str().into(), self.now.into()]).await?;
        let Some(row) = row else { return Ok(None) };
        let link: Option<Uuid> = row.try_get("", "link_user")?;
        Ok(Some(OidcStateRow {
            state_hash: self.hash.clone(),
            provider: row.try_get("", "provider")?,
            nonce: row.try_get("", "nonce")?,
            pkce_verifier_sealed: row.try_get("", "pkce_verifier_sealed")?,
            redirect: row.try_get("", "redirect")?,
            link_user: link.map(UserId),
            created_at: timestamp(row.try_get("", "created_at")?),
            expires_at: timestamp(row.try_get("", "expires_at")?),
        }))
    }
}
