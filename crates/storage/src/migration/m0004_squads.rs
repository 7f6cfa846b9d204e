//! Squads as people set them up, their members with every revision of each, and projects.

use super::create;
use super::tenancy::protect;
use async_trait::async_trait;
use sea_orm::DbErr;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0004_squads"
    }
}

/// A squad that the command line works with has a row as soon as it works, with nothing but its name: every further
/// column has a default.
const TABLES: &[&str] = &[
    "ALTER TABLE squads ADD COLUMN description text NOT NULL DEFAULT ''",
    "ALTER TABLE squads ADD COLUMN status text NOT NULL DEFAULT 'active'",
    "ALTER TABLE squads ADD COLUMN profile text",
    "ALTER TABLE squads ADD COLUMN approval text",
    "ALTER TABLE squads ADD COLUMN budget_per_execution {bigint}",
    "ALTER TABLE squads ADD COLUMN version {bigint} NOT NULL DEFAULT 1",
    "ALTER TABLE squads ADD COLUMN created_at {bigint} NOT NULL DEFAULT 0",
    "ALTER TABLE squads ADD COLUMN updated_at {bigint} NOT NULL DEFAULT 0",
    "CREATE INDEX squads_org ON squads (org_id, id)",
    "CREATE INDEX executions_squad ON executions (squad_id, created_at)",
    "CREATE TABLE squad_members (
        id {uuid} PRIMARY KEY,
        org_id {uuid} NOT NULL,
        squad_id {uuid} NOT NULL REFERENCES squads(id),
        name text NOT NULL,
        name_key text NOT NULL,
        definition text NOT NULL,
        active {bool} NOT NULL,
        position {bigint} NOT NULL,
        version {bigint} NOT NULL,
        created_at {bigint} NOT NULL,
        updated_at {bigint} NOT NULL
    ) {table_options}",
    // The key is the name in lower case, made by us: the databases know no letters but English ones.
    "CREATE UNIQUE INDEX squad_members_name ON squad_members (squad_id, name_key)",
    "CREATE TABLE member_revisions (
        member_id {uuid} NOT NULL REFERENCES squad_members(id),
        revision {bigint} NOT NULL,
        org_id {uuid} NOT NULL,
        at {bigint} NOT NULL,
        author text NOT NULL,
        definition text NOT NULL,
        active {bool} NOT NULL,
        note text NOT NULL,
        PRIMARY KEY (member_id, revision)
    ) {table_options}",
    "CREATE TABLE projects (
        id {uuid} PRIMARY KEY,
        org_id {uuid} NOT NULL,
        name text NOT NULL,
        description text NOT NULL,
        repository text NOT NULL,
        default_branch text,
        setup_command text,
        setup_hosts text NOT NULL,
        test_command text,
        credential_user text,
        credentials_sealed text,
        archived {bool} NOT NULL,
        version {bigint} NOT NULL,
        created_at {bigint} NOT NULL,
        updated_at {bigint} NOT NULL
    ) {table_options}",
    "CREATE INDEX projects_org ON projects (org_id, id)",
];

#[async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, TABLES).await?;
        protect(manager, &["squad_members", "member_revisions", "projects"]).await
    }
}
