//! A fresh, empty database per test, on both backends.

use crate::postgres::server_url;
use sea_orm::ConnectionTrait as _;
use squad_storage::{Storage, sqlite_url};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::Write as _;
use tempfile::TempDir;

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// A file in a temporary folder.
    Sqlite,
    /// A database of a test server.
    Postgres,
}

impl Backend {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];
}

/// A database that exists as long as the test.
#[derive(Debug)]
pub struct TestDatabase {
    backend: Backend,
    url: String,
    name: String,
    _folder: Option<TempDir>,
}

impl TestDatabase {
    /// A new one without tables.
    ///
    /// # Panics
    /// Where it cannot be made; says what to install where Postgres is missing.
    pub async fn new(backend: Backend) -> Self {
        // Unique among all processes that share a server.
        let name = format!("test_{:016x}", RandomState::new().build_hasher().finish());
        match backend {
            Backend::Sqlite => {
                let folder = tempfile::tempdir().expect("a temporary folder can be made");
                let url = sqlite_url(&folder.path().join("squad.db"));
                Self { backend, url, name, _folder: Some(folder) }
            }
            Backend::Postgres => {
                administer(&format!("CREATE DATABASE {name} TEMPLATE template0")).await;
                let (server, query) = server_url().split_once('?').unwrap_or((server_url(), ""));
                let (server, _) = server.rsplit_once('/').expect("the address names a database");
                Self { backend, url: format!("{server}/{name}?{query}"), name, _folder: None }
            }
        }
    }

    /// Which database it is.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// Its address, for another process or another pool.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Connects and brings the tables up to date.
    ///
    /// # Panics
    /// Where that fails.
    pub async fn open(&self) -> Storage {
        let storage = Storage::connect(&self.url).await.expect("the test database can be opened");
        storage.migrate().await.expect("the test database can be migrated");
        storage
    }

    /// Removes it. One that a failed test leaves behind goes with its server.
    pub async fn remove(self) {
        if self.backend == Backend::Postgres {
            administer(&format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
        }
    }
}

async fn administer(sql: &str) {
    let connection =
        sea_orm::Database::connect(server_url()).await.expect("the Postgres server for tests answers");
    connection.execute_unprepared(sql).await.expect("the administrator may do anything");
    connection.close().await.expect("the connection can be closed");
}

/// Says on which database a test failed.
struct Told(Backend);

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Where even that fails, the panic's own message must do.
            let _ = writeln!(std::io::stderr(), "this was on {:?}", self.0);
        }
    }
}

/// Runs the test on a fresh database of each backend.
///
/// # Panics
/// Where the test does.
pub async fn each_backend(test: impl AsyncFn(&TestDatabase)) {
    for backend in Backend::ALL {
        let database = TestDatabase::new(backend).await;
        let told = Told(backend);
        test(&database).await;
        drop(told);
        database.remove().await;
    }
}

/// Runs the test on storage with all its tables, on each backend.
///
/// # Panics
/// Where the test does.
pub async fn each_database(test: impl AsyncFn(Storage)) {
    each_backend(async |database| test(database.open().await).await).await;
}
