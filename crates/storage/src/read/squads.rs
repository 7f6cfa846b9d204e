//! The squads that have worked here.

use crate::connect::Storage;
use crate::dialect::all;
use crate::error::StorageError;
use sea_orm::DbErr;
use squad_domain::ids::{OrgId, SquadId};
use uuid::Uuid;

/// A squad that has worked, or works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SquadRow {
    /// Its id.
    pub id: SquadId,
    /// Its name, as it was when it first worked.
    pub name: String,
}

impl Storage {
    /// The squads of an organization, by name.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn squads(&self, org: OrgId) -> Result<Vec<SquadRow>, StorageError> {
        let sql = "SELECT id, name FROM squads WHERE org_id = $1 ORDER BY name, id";
        let rows = all(&self.pool, sql, [org.0.into()]).await?;
        let rows = rows.iter().map(|row| {
            Ok(SquadRow { id: SquadId(row.try_get::<Uuid>("", "id")?), name: row.try_get("", "name")? })
        });
        Ok(rows.collect::<Result<_, DbErr>>()?)
    }
}
