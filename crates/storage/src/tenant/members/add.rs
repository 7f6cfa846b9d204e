//! A member is hired.

use super::{MemberChange, NewMember, check, colleagues, insert, is_taken};
use crate::error::StorageError;
use crate::tenant::audit::Audit;
use crate::tenant::{Author, Tenant, TenantWrite, squads};
use async_trait::async_trait;
use sea_orm::DatabaseTransaction;
use serde_json::json;
use squad_domain::ids::{OrgId, SquadId};
use squad_domain::member::Member;
use uuid::Uuid;

impl Tenant {
    /// Hires a member into a squad, after those that are there. Never stale.
    ///
    /// # Errors
    /// Where the database fails, also because the id is taken.
    pub async fn add_member(
        &self,
        author: &Author,
        squad: SquadId,
        id: Uuid,
        member: Member,
        note: &str,
    ) -> Result<MemberChange, StorageError> {
        let add = Add { squad, id, member, actor: author.actor.clone(), note: note.to_owned() };
        self.write(author, add).await
    }
}

struct Add {
    squad: SquadId,
    id: Uuid,
    member: Member,
    actor: String,
    note: String,
}

#[async_trait]
impl TenantWrite for Add {
    type Output = MemberChange;
    type Error = StorageError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        at: i64,
    ) -> Result<MemberChange, StorageError> {
        if squads::lock(transaction, org, self.squad).await?.is_none() {
            return Ok(MemberChange::NotFound);
        }
        let others = colleagues(transaction, org, self.squad).await?;
        if is_taken(&others, self.id, &self.member) {
            return Ok(MemberChange::NameTaken);
        }
        let position = others.last().map_or(0, |last| last.position + 1);
        let working = others.into_iter().filter(|other| other.active).map(|other| other.member);
        if let Err(error) = check(self.squad, working.chain([self.member.clone()]).collect()) {
            return Ok(MemberChange::Refused(error));
        }
        let new = NewMember {
            id: self.id,
            squad: self.squad,
            member: &self.member,
            position,
            actor: &self.actor,
            note: &self.note,
        };
        Ok(MemberChange::Done(insert(transaction, org, &new, at).await?))
    }

    fn audit(&self, output: &MemberChange) -> Option<Audit> {
        let MemberChange::Done(row) = output else { return None };
        let details = json!({ "squad": row.squad, "name": row.member.name, "role": row.member.role });
        Some(Audit::new("squad_member.added", row.id, details))
    }
}
