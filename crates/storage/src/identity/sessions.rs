//! Sign-ins. Each is a family of refresh tokens, of which only the newest is good, and good once.

use crate::connect::Storage;
use crate::convert::{micros, text, timestamp};
use crate::dialect::{all, execute, one};
use crate::error::StorageError;
use crate::write::Write;
use async_trait::async_trait;
use sea_orm::{DatabaseTransaction, DbErr, QueryResult};
use squad_domain::Timestamp;
use squad_domain::ids::{OrgId, SessionId, UserId};
use uuid::Uuid;

/// A sign-in that is about to begin.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Its id.
    pub id: SessionId,
    /// Who signs in.
    pub user: UserId,
    /// What the browser or program calls itself.
    pub user_agent: String,
    /// From where, as an IP address.
    pub address: String,
    /// The hash of its first refresh token.
    pub refresh_hash: String,
    /// When it begins.
    pub at: Timestamp,
    /// When it ends, unless it is used before.
    pub expires_at: Timestamp,
}

/// A sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Its id.
    pub id: SessionId,
    /// Who signed in.
    pub user: UserId,
    /// What the browser or program called itself.
    pub user_agent: String,
    /// From where, as an IP address.
    pub address: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When a token of it was last exchanged.
    pub used_at: Timestamp,
    /// When it ends, unless it is used before.
    pub expires_at: Timestamp,
    /// The organization that it was last switched to. They may have left it since.
    pub organization: Option<OrgId>,
}

/// Why a session ended before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionEnd {
    /// Its owner signed out, or ended it from another device.
    SignedOut,
    /// A refresh token came a second time: somebody has a copy.
    Reused,
    /// The password was changed.
    PasswordChanged,
}

impl SessionEnd {
    const fn slug(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::Reused => "reused",
            Self::PasswordChanged => "password_changed",
        }
    }
}

/// What came of exchanging a refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// The new one is good now.
    Done(SessionRow),
    /// It had been exchanged before. The whole session ended with this.
    Reused(SessionRow),
    /// There is no such token, or its session is over.
    Refused,
}

const COLUMNS: &str = "id, user_id, user_agent, address, created_at, used_at, expires_at, current_org";

fn session(row: &QueryResult) -> Result<SessionRow, DbErr> {
    Ok(SessionRow {
        id: SessionId(row.try_get::<Uuid>("", "id")?),
        user: UserId(row.try_get::<Uuid>("", "user_id")?),
        user_agent: row.try_get("", "user_agent")?,
        address: row.try_get("", "address")?,
        created_at: timestamp(row.try_get("", "created_at")?),
        used_at: timestamp(row.try_get("", "used_at")?),
        expires_at: timestamp(row.try_get("", "expires_at")?),
        organization: row.try_get::<Option<Uuid>>("", "current_org")?.map(OrgId),
    })
}

impl Storage {
    /// Begins a session, in the organization that they joined first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn open_session(&self, session: NewSession) -> Result<(), StorageError> {
        self.write(Open(session)).await
    }

    /// Exchanges a refresh token for the next one, once: of many who try at the same time with the same one, the first
    /// gets the next, and the second ends the session. A session that is used lives until `expires_at`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn rotate_refresh_token(
        &self,
        hash: &str,
        next_hash: &str,
        at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Rotation, StorageError> {
        let (hash, next, at) = (hash.to_owned(), next_hash.to_owned(), micros(at));
        self.write(Rotate { hash, next, at, expires_at: micros(expires_at) }).await
    }

    /// A session that is not over.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn session(&self, id: SessionId, now: Timestamp) -> Result<Option<SessionRow>, StorageError> {
        let sql =
            format!("SELECT {COLUMNS} FROM sessions WHERE id = $1 AND ended_at IS NULL AND expires_at > $2");
        let row = one(&self.pool, &sql, [id.0.into(), micros(now).into()]).await?;
        Ok(row.as_ref().map(session).transpose()?)
    }

    /// The sessions of an account that are not over, the one used last coming first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn sessions(&self, user: UserId, now: Timestamp) -> Result<Vec<SessionRow>, StorageError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM sessions WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 ORDER BY used_at DESC, id"
        );
        let rows = all(&self.pool, &sql, [user.0.into(), micros(now).into()]).await?;
        Ok(rows.iter().map(session).collect::<Result<_, _>>()?)
    }

    /// Lets a session work in another organization. `false` where they are not in that one, or the session is over or
    /// another's.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn switch_organization(
        &self,
        session: SessionId,
        user: UserId,
        org: OrgId,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        self.write(Switch { session, user, org, now: micros(now) }).await
    }

    /// Ends one session of an account. Tells whether there was one to end.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn end_session(
        &self,
        user: UserId,
        session: SessionId,
        why: SessionEnd,
        at: Timestamp,
    ) -> Result<bool, StorageError> {
        let ended = End { user, only: Some(session), except: None, why, at: micros(at) };
        Ok(self.write(ended).await? > 0)
    }

    /// Ends all sessions of an account but one, where one is named. Tells how many.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn end_sessions(
        &self,
        user: UserId,
        except: Option<SessionId>,
        why: SessionEnd,
        at: Timestamp,
    ) -> Result<u64, StorageError> {
        self.write(End { user, only: None, except, why, at: micros(at) }).await
    }
}

struct Open(NewSession);

#[async_trait]
impl Write for Open {
    type Output = ();
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<(), StorageError> {
        let NewSession { id, user, user_agent, address, refresh_hash, at, expires_at } = &self.0;
        let at = micros(*at);
        execute(
            transaction,
            "INSERT INTO sessions (id, user_id, user_agent, address, created_at, used_at, expires_at, current_org) \
             VALUES ($1, $2, $3, $4, $5, $5, $6, \
                (SELECT org_id FROM memberships WHERE user_id = $2 ORDER BY created_at, org_id LIMIT 1))",
            [
                id.0.into(),
                user.0.into(),
                text(user_agent).into(),
                text(address).into(),
                at.into(),
                micros(*expires_at).into(),
            ],
        )
        .await?;
        issue(transaction, *id, refresh_hash, at).await
    }
}

async fn issue(
    transaction: &DatabaseTransaction,
    session: SessionId,
    hash: &str,
    at: i64,
) -> Result<(), StorageError> {
    let sql = "INSERT INTO refresh_tokens (hash, session_id, issued_at) VALUES ($1, $2, $3)";
    execute(transaction, sql, [hash.into(), session.0.into(), at.into()]).await?;
    Ok(())
}

struct Rotate {
    hash: String,
    next: String,
    at: i64,
    expires_at: i64,
}

#[async_trait]
impl Write for Rotate {
    type Output = Rotation;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<Rotation, StorageError> {
        let belongs = "SELECT session_id FROM refresh_tokens WHERE hash = $1";
        let Some(row) = one(transaction, belongs, [self.hash.as_str().into()]).await? else {
            return Ok(Rotation::Refused);
        };
        let id: Uuid = row.try_get("", "session_id")?;
        // The row of the session is held first, so that the same token, and the end of the session, come one by one.
        let used = format!(
            "UPDATE sessions SET used_at = $1 WHERE id = $2 AND ended_at IS NULL AND expires_at > $1 RETURNING {COLUMNS}"
        );
        let Some(row) = one(transaction, &used, [self.at.into(), id.into()]).await? else {
            return Ok(Rotation::Refused);
        };
        let found = session(&row)?;
        let once = "UPDATE refresh_tokens SET used_at = $1 WHERE hash = $2 AND used_at IS NULL";
        if execute(transaction, once, [self.at.into(), self.hash.as_str().into()]).await? == 0 {
            let end = "UPDATE sessions SET ended_at = $1, ended_by = $2 WHERE id = $3";
            execute(transaction, end, [self.at.into(), SessionEnd::Reused.slug().into(), id.into()]).await?;
            return Ok(Rotation::Reused(found));
        }
        issue(transaction, found.id, &self.next, self.at).await?;
        let live = "UPDATE sessions SET expires_at = $1 WHERE id = $2";
        execute(transaction, live, [self.expires_at.into(), id.into()]).await?;
        Ok(Rotation::Done(SessionRow { expires_at: timestamp(self.expires_at), ..found }))
    }
}

struct Switch {
    session: SessionId,
    user: UserId,
    org: OrgId,
    now: i64,
}

#[async_trait]
impl Write for Switch {
    type Output = bool;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<bool, StorageError> {
        let sql = "UPDATE sessions SET current_org = $3 \
            WHERE id = $1 AND user_id = $2 AND ended_at IS NULL AND expires_at > $4 \
            AND EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = $2 AND m.org_id = $3)";
        let values = [self.session.0.into(), self.user.0.into(), self.org.0.into(), self.now.into()];
        Ok(execute(transaction, sql, values).await? == 1)
    }
}

struct End {
    user: UserId,
    only: Option<SessionId>,
    except: Option<SessionId>,
    why: SessionEnd,
    at: i64,
}

#[async_trait]
impl Write for End {
    type Output = u64;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<u64, StorageError> {
        let Some(only) = self.only else {
            return Ok(end_all(transaction, self.user, self.except, self.why, self.at).await?);
        };
        let sql = "UPDATE sessions SET ended_at = $1, ended_by = $2 WHERE user_id = $3 AND ended_at IS NULL AND id = $4";
        let values = [self.at.into(), self.why.slug().into(), self.user.0.into(), only.0.into()];
        Ok(execute(transaction, sql, values).await?)
    }
}

/// Ends all sessions of an account but one, within a transaction. Tells how many.
pub(super) async fn end_all(
    transaction: &DatabaseTransaction,
    user: UserId,
    except: Option<SessionId>,
    why: SessionEnd,
    at: i64,
) -> Result<u64, DbErr> {
    // No session has the id of zeros.
    let except = except.map_or(Uuid::nil(), |session| session.0);
    let sql = "UPDATE sessions SET ended_at = $1, ended_by = $2 WHERE user_id = $3 AND ended_at IS NULL AND id <> $4";
    execute(transaction, sql, [at.into(), why.slug().into(), user.0.into(), except.into()]).await
}
