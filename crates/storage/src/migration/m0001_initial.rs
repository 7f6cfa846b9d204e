//! The first tables.

use super::create;
use async_trait::async_trait;
use sea_orm::DbErr;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0001_initial"
    }
}

/// Moments are microseconds since 1970, UTC; money is micro-dollars.
const TABLES: &[&str] = &[
    "CREATE TABLE squads (
        id {uuid} PRIMARY KEY,
        org_id {uuid} NOT NULL,
        name text NOT NULL,
        last_seq {bigint} NOT NULL
    ) {table_options}",
    "CREATE TABLE executions (
        id {uuid} PRIMARY KEY,
        short_id text NOT NULL,
        org_id {uuid} NOT NULL,
        squad_id {uuid} NOT NULL REFERENCES squads(id),
        title text NOT NULL,
        repository text NOT NULL,
        branch text,
        status text NOT NULL,
        reason text NOT NULL,
        paused {bool} NOT NULL,
        cost {bigint} NOT NULL,
        last_seq {bigint} NOT NULL,
        created_at {bigint} NOT NULL,
        updated_at {bigint} NOT NULL,
        runnable {bool} NOT NULL,
        served_at {bigint} NOT NULL,
        lease_owner text,
        lease_until {bigint},
        lease_reclaimed {bool} NOT NULL,
        fence {bigint} NOT NULL
    ) {table_options}",
    "CREATE INDEX executions_waiting ON executions (served_at, id) WHERE runnable",
    "CREATE INDEX executions_short ON executions (short_id)",
    "CREATE INDEX executions_newest ON executions (created_at, id)",
    "CREATE TABLE events (
        execution_id {uuid} NOT NULL REFERENCES executions(id),
        seq {bigint} NOT NULL,
        org_id {uuid} NOT NULL,
        squad_id {uuid} NOT NULL REFERENCES squads(id),
        squad_seq {bigint} NOT NULL,
        at {bigint} NOT NULL,
        actor text NOT NULL,
        kind text NOT NULL,
        payload {json} NOT NULL,
        PRIMARY KEY (execution_id, seq)
    ) {table_options}",
    "CREATE UNIQUE INDEX events_squad ON events (squad_id, squad_seq)",
    "CREATE TABLE lanes (
        execution_id {uuid} NOT NULL REFERENCES executions(id),
        lane text NOT NULL,
        org_id {uuid} NOT NULL,
        member text NOT NULL,
        duty text NOT NULL,
        PRIMARY KEY (execution_id, lane)
    ) {table_options}",
    "CREATE TABLE questions (
        execution_id {uuid} NOT NULL REFERENCES executions(id),
        question text NOT NULL,
        org_id {uuid} NOT NULL,
        asked_at {bigint} NOT NULL,
        payload text NOT NULL,
        answered_at {bigint},
        answered_by text,
        PRIMARY KEY (execution_id, question)
    ) {table_options}",
    "CREATE TABLE agent_messages (
        execution_id {uuid} NOT NULL REFERENCES executions(id),
        seq {bigint} NOT NULL,
        org_id {uuid} NOT NULL,
        squad_id {uuid} NOT NULL,
        at {bigint} NOT NULL,
        sender text NOT NULL,
        recipient text NOT NULL,
        kind text NOT NULL,
        content text NOT NULL,
        PRIMARY KEY (execution_id, seq)
    ) {table_options}",
    "CREATE TABLE model_calls (
        execution_id {uuid} NOT NULL REFERENCES executions(id),
        step text NOT NULL,
        org_id {uuid} NOT NULL,
        squad_id {uuid} NOT NULL,
        lane text NOT NULL,
        member text NOT NULL,
        purpose text NOT NULL,
        model_asked text NOT NULL,
        model_used text,
        outcome text NOT NULL,
        error text,
        started_at {bigint} NOT NULL,
        finished_at {bigint},
        reserved {bigint} NOT NULL,
        cost {bigint} NOT NULL,
        input_tokens {bigint} NOT NULL,
        cached_input_tokens {bigint} NOT NULL,
        cache_write_tokens {bigint} NOT NULL,
        output_tokens {bigint} NOT NULL,
        reasoning_tokens {bigint} NOT NULL,
        estimated {bool} NOT NULL,
        attempts {bigint} NOT NULL,
        latency_ms {bigint},
        first_token_ms {bigint},
        PRIMARY KEY (execution_id, step)
    ) {table_options}",
    "CREATE TABLE memories (
        execution_id {uuid} NOT NULL REFERENCES executions(id),
        seq {bigint} NOT NULL,
        org_id {uuid} NOT NULL,
        squad_id {uuid} NOT NULL,
        repository text NOT NULL,
        member text NOT NULL,
        at {bigint} NOT NULL,
        text text NOT NULL,
        tags text NOT NULL,
        PRIMARY KEY (execution_id, seq)
    ) {table_options}",
    "CREATE INDEX memories_scope ON memories (squad_id, repository, at)",
    "CREATE TABLE budgets (
        scope text PRIMARY KEY,
        org_id {uuid} NOT NULL,
        execution_id {uuid} REFERENCES executions(id),
        member text,
        limit_amount {bigint},
        spent {bigint} NOT NULL,
        reserved {bigint} NOT NULL
    ) {table_options}",
    "CREATE INDEX budgets_execution ON budgets (execution_id)",
    "CREATE TABLE jobs (
        id {serial},
        org_id {uuid} NOT NULL,
        name text NOT NULL,
        key text,
        payload text NOT NULL,
        attempts {bigint} NOT NULL,
        run_at {bigint} NOT NULL,
        locked_by text,
        locked_until {bigint},
        dead_at {bigint},
        last_error text
    ) {table_options}",
    "CREATE UNIQUE INDEX jobs_key ON jobs (name, key)",
    "CREATE INDEX jobs_due ON jobs (run_at, id) WHERE dead_at IS NULL",
];

#[async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, TABLES).await
    }
}
