//! The end of organizations and accounts.

use super::organizations::{lock, role};
use crate::connect::Storage;
use crate::convert::number;
use crate::dialect::{all, execute, one};
use crate::error::StorageError;
use crate::tenant::{Audit, Author, append};
use crate::write::Write;
use async_trait::async_trait;
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbBackend, DbErr, QueryResult};
use serde_json::json;
use squad_domain::execution::Status;
use squad_domain::ids::{OrgId, UserId};
use squad_domain::permission::OrgRole;
use std::collections::{BTreeMap, BTreeSet};

/// What came of deleting an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrganizationDeletion {
    /// It is gone. Its audit log stays.
    Done,
    /// There is none.
    NotFound,
    /// Work is under way there: so many executions have not ended.
    Busy(u64),
}

/// What came of deleting an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserDeletion {
    /// It is gone, and with it these organizations, in which nobody else was.
    Done(Vec<OrgId>),
    /// There is none.
    NotFound,
    /// These organizations would have no owner any more: id and name.
    OnlyOwner(Vec<(OrgId, String)>),
    /// Work is under way in these organizations, which would go with it: id and name.
    Busy(Vec<(OrgId, String)>),
}

impl Storage {
    /// Deletes an organization with everything in it; only its audit log stays. Who may do that, and that it is not the
    /// one in which the command line works, is for the caller to see to.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn delete_organization(
        &self,
        author: &Author,
        org: OrgId,
    ) -> Result<OrganizationDeletion, StorageError> {
        self.write(DeleteOrganization { author: author.clone(), org }).await
    }

    /// Deletes an account with its sessions, keys, links and memberships, and the organizations in which nobody else is.
    /// Refused while they are the only owner of one with other members, or of `local`, in which the command line works.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn delete_user(
        &self,
        author: &Author,
        user: UserId,
        local: OrgId,
    ) -> Result<UserDeletion, StorageError> {
        self.write(DeleteUser { author: author.clone(), user, local }).await
    }
}

struct DeleteOrganization {
    author: Author,
    org: OrgId,
}

#[async_trait]
impl Write for DeleteOrganization {
    type Output = OrganizationDeletion;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<Self::Output, StorageError> {
        if !lock(transaction, self.org).await? {
            return Ok(OrganizationDeletion::NotFound);
        }
        let busy = unfinished(transaction, self.org).await?;
        if busy > 0 {
            return Ok(OrganizationDeletion::Busy(busy));
        }
        delete(transaction, &self.author, self.org).await?;
        Ok(OrganizationDeletion::Done)
    }
}

struct DeleteUser {
    author: Author,
    user: UserId,
    local: OrgId,
}

#[async_trait]
impl Write for DeleteUser {
    type Output = UserDeletion;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<UserDeletion, StorageError> {
        if !super::users::lock(transaction, self.user).await? {
            return Ok(UserDeletion::NotFound);
        }
        let (mut ownerless, mut busy, mut left, mut gone) = (vec![], vec![], vec![], vec![]);
        for org in super::sign_ins::organizations(transaction, self.user).await? {
            lock(transaction, org).await?;
            let Some((name, own, others, owners)) = place(transaction, org, self.user).await? else {
                continue;
            };
            let only = own == OrgRole::Owner && owners == 0;
            if only && (others > 0 || org == self.local) {
                ownerless.push((org, name));
            } else if others > 0 || org == self.local {
                left.push(org);
            } else if unfinished(transaction, org).await? > 0 {
                busy.push((org, name));
            } else {
                gone.push(org);
            }
        }
        if !ownerless.is_empty() {
            return Ok(UserDeletion::OnlyOwner(ownerless));
        }
        if !busy.is_empty() {
            return Ok(UserDeletion::Busy(busy));
        }
        for org in &left {
            let audit = Audit::new("member.deleted_account", self.user, json!({}));
            append(transaction, *org, &self.author, audit).await?;
        }
        for org in &gone {
            delete(transaction, &self.author, *org).await?;
        }
        // Sessions, memberships with their keys, links and second factors go with it.
        let sql = "DELETE FROM users WHERE id = $1";
        execute(transaction, sql, [self.user.0.into()]).await?;
        Ok(UserDeletion::Done(gone))
    }
}

/// The name of an organization, what somebody is there, how many others are there, and how many of those are owners.
async fn place(
    transaction: &DatabaseTransaction,
    org: OrgId,
    user: UserId,
) -> Result<Option<(String, OrgRole, u64, u64)>, StorageError> {
    let sql = "SELECT o.name, m.role, \
            (SELECT count(*) FROM memberships x WHERE x.org_id = o.id AND x.user_id <> $2) AS others, \
            (SELECT count(*) FROM memberships x WHERE x.org_id = o.id AND x.user_id <> $2 AND x.role = $3) AS owners \
        FROM organizations o JOIN memberships m ON m.org_id = o.id WHERE o.id = $1 AND m.user_id = $2";
    let values = [org.0.into(), user.0.into(), OrgRole::Owner.slug().into()];
    let Some(row) = one(transaction, sql, values).await? else { return Ok(None) };
    let own: String = row.try_get("", "role")?;
    let count = |column: &str| Ok::<_, DbErr>(number(row.try_get("", column)?));
    Ok(Some((row.try_get("", "name")?, role(&own)?, count("others")?, count("owners")?)))
}

/// How many executions of an organization have not ended.
async fn unfinished(transaction: &DatabaseTransaction, org: OrgId) -> Result<u64, DbErr> {
    let ended: Vec<_> = Status::ALL.iter().filter(|status| status.is_terminal()).collect();
    let places: Vec<_> = (2..ended.len() + 2).map(|place| format!("${place}")).collect();
    let sql = format!(
        "SELECT count(*) AS n FROM executions WHERE org_id = $1 AND status NOT IN ({})",
        places.join(", ")
    );
    let values = std::iter::once(org.0.into()).chain(ended.iter().map(|status| status.slug().into()));
    let row = one(transaction, &sql, values).await?;
    row.map_or(Ok(0), |row| row.try_get("", "n").map(number))
}

/// What stays of an organization: its log, in which its end is the last entry.
const STAYS: &[&str] = &["audit_entries", "audit_heads"];

/// Tables with a column `org_id`, and for each the tables that its rows point to. Asked of the database, so that nobody
/// who adds a table can forget it here.
const TABLES_ON_POSTGRES: &str = "SELECT t.relname::text AS name, parent.relname::text AS parent FROM pg_class t \
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = 'org_id' AND NOT a.attisdropped \
    LEFT JOIN pg_constraint f ON f.conrelid = t.oid AND f.contype = 'f' \
    LEFT JOIN pg_class parent ON parent.oid = f.confrelid \
    WHERE t.relkind = 'r' AND t.relnamespace = 'public'::regnamespace";
const TABLES_ON_SQLITE: &str = "SELECT t.name AS name, f.\"table\" AS parent FROM sqlite_schema t \
    JOIN pragma_table_info(t.name) c ON c.name = 'org_id' LEFT JOIN pragma_foreign_key_list(t.name) f ON true \
    WHERE t.type = 'table'";

/// Deletes every row of an organization, within a transaction that holds it.
async fn delete(transaction: &DatabaseTransaction, author: &Author, org: OrgId) -> Result<(), StorageError> {
    let name = "SELECT name FROM organizations WHERE id = $1";
    let name = one(transaction, name, [org.0.into()]).await?;
    let name = name.map(|row| row.try_get::<String>("", "name")).transpose()?;
    let tables = match transaction.get_database_backend() {
        DbBackend::Postgres => TABLES_ON_POSTGRES,
        _ => TABLES_ON_SQLITE,
    };
    for table in children_first(&all(transaction, tables, []).await?)? {
        if !STAYS.contains(&table.as_str()) {
            let sql = format!("DELETE FROM \"{table}\" WHERE org_id = $1");
            execute(transaction, &sql, [org.0.into()]).await?;
        }
    }
    execute(transaction, "DELETE FROM organizations WHERE id = $1", [org.0.into()]).await?;
    let audit = Audit::new("organization.deleted", org, json!({ "name": name }));
    append(transaction, org, author, audit).await?;
    Ok(())
}

/// The tables in an order in which no row is deleted that another one still points to.
fn children_first(rows: &[QueryResult]) -> Result<Vec<String>, DbErr> {
    let mut parents: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in rows {
        let name: String = row.try_get("", "name")?;
        let parent: Option<String> = row.try_get("", "parent")?;
        let own = parents.entry(name.clone()).or_default();
        own.extend(parent.filter(|parent| *parent != name));
    }
    let mut order = Vec::with_capacity(parents.len());
    while !parents.is_empty() {
        let pointed: BTreeSet<&String> = parents.values().flatten().collect();
        let free = parents.keys().find(|table| !pointed.contains(table));
        // Tables that point to each other in a circle have no such order; the database then says which.
        let Some(next) = free.or_else(|| parents.keys().next()).cloned() else { break };
        parents.remove(&next);
        order.push(next);
    }
    Ok(order)
}
