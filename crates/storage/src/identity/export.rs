//! Everything that is stored about somebody, for them to take away. No hash and no secret.

use crate::connect::Storage;
use crate::convert::{from_json, timestamp};
use crate::dialect::all;
use crate::error::StorageError;
use sea_orm::{DbErr, QueryResult};
use serde::Serialize;
use serde_json::Value;
use squad_domain::Timestamp;
use squad_domain::ids::{OrgId, SessionId, UserId};
use squad_domain::permission::{OrgRole, Permission};
use time::serde::rfc3339;
use uuid::Uuid;

/// Everything that is stored about somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UserExport {
    /// Their account.
    pub profile: ExportedProfile,
    /// Their sign-ins, also those that are over, the newest first.
    pub sessions: Vec<ExportedSession>,
    /// The organizations that they are in.
    pub memberships: Vec<ExportedMembership>,
    /// Their API keys, also those that were revoked.
    pub api_keys: Vec<ExportedApiKey>,
    /// The accounts at providers that they sign in with.
    pub identity_links: Vec<ExportedIdentityLink>,
    /// The links that were mailed to them.
    pub email_links: Vec<ExportedEmailLink>,
    /// The invitations that they sent.
    pub invitations: Vec<ExportedInvitation>,
    /// What the audit logs say that they did.
    pub audit_entries: Vec<ExportedAuditEntry>,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportedProfile {
    /// Its id.
    pub id: UserId,
    /// The address.
    pub email: String,
    /// What people call them.
    pub name: String,
    /// When the address was shown to be theirs.
    #[serde(with = "rfc3339::option")]
    pub email_verified_at: Option<Timestamp>,
    /// Whether a password is set.
    pub has_password: bool,
    /// Since when signing in needs a second factor.
    #[serde(with = "rfc3339::option")]
    pub second_factor_since: Option<Timestamp>,
    /// Since when there is an account.
    #[serde(with = "rfc3339")]
    pub created_at: Timestamp,
    /// When it last changed.
    #[serde(with = "rfc3339")]
    pub updated_at: Timestamp,
}

/// A sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportedSession {
    /// Its id.
    pub id: SessionId,
    /// What the browser or program called itself.
    pub user_agent: String,
    /// From where, as an IP address.
    pub address: String,
    /// When it began.
    #[serde(with = "rfc3339")]
    pub created_at: Timestamp,
    /// When it was last used.
    #[serde(with = "rfc3339")]
    pub used_at: Timestamp,
    /// When it was ended.
    #[serde(with = "rfc3339::option")]
    pub ended_at: Option<Timestamp>,
}

/// A membership.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportedMembership {
    /// In which organization.
    pub organization: OrgId,
    /// Its name.
    pub name: String,
    /// What they are there.
    pub role: OrgRole,
    /// Since when.
    #[serde(with = "rfc3339")]
    pub since: Timestamp,
}

/// An API key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportedApiKey {
    /// Its id.
    pub id: Uuid,
    /// In which organization.
    pub organization: OrgId,
    /// What it is called.
    pub name: String,
    /// How it begins or ends.
    pub hint: String,
    /// What it is for.
    pub scopes: Vec<Permission>,
    /// When it was made.
    #[serde(with = "rfc3339")]
    pub created_at: Timestamp,
    /// Until when it is good.
    #[serde(with = "rfc3339::option")]
    pub expires_at: Option<Timestamp>,
    /// When it was last used.
    #[serde(with = "rfc3339::option")]
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    #[serde(with = "rfc3339::option")]
    pub revoked_at: Option<Timestamp>,
}

/// An account at a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportedIdentityLink {
    /// The provider.
    pub provider: String,
    /// The account there.
    pub subject: String,
    /// The address that the provider gave.
    pub email: String,
    /// Since when.
    #[serde(with = "rfc3339")]
    pub created_at: Timestamp,
}

/// A link that was mailed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportedEmailLink {
    /// What for.
    pub purpose: String,
    /// Where it was sent.
    pub email: String,
    /// When.
    #[serde(with = "rfc3339")]
    pub created_at: Timestamp,
    /// When it was used, or became void.
    #[serde(with = "rfc3339::option")]
    pub used_at: Option<Timestamp>,
}

/// An invitation that they sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportedInvitation {
    /// To which organization.
    pub organization: OrgId,
    /// To which address.
    pub email: String,
    /// As what.
    pub role: OrgRole,
    /// When.
    #[serde(with = "rfc3339")]
    pub created_at: Timestamp,
    /// When it was accepted.
    #[serde(with = "rfc3339::option")]
    pub accepted_at: Option<Timestamp>,
}

/// Something that they did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportedAuditEntry {
    /// In which organization.
    pub organization: OrgId,
    /// When.
    #[serde(with = "rfc3339")]
    pub at: Timestamp,
    /// From where, as an IP address.
    pub address: String,
    /// What: `squad.created`.
    pub action: String,
    /// To which one.
    pub subject: String,
    /// What else was noted.
    pub details: Value,
}

/// A moment in a row.
fn at(row: &QueryResult, column: &str) -> Result<Timestamp, DbErr> {
    row.try_get("", column).map(timestamp)
}

/// A moment in a row that may have none.
fn maybe(row: &QueryResult, column: &str) -> Result<Option<Timestamp>, DbErr> {
    Ok(row.try_get::<Option<i64>>("", column)?.map(timestamp))
}

fn org(row: &QueryResult) -> Result<OrgId, DbErr> {
    row.try_get("", "org_id").map(OrgId)
}

impl Storage {
    /// Everything that is stored about somebody; `None` where there is no such account.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn export_user(&self, id: UserId) -> Result<Option<UserExport>, StorageError> {
        let Some(account) = self.account(id).await? else { return Ok(None) };
        let second_factor_since = self.totp(id).await?.and_then(|totp| totp.confirmed_at);
        let memberships = self.memberships(id).await?.into_iter().map(|found| ExportedMembership {
            organization: found.organization.id,
            name: found.organization.name,
            role: found.role,
            since: found.since,
        });
        let identity_links = self.identity_links(id).await?.into_iter().map(|link| ExportedIdentityLink {
            provider: link.provider,
            subject: link.subject,
            email: link.email,
            created_at: link.created_at,
        });
        Ok(Some(UserExport {
            profile: ExportedProfile {
                id,
                email: account.user.email,
                name: account.user.name,
                email_verified_at: account.user.email_verified_at,
                has_password: account.password_hash.is_some(),
                second_factor_since,
                created_at: account.user.created_at,
                updated_at: account.user.updated_at,
            },
            sessions: self.exported_sessions(id).await?,
            memberships: memberships.collect(),
            api_keys: self.exported_api_keys(id).await?,
            identity_links: identity_links.collect(),
            email_links: self.exported_email_links(id).await?,
            invitations: self.exported_invitations(id).await?,
            audit_entries: self.exported_audit_entries(id).await?,
        }))
    }

    async fn exported_sessions(&self, user: UserId) -> Result<Vec<ExportedSession>, StorageError> {
        let sql = "SELECT id, user_agent, address, created_at, used_at, ended_at FROM sessions \
            WHERE user_id = $1 ORDER BY id DESC";
        let rows = all(&self.pool, sql, [user.0.into()]).await?;
        let rows = rows.iter().map(|row| {
            Ok(ExportedSession {
                id: SessionId(row.try_get("", "id")?),
                user_agent: row.try_get("", "user_agent")?,
                address: row.try_get("", "address")?,
                created_at: at(row, "created_at")?,
                used_at: at(row, "used_at")?,
                ended_at: maybe(row, "ended_at")?,
            })
        });
        rows.collect()
    }

    async fn exported_api_keys(&self, user: UserId) -> Result<Vec<ExportedApiKey>, StorageError> {
        let sql = "SELECT id, org_id, name, hint, scopes, created_at, expires_at, last_used_at, revoked_at FROM api_keys \
            WHERE user_id = $1 ORDER BY id DESC";
        let rows = all(&self.pool, sql, [user.0.into()]).await?;
        let rows = rows.iter().map(|row| {
            let scopes: String = row.try_get("", "scopes")?;
            Ok(ExportedApiKey {
                id: row.try_get("", "id")?,
                organization: org(row)?,
                name: row.try_get("", "name")?,
                hint: row.try_get("", "hint")?,
                scopes: from_json("the scopes of an API key", &scopes)?,
                created_at: at(row, "created_at")?,
                expires_at: maybe(row, "expires_at")?,
                last_used_at: maybe(row, "last_used_at")?,
                revoked_at: maybe(row, "revoked_at")?,
            })
        });
        rows.collect()
    }

    async fn exported_email_links(&self, user: UserId) -> Result<Vec<ExportedEmailLink>, StorageError> {
        let sql = "SELECT purpose, email, created_at, used_at FROM email_links WHERE user_id = $1 ORDER BY created_at DESC";
        let rows = all(&self.pool, sql, [user.0.into()]).await?;
        let rows = rows.iter().map(|row| {
            Ok(ExportedEmailLink {
                purpose: row.try_get("", "purpose")?,
                email: row.try_get("", "email")?,
                created_at: at(row, "created_at")?,
                used_at: maybe(row, "used_at")?,
            })
        });
        rows.collect()
    }

    async fn exported_invitations(&self, user: UserId) -> Result<Vec<ExportedInvitation>, StorageError> {
        let sql = "SELECT org_id, email, role, created_at, accepted_at FROM invitations \
            WHERE invited_by = $1 ORDER BY id DESC";
        let rows = all(&self.pool, sql, [user.0.into()]).await?;
        let rows = rows.iter().map(|row| {
            let role: String = row.try_get("", "role")?;
            Ok(ExportedInvitation {
                organization: org(row)?,
                email: row.try_get("", "email")?,
                role: super::organizations::role(&role)?,
                created_at: at(row, "created_at")?,
                accepted_at: maybe(row, "accepted_at")?,
            })
        });
        rows.collect()
    }

    async fn exported_audit_entries(&self, user: UserId) -> Result<Vec<ExportedAuditEntry>, StorageError> {
        let sql = "SELECT org_id, at, address, action, subject, details FROM audit_entries \
            WHERE actor = $1 ORDER BY at DESC, org_id, seq DESC";
        let rows = all(&self.pool, sql, [format!("user:{user}").into()]).await?;
        let rows = rows.iter().map(|row| {
            let details: String = row.try_get("", "details")?;
            Ok(ExportedAuditEntry {
                organization: org(row)?,
                at: at(row, "at")?,
                address: row.try_get("", "address")?,
                action: row.try_get("", "action")?,
                subject: row.try_get("", "subject")?,
                details: from_json("the details of an audit entry", &details)?,
            })
        });
        rows.collect()
    }
}
