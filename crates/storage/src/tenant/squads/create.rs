//! A squad is made.

use super::super::members::{NewMember, insert};
use super::{SquadDetails, SquadStatus, approval_slug};
use crate::convert::{amount, text, timestamp, to_json};
use crate::dialect::execute;
use crate::error::StorageError;
use crate::tenant::audit::Audit;
use crate::tenant::{Author, Tenant, TenantWrite};
use async_trait::async_trait;
use sea_orm::DatabaseTransaction;
use serde_json::json;
use squad_domain::ids::{OrgId, SquadId};
use squad_domain::member::Member;
use squad_domain::model::RoutingProfile;
use squad_domain::money::MicroUsd;
use squad_domain::squad::{ApprovalPolicy, Squad, SquadError};
use uuid::Uuid;

/// A squad that is about to be made.
#[derive(Debug, Clone)]
pub struct NewSquad {
    /// Its id.
    pub id: SquadId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Who is in it, each with an id of its own, in their order. May be empty: they are added later.
    pub members: Vec<(Uuid, Member)>,
    /// Models for members without any of their own.
    pub profile: Option<RoutingProfile>,
    /// When a person approves its plans.
    pub approval: Option<ApprovalPolicy>,
    /// What one of its executions may cost.
    pub budget: Option<MicroUsd>,
}

/// What came of making a squad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SquadCreation {
    /// It is there.
    Done(SquadDetails),
    /// The id is taken.
    Exists,
    /// Such members could not work together.
    Refused(SquadError),
}

impl Tenant {
    /// Makes a squad with its members. It is active.
    ///
    /// # Errors
    /// Where the database fails, also because the id of a member is taken.
    pub async fn create_squad(
        &self,
        author: &Author,
        squad: NewSquad,
    ) -> Result<SquadCreation, StorageError> {
        self.write(author, Create { squad, actor: author.actor.clone() }).await
    }
}

struct Create {
    squad: NewSquad,
    actor: String,
}

#[async_trait]
impl TenantWrite for Create {
    type Output = SquadCreation;
    type Error = StorageError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        at: i64,
    ) -> Result<SquadCreation, StorageError> {
        let new = &self.squad;
        let members = new.members.iter().map(|(_, member)| member.clone()).collect::<Vec<_>>();
        if !members.is_empty()
            && let Err(error) = (Squad { id: new.id, name: new.name.clone(), members }).check()
        {
            return Ok(SquadCreation::Refused(error));
        }
        let (name, description) = (text(&new.name), text(&new.description));
        let made = execute(
            transaction,
            "INSERT INTO squads (id, org_id, name, last_seq, description, status, profile, approval, \
                budget_per_execution, version, created_at, updated_at) \
             VALUES ($1, $2, $3, 0, $4, $5, $6, $7, $8, 1, $9, $9) ON CONFLICT (id) DO NOTHING",
            [
                new.id.0.into(),
                org.0.into(),
                name.as_str().into(),
                description.as_str().into(),
                SquadStatus::Active.slug().into(),
                new.profile.as_ref().map(to_json).transpose()?.into(),
                new.approval.map(approval_slug).transpose()?.into(),
                new.budget.map(amount).into(),
                at.into(),
            ],
        )
        .await?;
        if made == 0 {
            return Ok(SquadCreation::Exists);
        }
        for (position, (id, member)) in (0..).zip(&new.members) {
            let member = NewMember { id: *id, squad: new.id, member, position, actor: &self.actor, note: "" };
            insert(transaction, org, &member, at).await?;
        }
        Ok(SquadCreation::Done(SquadDetails {
            id: new.id,
            name,
            description,
            status: SquadStatus::Active,
            profile: new.profile.clone(),
            approval: new.approval,
            budget: new.budget,
            version: 1,
            created_at: timestamp(at),
            updated_at: timestamp(at),
        }))
    }

    fn audit(&self, output: &SquadCreation) -> Option<Audit> {
        let SquadCreation::Done(squad) = output else { return None };
        let members: Vec<_> = self.squad.members.iter().map(|(_, member)| &member.name).collect();
        Some(Audit::new("squad.created", squad.id, json!({ "name": squad.name, "members": members })))
    }
}
