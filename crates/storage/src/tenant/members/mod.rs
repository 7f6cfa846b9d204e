//! The members of squads. Each change of one makes a revision, and its version is the number of the newest.
//!
//! Changes of one squad's members come one after another: each holds the squad's row, looks at all members as they will
//! be, and is refused where they could not work together.

mod add;
mod change;
mod revisions;

pub use change::MemberChange;
pub use revisions::MemberRevision;

use super::Tenant;
use crate::convert::{count, from_json, number, text, timestamp, to_json};
use crate::dialect::{all, execute};
use crate::error::StorageError;
use sea_orm::{DatabaseTransaction, QueryResult};
use squad_domain::Timestamp;
use squad_domain::ids::{OrgId, SquadId};
use squad_domain::member::Member;
use squad_domain::squad::{Squad, SquadError};
use uuid::Uuid;

/// A member of a squad, as it is employed now.
#[derive(Debug, Clone, PartialEq)]
pub struct SquadMember {
    /// Its id, which it keeps whatever it is called.
    pub id: Uuid,
    /// Whose member it is.
    pub squad: SquadId,
    /// What it is, and what it may do.
    pub member: Member,
    /// Whether it works. One that does not keeps its name.
    pub active: bool,
    /// Its place among the members, ascending; there may be gaps.
    pub position: u64,
    /// The number of its newest revision, from 1.
    pub version: u64,
    /// When it was hired.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

const COLUMNS: &str = "id, squad_id, definition, active, position, version, created_at, updated_at";

fn member(row: &QueryResult) -> Result<SquadMember, StorageError> {
    Ok(SquadMember {
        id: row.try_get("", "id")?,
        squad: SquadId(row.try_get::<Uuid>("", "squad_id")?),
        member: definition(row)?,
        active: row.try_get("", "active")?,
        position: number(row.try_get("", "position")?),
        version: number(row.try_get("", "version")?),
        created_at: timestamp(row.try_get("", "created_at")?),
        updated_at: timestamp(row.try_get("", "updated_at")?),
    })
}

fn definition(row: &QueryResult) -> Result<Member, StorageError> {
    from_json("the definition of a member", &row.try_get::<String>("", "definition")?)
}

impl Tenant {
    /// All members of a squad in their order, those that do not work among them. None where there is no such squad.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn members(&self, squad: SquadId) -> Result<Vec<SquadMember>, StorageError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM squad_members WHERE org_id = $1 AND squad_id = $2 ORDER BY position, id"
        );
        self.all(&sql, [squad.0.into()]).await?.iter().map(member).collect()
    }

    /// A member of any squad of the organization.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn member(&self, id: Uuid) -> Result<Option<SquadMember>, StorageError> {
        let sql = format!("SELECT {COLUMNS} FROM squad_members WHERE org_id = $1 AND id = $2");
        self.one(&sql, [id.into()]).await?.as_ref().map(member).transpose()
    }
}

/// All members of a squad whose row the transaction holds.
async fn colleagues(
    transaction: &DatabaseTransaction,
    org: OrgId,
    squad: SquadId,
) -> Result<Vec<SquadMember>, StorageError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM squad_members WHERE org_id = $1 AND squad_id = $2 ORDER BY position, id"
    );
    all(transaction, &sql, [org.0.into(), squad.0.into()]).await?.iter().map(member).collect()
}

/// A name as it is compared.
fn key(member: &Member) -> String {
    text(member.name.as_str()).to_lowercase()
}

/// Whether somebody other than `id` has the name of `member`.
fn is_taken(colleagues: &[SquadMember], id: Uuid, member: &Member) -> bool {
    colleagues.iter().any(|other| other.id != id && key(&other.member) == key(member))
}

/// Whether these could work together.
fn check(id: SquadId, members: Vec<Member>) -> Result<(), SquadError> {
    Squad { id, name: String::new(), members }.check()
}

/// A member that is about to be hired.
pub(super) struct NewMember<'a> {
    pub(super) id: Uuid,
    pub(super) squad: SquadId,
    pub(super) member: &'a Member,
    pub(super) position: u64,
    pub(super) actor: &'a str,
    pub(super) note: &'a str,
}

/// Hires a member into a squad of the organization, with its first revision.
pub(super) async fn insert(
    transaction: &DatabaseTransaction,
    org: OrgId,
    new: &NewMember<'_>,
    at: i64,
) -> Result<SquadMember, StorageError> {
    let row = SquadMember {
        id: new.id,
        squad: new.squad,
        member: new.member.clone(),
        active: true,
        position: new.position,
        version: 1,
        created_at: timestamp(at),
        updated_at: timestamp(at),
    };
    execute(
        transaction,
        "INSERT INTO squad_members \
            (id, org_id, squad_id, name, name_key, definition, active, position, version, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)",
        [
            row.id.into(),
            org.0.into(),
            row.squad.0.into(),
            text(row.member.name.as_str()).into(),
            key(&row.member).into(),
            to_json(&row.member)?.into(),
            row.active.into(),
            count(row.position).into(),
            count(row.version).into(),
            at.into(),
        ],
    )
    .await?;
    revisions::insert(transaction, org, &row, new.actor, new.note, at).await?;
    Ok(row)
}
