//! The statements that are hot or that differ, side by side. Placeholders are `$1`, `$2`, … on both.

mod postgres;
mod sqlite;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, Value};

/// Hand-written SQL of one backend.
pub(crate) struct Dialect {
    /// Reads the row that guards an append, and keeps others from changing it. `$1` execution.
    pub lock_execution: &'static str,
    /// Claims the runnable execution that has waited longest. `$1` worker, `$2` until, `$3` now.
    pub claim: &'static str,
    /// How a JSON parameter is written into its column, around its placeholder.
    pub json_parameter: (&'static str, &'static str),
    /// Takes due jobs. `$1` worker, `$2` until, `$3` now, `$4` how many.
    pub take_jobs: &'static str,
    /// Column types of the migrations: placeholder and type.
    pub types: &'static [(&'static str, &'static str)],
}

/// The dialect of a connection.
pub(crate) fn of(backend: DbBackend) -> &'static Dialect {
    match backend {
        DbBackend::Postgres => &postgres::DIALECT,
        _ => &sqlite::DIALECT,
    }
}

/// Runs a statement; tells how many rows it changed.
pub(crate) async fn execute<C: ConnectionTrait>(
    connection: &C,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, DbErr> {
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    Ok(connection.execute_raw(statement).await?.rows_affected())
}

/// Runs a statement that answers with at most one row.
pub(crate) async fn one<C: ConnectionTrait>(
    connection: &C,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<QueryResult>, DbErr> {
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    connection.query_one_raw(statement).await
}

/// Runs a statement that answers with rows.
pub(crate) async fn all<C: ConnectionTrait>(
    connection: &C,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<QueryResult>, DbErr> {
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    connection.query_all_raw(statement).await
}
