//! The task board, and what people think of what was done.

use super::create;
use super::tenancy::protect;
use async_trait::async_trait;
use sea_orm::DbErr;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0005_tasks"
    }
}

/// What a task points to may go away without it; what belongs to a task goes with it. Only an execution holds its task.
const TABLES: &[&str] = &[
    "CREATE TABLE task_boards (
        org_id {uuid} PRIMARY KEY,
        last_number {bigint} NOT NULL
    ) {table_options}",
    "CREATE TABLE tasks (
        id {uuid} PRIMARY KEY,
        org_id {uuid} NOT NULL,
        number {bigint} NOT NULL,
        project_id {uuid} REFERENCES projects(id) ON DELETE SET NULL,
        squad_id {uuid} REFERENCES squads(id) ON DELETE SET NULL,
        title text NOT NULL,
        description text NOT NULL,
        state text NOT NULL,
        priority text NOT NULL,
        place {bigint} NOT NULL,
        assignee_user {uuid} REFERENCES users(id) ON DELETE SET NULL,
        assignee_member {uuid} REFERENCES squad_members(id) ON DELETE SET NULL,
        external_id text,
        external_url text,
        due_at {bigint},
        created_by text NOT NULL,
        version {bigint} NOT NULL,
        created_at {bigint} NOT NULL,
        updated_at {bigint} NOT NULL,
        archived_at {bigint},
        CHECK (assignee_user IS NULL OR assignee_member IS NULL)
    ) {table_options}",
    "CREATE UNIQUE INDEX tasks_number ON tasks (org_id, number)",
    "CREATE UNIQUE INDEX tasks_external ON tasks (org_id, external_id) WHERE external_id IS NOT NULL",
    "CREATE INDEX tasks_newest ON tasks (org_id, id)",
    "CREATE INDEX tasks_board ON tasks (org_id, state, place)",
    "CREATE INDEX tasks_project ON tasks (project_id)",
    "CREATE INDEX tasks_squad ON tasks (squad_id)",
    "CREATE INDEX tasks_assignee_user ON tasks (assignee_user)",
    "CREATE INDEX tasks_assignee_member ON tasks (assignee_member)",
    "CREATE TABLE task_labels (
        task_id {uuid} NOT NULL REFERENCES tasks(id) ON DELETE CASCADE,
        label text NOT NULL,
        org_id {uuid} NOT NULL,
        PRIMARY KEY (task_id, label)
    ) {table_options}",
    "CREATE INDEX task_labels_used ON task_labels (org_id, label)",
    "CREATE TABLE task_dependencies (
        task_id {uuid} NOT NULL REFERENCES tasks(id) ON DELETE CASCADE,
        depends_on {uuid} NOT NULL REFERENCES tasks(id) ON DELETE CASCADE,
        org_id {uuid} NOT NULL,
        PRIMARY KEY (task_id, depends_on)
    ) {table_options}",
    "CREATE INDEX task_dependencies_back ON task_dependencies (depends_on)",
    "CREATE TABLE task_comments (
        id {uuid} PRIMARY KEY,
        org_id {uuid} NOT NULL,
        task_id {uuid} NOT NULL REFERENCES tasks(id) ON DELETE CASCADE,
        author text NOT NULL,
        body text NOT NULL,
        created_at {bigint} NOT NULL,
        updated_at {bigint} NOT NULL
    ) {table_options}",
    "CREATE INDEX task_comments_task ON task_comments (task_id, id)",
    // The content comes last: SQLite reads what is before it without touching it.
    "CREATE TABLE task_attachments (
        id {uuid} PRIMARY KEY,
        org_id {uuid} NOT NULL,
        task_id {uuid} NOT NULL REFERENCES tasks(id) ON DELETE CASCADE,
        name text NOT NULL,
        media_type text NOT NULL,
        size {bigint} NOT NULL,
        sha256 text NOT NULL,
        author text NOT NULL,
        created_at {bigint} NOT NULL,
        content {bytes} NOT NULL
    ) {table_options}",
    "CREATE INDEX task_attachments_task ON task_attachments (task_id, id)",
    "ALTER TABLE executions ADD COLUMN task_id {uuid} REFERENCES tasks(id)",
    "CREATE INDEX executions_task ON executions (task_id) WHERE task_id IS NOT NULL",
    // A member without a name stands for the whole squad: unlike NULL, it takes part in what is unique.
    "CREATE TABLE feedback (
        id {uuid} PRIMARY KEY,
        org_id {uuid} NOT NULL,
        execution_id {uuid} NOT NULL REFERENCES executions(id),
        member text NOT NULL,
        author text NOT NULL,
        rating {bigint} NOT NULL CHECK (rating BETWEEN 1 AND 5),
        comment text NOT NULL,
        version {bigint} NOT NULL,
        created_at {bigint} NOT NULL,
        updated_at {bigint} NOT NULL
    ) {table_options}",
    "CREATE UNIQUE INDEX feedback_given ON feedback (execution_id, author, member)",
    "CREATE INDEX agent_messages_newest ON agent_messages (org_id, at, execution_id, seq)",
    "CREATE INDEX agent_messages_squad ON agent_messages (squad_id, at, execution_id, seq)",
];

const PROTECTED: &[&str] = &[
    "task_boards",
    "tasks",
    "task_labels",
    "task_dependencies",
    "task_comments",
    "task_attachments",
    "feedback",
];

#[async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, TABLES).await?;
        protect(manager, PROTECTED).await
    }
}
