//! Row-level security on Postgres: queries of an organization run as a role that owns nothing, and that sees only the rows
//! of the organization that its transaction names. Whoever forgets to name one sees no row at all. SQLite has neither
//! roles nor policies; there, the condition in each statement is the only wall.

use sea_orm::{ConnectionTrait as _, DbBackend, DbErr};
use sea_orm_migration::SchemaManager;

/// Who queries of organizations run as. A role is the server's, not the database's: databases on one server share it.
pub(crate) const TENANT_ROLE: &str = "squad_tenant";
/// The setting of a transaction that names its organization.
pub(crate) const TENANT_SETTING: &str = "squad.org";

/// Makes the role where it is missing, and lets this user take it.
pub(super) async fn role(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    if connection.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    // Two databases on one server may be migrated at once.
    let make = format!(
        "DO $$ BEGIN \
            IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{TENANT_ROLE}') THEN CREATE ROLE {TENANT_ROLE} NOLOGIN; END IF; \
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; \
            WHEN insufficient_privilege THEN RAISE EXCEPTION 'this user may not make the role {TENANT_ROLE}; let an administrator run: \
CREATE ROLE {TENANT_ROLE} NOLOGIN; GRANT {TENANT_ROLE} TO %', current_user; END $$"
    );
    connection.execute_unprepared(&make).await?;
    let join = format!(
        "DO $$ BEGIN IF NOT pg_has_role(current_user, '{TENANT_ROLE}', 'MEMBER') THEN \
            EXECUTE format('GRANT {TENANT_ROLE} TO %I', current_user); END IF; \
        EXCEPTION WHEN insufficient_privilege THEN RAISE EXCEPTION 'this user may not act as {TENANT_ROLE}; let an administrator run: \
GRANT {TENANT_ROLE} TO %', current_user; END $$"
    );
    connection.execute_unprepared(&join).await?;
    connection.execute_unprepared(&format!("GRANT USAGE ON SCHEMA public TO {TENANT_ROLE}")).await?;
    Ok(())
}

/// Puts tables with a column `org_id` behind the second wall. Every table of tenants goes through here.
pub(super) async fn protect(manager: &SchemaManager<'_>, tables: &[&str]) -> Result<(), DbErr> {
    wall(manager, tables, "SELECT, INSERT, UPDATE, DELETE").await
}

/// As [`protect`], for a table to which rows are added and nothing else: on both databases, for everybody.
pub(super) async fn append_only(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    wall(manager, &[table], "SELECT, INSERT").await?;
    let connection = manager.get_connection();
    let statements = if connection.get_database_backend() == DbBackend::Postgres {
        vec![
            format!(
                "CREATE FUNCTION {table}_stays() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
            ),
            format!(
                "CREATE TRIGGER {table}_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} \
                 FOR EACH STATEMENT EXECUTE FUNCTION {table}_stays()"
            ),
        ]
    } else {
        ["UPDATE", "DELETE"]
            .map(|change| {
                format!(
                    "CREATE TRIGGER {table}_stays_{change} BEFORE {change} ON {table} \
                     BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
            })
            .to_vec()
    };
    for statement in statements {
        connection.execute_unprepared(&statement).await?;
    }
    Ok(())
}

/// An organization names itself by another column, and shows of accounts those that are its members.
pub(super) async fn organizations(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    if connection.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let own = format!("(SELECT nullif(current_setting('{TENANT_SETTING}', true), '')::uuid)");
    for statement in [
        "ALTER TABLE organizations ENABLE ROW LEVEL SECURITY".to_owned(),
        format!("CREATE POLICY tenant ON organizations TO {TENANT_ROLE} USING (id = {own})"),
        format!("GRANT SELECT, UPDATE ON organizations TO {TENANT_ROLE}"),
        "ALTER TABLE users ENABLE ROW LEVEL SECURITY".to_owned(),
        format!(
            "CREATE POLICY tenant ON users TO {TENANT_ROLE} \
             USING (EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = users.id AND m.org_id = {own}))"
        ),
        // What it takes to sign in is none of an organization's business.
        format!("GRANT SELECT (id, email, name) ON users TO {TENANT_ROLE}"),
    ] {
        connection.execute_unprepared(&statement).await?;
    }
    Ok(())
}

async fn wall(manager: &SchemaManager<'_>, tables: &[&str], rights: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    if connection.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    // The subquery is looked up once for a statement, not for every row.
    let own = format!("org_id = (SELECT nullif(current_setting('{TENANT_SETTING}', true), '')::uuid)");
    for table in tables {
        for statement in [
            format!("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"),
            format!("CREATE POLICY tenant ON {table} TO {TENANT_ROLE} USING ({own}) WITH CHECK ({own})"),
            format!("GRANT {rights} ON {table} TO {TENANT_ROLE}"),
        ] {
            connection.execute_unprepared(&statement).await?;
        }
    }
    connection
        .execute_unprepared(&format!("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {TENANT_ROLE}"))
        .await?;
    Ok(())
}
