//! A squad is deleted, as long as it has done nothing that would lose its name.

use super::lock;
use crate::dialect::{execute, one};
use crate::error::StorageError;
use crate::tenant::audit::Audit;
use crate::tenant::{Author, Tenant, TenantWrite};
use async_trait::async_trait;
use sea_orm::DatabaseTransaction;
use serde_json::json;
use squad_domain::ids::{OrgId, SquadId};

/// What came of deleting a squad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SquadDeletion {
    /// It is gone, with its members and their revisions.
    Done {
        /// What it was called.
        name: String,
    },
    /// It has executions, which are kept: archive it.
    HasExecutions,
    /// There is no such squad.
    NotFound,
}

impl Tenant {
    /// Deletes a squad that never had an execution.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn delete_squad(&self, author: &Author, id: SquadId) -> Result<SquadDeletion, StorageError> {
        self.write(author, Delete(id)).await
    }
}

struct Delete(SquadId);

#[async_trait]
impl TenantWrite for Delete {
    type Output = SquadDeletion;
    type Error = StorageError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        _at: i64,
    ) -> Result<SquadDeletion, StorageError> {
        let Some(squad) = lock(transaction, org, self.0).await? else { return Ok(SquadDeletion::NotFound) };
        let ids = || [org.0.into(), self.0.0.into()];
        let works = "SELECT 1 AS found FROM executions WHERE org_id = $1 AND squad_id = $2 LIMIT 1";
        if one(transaction, works, ids()).await?.is_some() {
            return Ok(SquadDeletion::HasExecutions);
        }
        for sql in [
            "DELETE FROM member_revisions WHERE org_id = $1 \
                AND member_id IN (SELECT id FROM squad_members WHERE org_id = $1 AND squad_id = $2)",
            "DELETE FROM squad_members WHERE org_id = $1 AND squad_id = $2",
            "DELETE FROM squads WHERE org_id = $1 AND id = $2",
        ] {
            execute(transaction, sql, ids()).await?;
        }
        Ok(SquadDeletion::Done { name: squad.name })
    }

    fn audit(&self, output: &SquadDeletion) -> Option<Audit> {
        let SquadDeletion::Done { name } = output else { return None };
        Some(Audit::new("squad.deleted", self.0, json!({ "name": name })))
    }
}
