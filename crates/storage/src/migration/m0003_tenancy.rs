//! The second wall between organizations, their audit logs, and one stream of events for each.

use super::create;
use super::tenancy::{append_only, organizations, protect, role};
use async_trait::async_trait;
use sea_orm::DbErr;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0003_tenancy"
    }
}

const TABLES: &[&str] = &[
    "CREATE TABLE org_streams (
        org_id {uuid} PRIMARY KEY,
        last_seq {bigint} NOT NULL
    ) {table_options}",
    "ALTER TABLE events ADD COLUMN org_seq {bigint} NOT NULL DEFAULT 0",
    "UPDATE events SET org_seq = numbered.org_seq FROM (
        SELECT execution_id, seq, row_number() OVER (PARTITION BY org_id ORDER BY at, execution_id, seq) AS org_seq FROM events
    ) AS numbered WHERE events.execution_id = numbered.execution_id AND events.seq = numbered.seq",
    "INSERT INTO org_streams (org_id, last_seq) SELECT org_id, count(*) FROM events GROUP BY org_id",
    "CREATE UNIQUE INDEX events_org ON events (org_id, org_seq)",
    "CREATE TABLE audit_entries (
        org_id {uuid} NOT NULL,
        seq {bigint} NOT NULL,
        at {bigint} NOT NULL,
        actor text NOT NULL,
        address text NOT NULL,
        action text NOT NULL,
        subject text NOT NULL,
        details text NOT NULL,
        hash text NOT NULL,
        PRIMARY KEY (org_id, seq)
    ) {table_options}",
    "CREATE TABLE audit_heads (
        org_id {uuid} PRIMARY KEY,
        last_seq {bigint} NOT NULL,
        hash text NOT NULL
    ) {table_options}",
];

/// Everything so far that belongs to one organization.
const PROTECTED: &[&str] = &[
    "squads",
    "executions",
    "events",
    "lanes",
    "questions",
    "agent_messages",
    "model_calls",
    "memories",
    "budgets",
    "jobs",
    "org_streams",
    "audit_heads",
    "memberships",
];

#[async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, TABLES).await?;
        role(manager).await?;
        protect(manager, PROTECTED).await?;
        append_only(manager, "audit_entries").await?;
        organizations(manager).await
    }
}
