//! What a squad remembers of a repository, over all its executions.

use crate::connect::Storage;
use crate::convert::{from_json, text, timestamp};
use crate::entity::memory;
use crate::error::StorageError;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use squad_domain::Timestamp;
use squad_domain::ids::{ExecutionId, MemberName, SquadId};

/// Something that a member found worth keeping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// What.
    pub text: String,
    /// Under which words.
    pub tags: Vec<String>,
    /// When.
    pub at: Timestamp,
    /// In which execution.
    pub execution: ExecutionId,
    /// Who.
    pub member: MemberName,
    /// Of which repository.
    pub repository: String,
}

impl Storage {
    /// What the squad remembers of the repository, newest first, at most `limit`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn memories(
        &self,
        squad: SquadId,
        repository: &str,
        limit: u64,
    ) -> Result<Vec<Memory>, StorageError> {
        let rows = memory::Entity::find()
            .filter(memory::Column::SquadId.eq(squad.0))
            .filter(memory::Column::Repository.eq(text(repository)))
            .order_by_desc(memory::Column::At)
            .order_by_desc(memory::Column::Seq)
            .limit(limit)
            .all(&self.pool)
            .await?;
        rows.into_iter()
            .map(|row| {
                Ok(Memory {
                    text: row.text,
                    tags: from_json("the tags of a memory", &row.tags)?,
                    at: timestamp(row.at),
                    execution: ExecutionId(row.execution_id),
                    member: row.member.into(),
                    repository: row.repository,
                })
            })
            .collect()
    }
}
