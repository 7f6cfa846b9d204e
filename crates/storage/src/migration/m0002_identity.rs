//! Who people are: accounts, organizations, sessions.

use super::create;
use async_trait::async_trait;
use sea_orm::DbErr;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0002_identity"
    }
}

const TABLES: &[&str] = &[
    "CREATE TABLE users (
        id {uuid} PRIMARY KEY,
        email text NOT NULL UNIQUE,
        name text NOT NULL,
        password_hash text,
        email_verified_at {bigint},
        created_at {bigint} NOT NULL,
        updated_at {bigint} NOT NULL
    ) {table_options}",
    "CREATE TABLE organizations (
        id {uuid} PRIMARY KEY,
        name text NOT NULL,
        created_at {bigint} NOT NULL,
        updated_at {bigint} NOT NULL
    ) {table_options}",
    "CREATE TABLE memberships (
        org_id {uuid} NOT NULL REFERENCES organizations(id) ON DELETE CASCADE,
        user_id {uuid} NOT NULL REFERENCES users(id) ON DELETE CASCADE,
        role text NOT NULL,
        created_at {bigint} NOT NULL,
        PRIMARY KEY (org_id, user_id)
    ) {table_options}",
    "CREATE INDEX memberships_user ON memberships (user_id)",
    "CREATE TABLE sessions (
        id {uuid} PRIMARY KEY,
        user_id {uuid} NOT NULL REFERENCES users(id) ON DELETE CASCADE,
        user_agent text NOT NULL,
        address text NOT NULL,
        created_at {bigint} NOT NULL,
        used_at {bigint} NOT NULL,
        expires_at {bigint} NOT NULL,
        ended_at {bigint},
        ended_by text
    ) {table_options}",
    "CREATE INDEX sessions_user ON sessions (user_id)",
    "CREATE TABLE refresh_tokens (
        hash text PRIMARY KEY,
        session_id {uuid} NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
        issued_at {bigint} NOT NULL,
        used_at {bigint}
    ) {table_options}",
    "CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id)",
    "CREATE TABLE email_links (
        hash text PRIMARY KEY,
        user_id {uuid} NOT NULL REFERENCES users(id) ON DELETE CASCADE,
        purpose text NOT NULL,
        email text NOT NULL,
        created_at {bigint} NOT NULL,
        expires_at {bigint} NOT NULL,
        used_at {bigint}
    ) {table_options}",
    "CREATE INDEX email_links_user ON email_links (user_id)",
    "CREATE TABLE login_failures (
        subject text PRIMARY KEY,
        failures {bigint} NOT NULL,
        failed_at {bigint} NOT NULL
    ) {table_options}",
    "CREATE TABLE signing_keys (
        kid text PRIMARY KEY,
        sealed text NOT NULL,
        created_at {bigint} NOT NULL,
        retired_at {bigint}
    ) {table_options}",
];

#[async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, TABLES).await
    }
}
