//! What can go wrong, and what to do about it. No message ever holds a password.

use crate::connect::CONNECT_TIMEOUT;
use crate::money::BudgetScope;
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, sqlx};
use squad_domain::ids::{ExecutionId, StepKey};
use squad_domain::money::MicroUsd;
use std::path::PathBuf;
use std::sync::Arc;

/// Storage did not do what was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StorageError {
    /// The address of the database makes no sense.
    #[error(
        "the database address cannot be used: {why}; write `sqlite:///path/to/squad.db` or `postgres://user:password@host/database`"
    )]
    InvalidUrl {
        /// What is wrong with it.
        why: String,
    },
    /// There is no SQLite file, and nobody asked to make one.
    #[error("there is no database `{}`: nothing was started there yet", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The SQLite file or its folder cannot be written.
    #[error(
        "the database `{}` cannot be opened for writing: {why}; choose a folder that you may write to, or mend its permissions",
        path.display()
    )]
    NotWritable {
        /// The file.
        path: PathBuf,
        /// The system's own words.
        why: String,
    },
    /// The SQLite file is not a database, or is damaged.
    #[error(
        "`{}` is not a usable SQLite database: {why}; put it aside and restore a backup, or choose another path",
        path.display()
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// SQLite's own words.
        why: String,
    },
    /// The SQLite file is damaged, as it shows while it is read.
    #[error(
        "the database is damaged: {why}; put its files aside, and restore a backup or save what can be read with `sqlite3 squad.db .recover`"
    )]
    Damaged {
        /// SQLite's own words.
        why: String,
    },
    /// Nobody answers where Postgres should be.
    #[error("no Postgres answers at {server}: {why}; check that it runs and that the address is right")]
    Unreachable {
        /// Host, port or socket.
        server: String,
        /// The system's own words.
        why: String,
    },
    /// Postgres does not let this user in.
    #[error("Postgres at {server} does not let `{user}` in: {why}; check user and password of the address")]
    Refused {
        /// Host, port or socket.
        server: String,
        /// Who asked.
        user: String,
        /// The server's own words.
        why: String,
    },
    /// Postgres has no such database.
    #[error("Postgres at {server} has no database `{database}`; create it with `createdb {database}`")]
    NoDatabase {
        /// Host, port or socket.
        server: String,
        /// The missing database.
        database: String,
    },
    /// A newer version of the program made this database.
    #[error(
        "the database was made by a newer version of squad (it has the migration `{migration}`, which this version does not know); update squad, or use another database"
    )]
    Newer {
        /// The first migration that is not known here.
        migration: String,
    },
    /// There is no such thing.
    #[error("{what} does not exist")]
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// An execution of that id exists already.
    #[error("the execution `{0}` exists already; make a new id")]
    AlreadyExists(ExecutionId),
    /// What is stored cannot be read.
    #[error("{what} in the database cannot be read: {why}; it was written by another version or damaged")]
    Unreadable {
        /// What was read.
        what: String,
        /// Why it cannot be.
        why: String,
    },
    /// Another program holds the database for too long.
    #[error("the database is busy: another program has held it for too long; end it, or try again")]
    Busy,
    /// The database is there, or was, and says nothing.
    #[error("the database has not answered for {seconds} seconds; check that it runs and can be reached")]
    Silent {
        /// For how long.
        seconds: u64,
    },
    /// The disk that the database is on has no space left.
    #[error("the database's disk is full, so nothing more could be written: {0}; make space there")]
    Full(Arc<DbErr>),
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(Arc<DbErr>),
    /// The writer of this process is gone, because its runtime is shutting down.
    #[error("the database is closed because the program is ending")]
    Closed,
}

/// An append was refused. Nothing of it was written.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppendError {
    /// Somebody else appended in the meantime: read on, decide again.
    #[error("the execution has moved on to event {actual}")]
    SeqConflict {
        /// The last event in the log.
        actual: u64,
    },
    /// The lease is another worker's now, or nobody's: stop driving.
    #[error("the lease on the execution is lost")]
    FenceLost,
    /// A reservation does not fit into a budget.
    #[error(
        "the budget of {scope} is used up: {used} of {limit} are spent or set aside, the next call could cost {needed}"
    )]
    BudgetExceeded {
        /// Whose budget.
        scope: BudgetScope,
        /// Its limit.
        limit: MicroUsd,
        /// What is spent and reserved of it.
        used: MicroUsd,
        /// What the call could cost.
        needed: MicroUsd,
        /// The model call that asked for it.
        step: StepKey,
    },
    /// The execution has ended; it takes nothing but the settlement of calls that were under way.
    #[error("the execution has ended")]
    Closed,
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<DbErr> for StorageError {
    fn from(error: DbErr) -> Self {
        match sqlite_code(&error) {
            // SQLITE_BUSY and SQLITE_LOCKED, with any extension in the upper bits.
            Some(code) if matches!(code & 0xff, 5 | 6) => Self::Busy,
            // SQLITE_CORRUPT and SQLITE_NOTADB: found only now, on a page that opening it did not read.
            Some(code) if matches!(code & 0xff, 11 | 26) => Self::Damaged { why: error.to_string() },
            // SQLITE_FULL
            Some(code) if code & 0xff == 13 => Self::Full(Arc::new(error)),
            // disk_full
            _ if sql_state(&error).as_deref() == Some("53100") => Self::Full(Arc::new(error)),
            // Every connection was in use, or none could be made.
            _ if matches!(error, DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)) => {
                Self::Silent { seconds: CONNECT_TIMEOUT.as_secs() }
            }
            _ => Self::Database(Arc::new(error)),
        }
    }
}

impl From<DbErr> for AppendError {
    fn from(error: DbErr) -> Self {
        Self::Storage(error.into())
    }
}

impl StorageError {
    /// Whether the same transaction may succeed when it is tried once more.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Busy => true,
            // serialization_failure, deadlock_detected
            Self::Database(error) => matches!(sql_state(error).as_deref(), Some("40001" | "40P01")),
            _ => false,
        }
    }

    /// Whether SQLite may have rolled the whole transaction back, not only the statement: out of memory, input or
    /// output failed, disk full.
    pub(crate) fn ends_transaction(&self) -> bool {
        match self {
            Self::Full(_) => true,
            Self::Database(error) => sqlite_code(error).is_some_and(|code| matches!(code & 0xff, 7 | 10)),
            _ => false,
        }
    }
}

/// What retrying needs to know of an error.
pub(crate) trait WriteError: From<StorageError> + From<DbErr> + Send + Sync + 'static {
    fn storage(&self) -> Option<&StorageError>;
}

impl WriteError for StorageError {
    fn storage(&self) -> Option<&StorageError> {
        Some(self)
    }
}

impl WriteError for AppendError {
    fn storage(&self) -> Option<&StorageError> {
        match self {
            Self::Storage(error) => Some(error),
            _ => None,
        }
    }
}

/// The driver's own error inside of SeaORM's.
fn driver(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}

fn sql_state(error: &DbErr) -> Option<String> {
    let code = driver(error)?.as_database_error()?.code()?;
    Some(code.into_owned())
}

fn sqlite_code(error: &DbErr) -> Option<u32> {
    let error = driver(error)?.as_database_error()?;
    error.try_downcast_ref::<sqlx::sqlite::SqliteError>()?;
    error.code()?.parse().ok()
}
