//! The tables, step by step. A migration that was released is never changed.

mod m0001_initial;
mod m0002_identity;
mod m0003_tenancy;
mod m0004_squads;
mod m0005_tasks;
mod m0006_webhooks;
mod m0007_access;
mod tenancy;

pub(crate) use tenancy::{TENANT_ROLE, TENANT_SETTING};

use crate::connect::{Storage, Writes};
use crate::dialect;
use crate::error::StorageError;
use crate::write::Write;
use async_trait::async_trait;
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbBackend, DbErr};
use sea_orm_migration::{MigrationTrait, MigratorTrait, SchemaManager};
use std::collections::HashSet;

/// Keeps two processes from migrating one Postgres database at once. Any number does, as long as all use it.
const POSTGRES_LOCK: i64 = 0x5351_5541_4400;

struct Migrator;

#[async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_initial::Migration),
            Box::new(m0002_identity::Migration),
            Box::new(m0003_tenancy::Migration),
            Box::new(m0004_squads::Migration),
            Box::new(m0005_tasks::Migration),
            Box::new(m0006_webhooks::Migration),
            Box::new(m0007_access::Migration),
        ]
    }
}

/// Makes tables and indexes. Types in braces are the dialect's.
async fn create(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    let types = dialect::of(manager.get_database_backend()).types;
    for statement in statements {
        let sql = types.iter().fold((*statement).to_owned(), |sql, (name, kind)| sql.replace(name, kind));
        manager.get_connection().execute_unprepared(&sql).await?;
    }
    Ok(())
}

struct Migrate;

#[async_trait]
impl Write for Migrate {
    type Output = ();
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<(), StorageError> {
        if transaction.get_database_backend() == DbBackend::Postgres {
            dialect::execute(transaction, "SELECT pg_advisory_xact_lock($1)", [POSTGRES_LOCK.into()]).await?;
        }
        Migrator::install(transaction).await?;
        let known = Migrator::migrations();
        let applied =
            dialect::all(transaction, "SELECT version FROM seaql_migrations ORDER BY version", []).await?;
        for row in applied {
            let version: String = row.try_get("", "version")?;
            if !known.iter().any(|migration| migration.name() == version) {
                return Err(StorageError::Newer { migration: version });
            }
        }
        Migrator::up(transaction, None).await?;
        Ok(())
    }
}

impl Storage {
    /// Brings the tables up to date, all or nothing. Does nothing where they are.
    ///
    /// # Errors
    /// [`StorageError::Newer`] where a newer version of the program made the database.
    pub async fn migrate(&self) -> Result<(), StorageError> {
        // Who only looks at what cannot be written must not have to.
        if !self.is_migrated().await {
            self.write(Migrate).await?;
        }
        if matches!(self.writes, Writes::Group(_)) {
            // Lets SQLite choose its plans by what is in the tables. Without it, they are slower.
            drop(dialect::execute(&self.pool, "PRAGMA optimize", []).await);
        }
        Ok(())
    }

    async fn is_migrated(&self) -> bool {
        let applied = dialect::all(&self.pool, "SELECT version FROM seaql_migrations", []).await;
        let versions: Result<HashSet<String>, _> =
            applied.unwrap_or_default().iter().map(|row| row.try_get("", "version")).collect();
        let known: HashSet<_> = Migrator::migrations().iter().map(|known| known.name().to_owned()).collect();
        versions.is_ok_and(|versions| versions == known)
    }
}
