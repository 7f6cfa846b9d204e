//! A member is changed, and a revision tells how.

use super::{COLUMNS, SquadMember, check, colleagues, is_taken, key, member as read, revisions};
use crate::convert::{count, text, timestamp, to_json};
use crate::dialect::{execute, one};
use crate::error::StorageError;
use crate::tenant::audit::Audit;
use crate::tenant::{Author, Tenant, TenantWrite, squads};
use async_trait::async_trait;
use sea_orm::DatabaseTransaction;
use serde_json::{Map, Value, json};
use squad_domain::ids::OrgId;
use squad_domain::member::Member;
use squad_domain::model::RoutingProfile;
use squad_domain::squad::SquadError;
use uuid::Uuid;

/// What came of hiring or changing a member.
#[derive(Debug, Clone, PartialEq)]
pub enum MemberChange {
    /// It was done; this is what the member is now.
    Done(SquadMember),
    /// The member is not at the version that the change was made for.
    Stale(SquadMember),
    /// There is no such squad, member or revision.
    NotFound,
    /// Another member of the squad has that name, if perhaps in other letters or out of work.
    NameTaken,
    /// The squad could not work with what the member would be.
    Refused(SquadError),
}

impl Tenant {
    /// Makes a member what `member` says, where it is at the version `expected`, if one is named. What changes nothing
    /// makes no revision; so it is with the other changes.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn update_member(
        &self,
        author: &Author,
        id: Uuid,
        expected: Option<u64>,
        member: Member,
        note: &str,
    ) -> Result<MemberChange, StorageError> {
        self.change_member(author, id, expected, What::Define(Box::new(member)), note).await
    }

    /// Lets a member work, or not.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn set_member_active(
        &self,
        author: &Author,
        id: Uuid,
        expected: Option<u64>,
        active: bool,
        note: &str,
    ) -> Result<MemberChange, StorageError> {
        self.change_member(author, id, expected, What::Active(active), note).await
    }

    /// Gives a member models of its own; `None`: those of its squad.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn swap_member_model(
        &self,
        author: &Author,
        id: Uuid,
        expected: Option<u64>,
        profile: Option<RoutingProfile>,
        note: &str,
    ) -> Result<MemberChange, StorageError> {
        self.change_member(author, id, expected, What::Profile(profile), note).await
    }

    /// Makes a member again what it was at a revision, by a new one. Whether it works stays as it is.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn roll_back_member(
        &self,
        author: &Author,
        id: Uuid,
        expected: Option<u64>,
        revision: u64,
        note: &str,
    ) -> Result<MemberChange, StorageError> {
        self.change_member(author, id, expected, What::RollBack(revision), note).await
    }

    async fn change_member(
        &self,
        author: &Author,
        id: Uuid,
        expected: Option<u64>,
        what: What,
        note: &str,
    ) -> Result<MemberChange, StorageError> {
        let write = Update { id, expected, what, actor: author.actor.clone(), note: note.to_owned() };
        Ok(self.write(author, write).await?.change)
    }
}

enum What {
    Define(Box<Member>),
    Profile(Option<RoutingProfile>),
    Active(bool),
    RollBack(u64),
}

impl What {
    const fn action(&self) -> &'static str {
        match self {
            Self::Define(_) => "squad_member.updated",
            Self::Profile(_) => "squad_member.model_swapped",
            Self::Active(true) => "squad_member.reactivated",
            Self::Active(false) => "squad_member.deactivated",
            Self::RollBack(_) => "squad_member.rolled_back",
        }
    }
}

struct Update {
    id: Uuid,
    expected: Option<u64>,
    what: What,
    actor: String,
    note: String,
}

struct Updated {
    change: MemberChange,
    /// What the member was before, where a revision was made.
    before: Option<Member>,
}

impl From<MemberChange> for Updated {
    fn from(change: MemberChange) -> Self {
        Self { change, before: None }
    }
}

impl Update {
    /// What the member becomes; `None` where there is no such revision.
    async fn next(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        old: &SquadMember,
    ) -> Result<Option<SquadMember>, StorageError> {
        let mut new = old.clone();
        match &self.what {
            What::Define(member) => new.member = (**member).clone(),
            What::Profile(profile) => new.member.profile.clone_from(profile),
            What::Active(active) => new.active = *active,
            What::RollBack(revision) => {
                let defined = revisions::defined(transaction, org, self.id, *revision).await?;
                let Some(member) = defined else { return Ok(None) };
                new.member = member;
            }
        }
        Ok(Some(new))
    }

    /// Stores what the member has become, and its revision.
    async fn store(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        new: &SquadMember,
        at: i64,
    ) -> Result<(), StorageError> {
        execute(
            transaction,
            "UPDATE squad_members SET name = $3, name_key = $4, definition = $5, active = $6, version = $7, \
                updated_at = $8 WHERE org_id = $1 AND id = $2",
            [
                org.0.into(),
                self.id.into(),
                text(new.member.name.as_str()).into(),
                key(&new.member).into(),
                to_json(&new.member)?.into(),
                new.active.into(),
                count(new.version).into(),
                at.into(),
            ],
        )
        .await?;
        revisions::insert(transaction, org, new, &self.actor, &self.note, at).await
    }
}

/// Whether the squad could work with what the member becomes. One that is out of work must stay fit to come back.
fn fits(colleagues: Vec<SquadMember>, old: &SquadMember, new: &SquadMember) -> Result<(), SquadError> {
    let leaves = old.active && !new.active;
    let working = colleagues.into_iter().filter_map(|other| {
        if other.id == new.id {
            (!leaves).then(|| new.member.clone())
        } else {
            other.active.then_some(other.member)
        }
    });
    check(new.squad, working.collect())
}

#[async_trait]
impl TenantWrite for Update {
    type Output = Updated;
    type Error = StorageError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        at: i64,
    ) -> Result<Updated, StorageError> {
        let find = format!("SELECT {COLUMNS} FROM squad_members WHERE org_id = $1 AND id = $2");
        let row = one(transaction, &find, [org.0.into(), self.id.into()]).await?;
        let Some(squad) = row.as_ref().map(read).transpose()?.map(|row| row.squad) else {
            return Ok(MemberChange::NotFound.into());
        };
        // Only what is read from here on is sure to stay.
        squads::lock(transaction, org, squad).await?;
        let colleagues = colleagues(transaction, org, squad).await?;
        let Some(old) = colleagues.iter().find(|row| row.id == self.id).cloned() else {
            return Ok(MemberChange::NotFound.into());
        };
        if self.expected.is_some_and(|expected| expected != old.version) {
            return Ok(MemberChange::Stale(old).into());
        }
        let Some(mut new) = self.next(transaction, org, &old).await? else {
            return Ok(MemberChange::NotFound.into());
        };
        if new == old {
            return Ok(MemberChange::Done(old).into());
        }
        if is_taken(&colleagues, self.id, &new.member) {
            return Ok(MemberChange::NameTaken.into());
        }
        if let Err(error) = fits(colleagues, &old, &new) {
            return Ok(MemberChange::Refused(error).into());
        }
        new.version += 1;
        new.updated_at = timestamp(at);
        self.store(transaction, org, &new, at).await?;
        Ok(Updated { change: MemberChange::Done(new), before: Some(old.member) })
    }

    fn audit(&self, output: &Updated) -> Option<Audit> {
        let (MemberChange::Done(row), Some(before)) = (&output.change, &output.before) else { return None };
        let mut details = json!({
            "squad": row.squad,
            "name": row.member.name,
            "version": row.version,
            "changed": differences(before, &row.member),
        });
        if let What::RollBack(revision) = self.what {
            details["to"] = revision.into();
        }
        Some(Audit::new(self.what.action(), self.id, details))
    }
}

/// The names of what differs. The domain lists a member's parts, not we.
fn differences(old: &Member, new: &Member) -> Vec<String> {
    let parts = |member: &Member| -> Map<String, Value> {
        serde_json::to_value(member).ok().and_then(|value| value.as_object().cloned()).unwrap_or_default()
    };
    let (old, new) = (parts(old), parts(new));
    let mut names: Vec<String> = old.keys().chain(new.keys()).cloned().collect();
    names.sort();
    names.dedup();
    names.retain(|name| old.get(name) != new.get(name));
    names
}
