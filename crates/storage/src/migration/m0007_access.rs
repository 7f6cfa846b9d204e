//! The rest of who may come in: second factors, API keys, invitations, sign-in through providers, and requests that come
//! twice.

use super::create;
use super::tenancy::protect;
use async_trait::async_trait;
use sea_orm::DbErr;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0007_access"
    }
}

const TABLES: &[&str] = &[
    // Not `org_id`: a session is a person's, and outlives the organization that it works in.
    "ALTER TABLE sessions ADD COLUMN current_org {uuid} REFERENCES organizations(id) ON DELETE SET NULL",
    "CREATE INDEX sessions_current_org ON sessions (current_org)",
    "CREATE TABLE user_totp (
        user_id {uuid} PRIMARY KEY REFERENCES users(id) ON DELETE CASCADE,
        secret_sealed text NOT NULL,
        confirmed_at {bigint},
        last_step {bigint},
        created_at {bigint} NOT NULL
    ) {table_options}",
    "CREATE TABLE recovery_codes (
        user_id {uuid} NOT NULL REFERENCES user_totp(user_id) ON DELETE CASCADE,
        hash text NOT NULL,
        used_at {bigint},
        PRIMARY KEY (user_id, hash)
    ) {table_options}",
    // A key goes with the membership: whoever comes back later does not find old ones alive.
    "CREATE TABLE api_keys (
        id {uuid} PRIMARY KEY,
        org_id {uuid} NOT NULL,
        user_id {uuid} NOT NULL,
        name text NOT NULL,
        hash text NOT NULL UNIQUE,
        hint text NOT NULL,
        scopes text NOT NULL,
        expires_at {bigint},
        last_used_at {bigint},
        created_at {bigint} NOT NULL,
        revoked_at {bigint},
        FOREIGN KEY (org_id, user_id) REFERENCES memberships(org_id, user_id) ON DELETE CASCADE
    ) {table_options}",
    "CREATE INDEX api_keys_member ON api_keys (org_id, user_id, id)",
    "CREATE TABLE invitations (
        id {uuid} PRIMARY KEY,
        org_id {uuid} NOT NULL REFERENCES organizations(id) ON DELETE CASCADE,
        email text NOT NULL,
        role text NOT NULL,
        hash text NOT NULL UNIQUE,
        invited_by {uuid} REFERENCES users(id) ON DELETE SET NULL,
        created_at {bigint} NOT NULL,
        expires_at {bigint} NOT NULL,
        accepted_at {bigint},
        revoked_at {bigint}
    ) {table_options}",
    "CREATE UNIQUE INDEX invitations_open ON invitations (org_id, email) WHERE accepted_at IS NULL AND revoked_at IS NULL",
    "CREATE INDEX invitations_inviter ON invitations (invited_by)",
    "CREATE TABLE identity_links (
        provider text NOT NULL,
        subject text NOT NULL,
        user_id {uuid} NOT NULL REFERENCES users(id) ON DELETE CASCADE,
        email text NOT NULL,
        created_at {bigint} NOT NULL,
        PRIMARY KEY (provider, subject)
    ) {table_options}",
    "CREATE INDEX identity_links_user ON identity_links (user_id)",
    "CREATE TABLE oidc_states (
        state_hash text PRIMARY KEY,
        provider text NOT NULL,
        nonce text NOT NULL,
        pkce_verifier_sealed text NOT NULL,
        redirect text NOT NULL,
        link_user {uuid} REFERENCES users(id) ON DELETE CASCADE,
        created_at {bigint} NOT NULL,
        expires_at {bigint} NOT NULL
    ) {table_options}",
    "CREATE INDEX oidc_states_user ON oidc_states (link_user)",
    "CREATE INDEX oidc_states_old ON oidc_states (expires_at)",
    "CREATE TABLE idempotency_keys (
        scope text NOT NULL,
        key text NOT NULL,
        fingerprint text NOT NULL,
        state text NOT NULL,
        attempt {bigint} NOT NULL,
        status {bigint},
        headers text,
        body text,
        started_at {bigint} NOT NULL,
        finished_at {bigint},
        PRIMARY KEY (scope, key)
    ) {table_options}",
    "CREATE INDEX idempotency_keys_old ON idempotency_keys (started_at)",
];

#[async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, TABLES).await?;
        protect(manager, &["api_keys", "invitations"]).await
    }
}
