//! What a member was, change by change.

use super::{SquadMember, definition};
use crate::convert::{count, number, text, timestamp, to_json};
use crate::dialect::{execute, one};
use crate::error::StorageError;
use crate::tenant::Tenant;
use sea_orm::{DatabaseTransaction, QueryResult};
use squad_domain::Timestamp;
use squad_domain::ids::OrgId;
use squad_domain::member::Member;
use uuid::Uuid;

/// A member after one of its changes.
#[derive(Debug, Clone, PartialEq)]
pub struct MemberRevision {
    /// Its number, from 1.
    pub revision: u64,
    /// When the change was made.
    pub at: Timestamp,
    /// Who made it: `user:<id>`, `api_key:<id>` or `system`.
    pub author: String,
    /// What the member has been since.
    pub member: Member,
    /// Whether it has worked since.
    pub active: bool,
    /// What the author says of the change; may be empty.
    pub note: String,
}

const COLUMNS: &str = "revision, at, author, definition, active, note";

fn revision(row: &QueryResult) -> Result<MemberRevision, StorageError> {
    Ok(MemberRevision {
        revision: number(row.try_get("", "revision")?),
        at: timestamp(row.try_get("", "at")?),
        author: row.try_get("", "author")?,
        member: definition(row)?,
        active: row.try_get("", "active")?,
        note: row.try_get("", "note")?,
    })
}

impl Tenant {
    /// At most `limit` revisions of a member, newest first, those before the revision `before` only.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn member_revisions(
        &self,
        member: Uuid,
        limit: u64,
        before: Option<u64>,
    ) -> Result<Vec<MemberRevision>, StorageError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM member_revisions WHERE org_id = $1 AND member_id = $2 AND revision < $3 \
             ORDER BY revision DESC LIMIT $4"
        );
        let before = before.map_or(i64::MAX, count);
        self.all(&sql, [member.into(), before.into(), count(limit).into()])
            .await?
            .iter()
            .map(revision)
            .collect()
    }

    /// One revision of a member.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn member_revision(
        &self,
        member: Uuid,
        number: u64,
    ) -> Result<Option<MemberRevision>, StorageError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM member_revisions WHERE org_id = $1 AND member_id = $2 AND revision = $3"
        );
        self.one(&sql, [member.into(), count(number).into()]).await?.as_ref().map(revision).transpose()
    }
}

/// What a member was at a revision.
pub(super) async fn defined(
    transaction: &DatabaseTransaction,
    org: OrgId,
    member: Uuid,
    number: u64,
) -> Result<Option<Member>, StorageError> {
    let sql =
        "SELECT definition FROM member_revisions WHERE org_id = $1 AND member_id = $2 AND revision = $3";
    let row = one(transaction, sql, [org.0.into(), member.into(), count(number).into()]).await?;
    row.as_ref().map(definition).transpose()
}

/// Notes what a member has become.
pub(super) async fn insert(
    transaction: &DatabaseTransaction,
    org: OrgId,
    row: &SquadMember,
    actor: &str,
    note: &str,
    at: i64,
) -> Result<(), StorageError> {
    execute(
        transaction,
        "INSERT INTO member_revisions (member_id, revision, org_id, at, author, definition, active, note) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        [
            row.id.into(),
            count(row.version).into(),
            org.0.into(),
            at.into(),
            text(actor).into(),
            to_json(&row.member)?.into(),
            row.active.into(),
            text(note).into(),
        ],
    )
    .await?;
    Ok(())
}
