//! Opening a database: SQLite for one machine, Postgres for many.

use crate::error::StorageError;
use crate::write::{ATTEMPTS, back_off};
use crate::writer::Writer;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sea_orm::sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sea_orm::sqlx::{self, ConnectOptions as _, Connection as _, Executor as _};
use sea_orm::{DatabaseConnection, SqlxPostgresConnector, SqlxSqliteConnector};
use std::fs::{DirBuilder, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

/// How long SQLite waits for another process that writes to the same file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection to Postgres may take, and how long a caller waits for one of those that are in use.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Readers of one SQLite file. They never block each other nor the writer.
const SQLITE_READERS: u32 = 4;
/// Connections of one process to Postgres.
const POSTGRES_CONNECTIONS: u32 = 16;
/// How each of them begins. A process that is frozen, or cut off, in the middle of a transaction holds the rows that it
/// changed, and nobody could take its executions up: the server ends such a session. Between the statements of a
/// transaction nothing here waits for anything but the server.
const POSTGRES_SESSION: &str = "SET idle_in_transaction_session_timeout = '5s'";

/// A database. Cheap to clone: clones share one pool.
#[derive(Debug, Clone)]
pub struct Storage {
    /// What reads go through, and on Postgres also writes.
    pub(crate) pool: DatabaseConnection,
    /// What writes go through.
    pub(crate) writes: Writes,
}

/// The way that writes take.
#[derive(Debug, Clone)]
pub(crate) enum Writes {
    /// Each as a transaction of its own on the pool.
    Pool,
    /// As part of the writer task's next group.
    Group(Writer),
}

/// The address of a SQLite file.
#[must_use]
pub fn sqlite_url(path: &Path) -> String {
    let mut url = "sqlite://".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
                url.push(char::from(*byte));
            }
            _ => url.push_str(&format!("%{byte:02X}")),
        }
    }
    url
}

impl Storage {
    /// Opens a database: `sqlite:///path/to/squad.db` (made where it is missing, readable by its owner only) or
    /// `postgres://user:password@host/database`. Does not touch its tables: see [`Storage::migrate`].
    ///
    /// # Errors
    /// Says what is wrong with the address, the file or the server, and what to do; never shows a password.
    pub async fn connect(url: &str) -> Result<Self, StorageError> {
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => Self::connect_sqlite(url, true).await,
            Some("postgres" | "postgresql") => Self::connect_postgres(url).await,
            Some(other) if other.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                Err(StorageError::InvalidUrl { why: format!("`{other}` is no database that squad can use") })
            }
            _ => Err(StorageError::InvalidUrl {
                why: "it does not start with `sqlite:` or `postgres:`".into(),
            }),
        }
    }

    /// As [`Storage::connect`], for those who only look: a SQLite file that is not there is not made.
    ///
    /// # Errors
    /// [`StorageError::Missing`], or what [`Storage::connect`] says.
    pub async fn open(url: &str) -> Result<Self, StorageError> {
        match url.split_once(':') {
            Some(("sqlite", _)) => Self::connect_sqlite(url, false).await,
            _ => Self::connect(url).await,
        }
    }

    async fn connect_sqlite(url: &str, create: bool) -> Result<Self, StorageError> {
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|error| StorageError::InvalidUrl { why: error.to_string() })?;
        let path = options.get_filename().to_owned();
        if path.as_os_str().is_empty() || url.contains(":memory:") {
            return Err(StorageError::InvalidUrl {
                why: "it names no file; an execution must outlive the program".into(),
            });
        }
        if create {
            create_private(&path)?;
        } else if !path.exists() {
            return Err(StorageError::Missing { path });
        }
        let options = if !create && cannot_change(&path) {
            options.immutable(true).read_only(true)
        } else {
            options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full)
        };
        let options = options
            .create_if_missing(false)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true)
            .disable_statement_logging();
        // One connection first: the pool's own error would only say that time ran out.
        let mut attempt = 0;
        while let Err(error) = check_sqlite(&options).await {
            let error = sqlite_error(&path, &error);
            attempt += 1;
            // Of two processes that open a new file at once, the one that comes second to switching it to WAL is turned
            // away at once: SQLite does not wait for that, whatever its timeout.
            if !matches!(error, StorageError::Busy) || attempt == ATTEMPTS {
                return Err(error);
            }
            back_off(attempt).await;
        }
        let readers = SqlitePoolOptions::new()
            .max_connections(SQLITE_READERS)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_lazy_with(options.clone());
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .before_acquire(|connection, _| Box::pin(is_clean(connection)))
            .connect_lazy_with(options);
        let writer = Writer::start(SqlxSqliteConnector::from_sqlx_sqlite_pool(writer));
        Ok(Self { pool: SqlxSqliteConnector::from_sqlx_sqlite_pool(readers), writes: Writes::Group(writer) })
    }

    async fn connect_postgres(url: &str) -> Result<Self, StorageError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| StorageError::InvalidUrl { why: "it is not a complete Postgres address".into() })?
            .disable_statement_logging();
        let attempt = tokio::time::timeout(CONNECT_TIMEOUT, PgConnection::connect_with(&options)).await;
        match attempt {
            Ok(Ok(connection)) => drop(connection.close().await),
            Ok(Err(error)) => return Err(postgres_error(&options, &error)),
            Err(_) => {
                return Err(StorageError::Unreachable {
                    server: server(&options),
                    why: format!("no answer within {} seconds", CONNECT_TIMEOUT.as_secs()),
                });
            }
        }
        let pool = PgPoolOptions::new()
            .max_connections(POSTGRES_CONNECTIONS)
            .acquire_timeout(CONNECT_TIMEOUT)
            .after_connect(|connection, _| {
                Box::pin(async move { connection.execute(POSTGRES_SESSION).await.map(drop) })
            })
            .connect_lazy_with(options);
        Ok(Self { pool: SqlxPostgresConnector::from_sqlx_postgres_pool(pool), writes: Writes::Pool })
    }

    /// Waits until everything that was handed over is committed, and closes the connections. Clones are closed too.
    pub async fn close(self) {
        if let Writes::Group(writer) = &self.writes {
            writer.close().await;
        }
        // Closing only fails where a connection is gone already.
        drop(self.pool.close_by_ref().await);
    }
}

/// Makes the file and the folders above it where they are missing, for their owner only. SQLite gives the files beside it
/// the same permissions.
fn create_private(path: &Path) -> Result<(), StorageError> {
    let refuse =
        |error: &std::io::Error| StorageError::NotWritable { path: path.to_owned(), why: error.to_string() };
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(parent).map_err(|error| refuse(&error))?;
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            OpenOptions::new().write(true).open(path).map(drop).map_err(|error| refuse(&error))
        }
        Err(error) => Err(refuse(&error)),
    }
}

/// Whether the file lies on a file system that is mounted read-only, with nothing beside it that is not in it yet. SQLite
/// reads such a file only where it is told that nobody changes it.
fn cannot_change(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let read_only = |error: std::io::Error| error.kind() == ErrorKind::ReadOnlyFilesystem;
    let empty = std::fs::metadata(log).map_or(true, |log| log.len() == 0);
    empty && OpenOptions::new().write(true).open(path).is_err_and(read_only)
}

/// Whether nothing of the transaction before is left. Where the disk was full, SQLite may have ended it on its own, or may
/// not have: a connection that has lost count would go on inside of it, and report as committed what never was.
async fn is_clean(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    // Waits until a rollback that was only asked for has been tried.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

async fn check_sqlite(options: &SqliteConnectOptions) -> Result<(), sqlx::Error> {
    let mut connection = SqliteConnection::connect_with(options).await?;
    sqlx::query("SELECT count(*) FROM sqlite_schema").execute(&mut connection).await?;
    connection.close().await
}

fn sqlite_error(path: &Path, error: &sqlx::Error) -> StorageError {
    let path = PathBuf::from(path);
    let why = error.as_database_error().map_or_else(|| error.to_string(), |error| error.message().to_owned());
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
    match code.map(|code| code & 0xff) {
        Some(5 | 6) => StorageError::Busy,
        // SQLITE_CORRUPT, SQLITE_NOTADB
        Some(11 | 26) => StorageError::Corrupt { path, why },
        _ => StorageError::NotWritable { path, why },
    }
}

fn server(options: &PgConnectOptions) -> String {
    match options.get_socket() {
        Some(socket) => format!("`{}`", socket.display()),
        None => format!("`{}:{}`", options.get_host(), options.get_port()),
    }
}

fn postgres_error(options: &PgConnectOptions, error: &sqlx::Error) -> StorageError {
    let server = server(options);
    let Some(refusal) = error.as_database_error() else {
        return StorageError::Unreachable { server, why: error.to_string() };
    };
    let why = refusal.message().to_owned();
    match refusal.code().as_deref() {
        Some("3D000") => {
            let database = options.get_database().unwrap_or(options.get_username()).to_owned();
            StorageError::NoDatabase { server, database }
        }
        Some(code) if code.starts_with("28") => {
            StorageError::Refused { server, user: options.get_username().to_owned(), why }
        }
        _ => StorageError::Unreachable { server, why },
    }
}
