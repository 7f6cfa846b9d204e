//! What leaves the house: webhooks of organizations, and mails that are not sent yet.

use super::create;
use super::tenancy::protect;
use async_trait::async_trait;
use sea_orm::DbErr;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0006_webhooks"
    }
}

const TABLES: &[&str] = &[
    "CREATE TABLE webhook_endpoints (
        id {uuid} PRIMARY KEY,
        org_id {uuid} NOT NULL,
        url text NOT NULL,
        description text NOT NULL,
        events text NOT NULL,
        active {bool} NOT NULL,
        secret_sealed text NOT NULL,
        old_secret_sealed text,
        old_until {bigint},
        version {bigint} NOT NULL,
        created_at {bigint} NOT NULL,
        updated_at {bigint} NOT NULL,
        disabled_reason text
    ) {table_options}",
    "CREATE INDEX webhook_endpoints_org ON webhook_endpoints (org_id, id)",
    "CREATE TABLE webhook_deliveries (
        id {uuid} PRIMARY KEY,
        org_id {uuid} NOT NULL,
        endpoint_id {uuid} NOT NULL REFERENCES webhook_endpoints(id) ON DELETE CASCADE,
        event text NOT NULL,
        payload text NOT NULL,
        state text NOT NULL,
        attempts {bigint} NOT NULL,
        last_status {bigint},
        last_error text,
        response_excerpt text NOT NULL,
        created_at {bigint} NOT NULL,
        updated_at {bigint} NOT NULL,
        next_at {bigint},
        redelivery_of {uuid}
    ) {table_options}",
    "CREATE INDEX webhook_deliveries_endpoint ON webhook_deliveries (endpoint_id, id)",
    "CREATE INDEX webhook_deliveries_org ON webhook_deliveries (org_id, id)",
    "CREATE INDEX webhook_deliveries_over ON webhook_deliveries (updated_at) WHERE state <> 'pending'",
    // A mail belongs to a person, not to an organization.
    "CREATE TABLE mails (
        id {uuid} PRIMARY KEY,
        to_address text NOT NULL,
        subject text NOT NULL,
        text text NOT NULL,
        created_at {bigint} NOT NULL,
        error text
    ) {table_options}",
    "CREATE INDEX mails_created ON mails (created_at)",
];

#[async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, TABLES).await?;
        protect(manager, &["webhook_endpoints", "webhook_deliveries"]).await
    }
}
