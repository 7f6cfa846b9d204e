//! The keys that sign access tokens: sealed in the database, shared by all servers on it.

use data_encoding::BASE64;
use squad_domain::Timestamp;
use squad_domain::ids::{SessionId, UserId};
use squad_secrets::access::{
    AccessClaims, AccessError, KeyRing, LIFETIME, PrivateKey, RingError, VerifyingKey,
};
use squad_secrets::seal::{MasterKeys, OpenError};
use squad_storage::{SigningKeyRow, Storage, StorageError};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// For whom our tokens are.
const AUDIENCE: &str = "agent-squad";
/// How long a key signs.
const KEY_LIFETIME: Duration = Duration::from_secs(90 * 24 * 3600);
/// How often at most the database is asked for a key that is not known here, so that made-up ones cost nothing.
const RELOAD: Duration = Duration::from_secs(5);

/// Why the keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The database.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A key is sealed with another master key, or damaged.
    #[error(
        "the signing keys in the database cannot be opened: {0}; all servers on one database need the same master key (`SQUAD_MASTER_KEY`)"
    )]
    Sealed(#[from] OpenError),
    /// The public address is no name for an issuer.
    #[error("the public address cannot be the issuer of tokens: {0}")]
    Ring(#[from] RingError),
    /// What was sealed is no key.
    #[error("the signing key `{0}` in the database is no key")]
    NoKey(String),
}

/// The keys that sign and verify access tokens.
#[derive(Clone)]
pub struct Keys(Arc<Inner>);

struct Inner {
    storage: Storage,
    master: Arc<MasterKeys>,
    issuer: String,
    state: RwLock<State>,
}

struct State {
    ring: KeyRing,
    loaded_at: Timestamp,
    newest: Timestamp,
}

impl Keys {
    /// Reads the keys, and makes the first one, or the next one where the present one has signed for long enough.
    ///
    /// # Errors
    /// Where the database fails, or the master key is not the one that they were sealed with.
    pub async fn load(
        storage: Storage,
        master: Arc<MasterKeys>,
        issuer: &str,
        now: Timestamp,
    ) -> Result<Self, KeyError> {
        let rows = storage.signing_keys().await?;
        let signing = rows.iter().find(|row| row.retired_at.is_none());
        let rows = match signing {
            Some(row) if now - row.created_at < KEY_LIFETIME => rows,
            old => add(&storage, &master, now, old.is_none()).await?,
        };
        let state = ring(&master, issuer, &rows, now)?;
        Ok(Self(Arc::new(Inner { storage, master, issuer: issuer.to_owned(), state: RwLock::new(state) })))
    }

    /// Lets a new key sign from now on. Tokens of the one before stay good until they expire.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn rotate(&self, now: Timestamp) -> Result<(), KeyError> {
        let rows = add(&self.0.storage, &self.0.master, now, false).await?;
        self.take(&rows, now)
    }

    /// A token for a session.
    ///
    /// # Errors
    /// Never for the lifetime that all of ours have.
    pub(crate) fn issue(
        &self,
        user: UserId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<String, RingError> {
        self.read(|state| state.ring.issue(user, session, now, LIFETIME))
    }

    /// What a token says, where it is one of ours.
    pub(crate) async fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, AccessError> {
        let (verdict, loaded_at) = self.read(|state| (state.ring.verify(token, now), state.loaded_at));
        // Another server may have made a key since.
        if verdict == Err(AccessError::UnknownKey) && now - loaded_at > RELOAD {
            match self.0.storage.signing_keys().await {
                Ok(rows) => {
                    if let Err(error) = self.take(&rows, now) {
                        tracing::error!(%error, "the signing keys could not be read again");
                    }
                }
                Err(error) => tracing::warn!(%error, "the signing keys could not be read again"),
            }
            return self.read(|state| state.ring.verify(token, now));
        }
        verdict
    }

    /// The public halves, for other services.
    pub(crate) fn jwks(&self) -> serde_json::Value {
        self.read(|state| state.ring.jwks())
    }

    /// Whether the key that signs has done so for long enough.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        now - self.read(|state| state.newest) >= KEY_LIFETIME
    }

    fn take(&self, rows: &[SigningKeyRow], now: Timestamp) -> Result<(), KeyError> {
        let state = ring(&self.0.master, &self.0.issuer, rows, now)?;
        *self.0.state.write().unwrap_or_else(PoisonError::into_inner) = state;
        Ok(())
    }

    fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.0.state.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn context(kid: &str) -> [&[u8]; 2] {
    [b"signing_keys", kid.as_bytes()]
}

async fn add(
    storage: &Storage,
    master: &MasterKeys,
    now: Timestamp,
    only_if_none: bool,
) -> Result<Vec<SigningKeyRow>, KeyError> {
    let key = PrivateKey::generate();
    let kid = key.public().id();
    let sealed = BASE64.encode(&master.seal(&*key.to_bytes(), &context(kid.as_str())));
    Ok(storage.add_signing_key(kid.as_str(), &sealed, now, only_if_none).await?)
}

fn open(master: &MasterKeys, row: &SigningKeyRow) -> Result<PrivateKey, KeyError> {
    let no_key = || KeyError::NoKey(row.kid.clone());
    let sealed = BASE64.decode(row.sealed.as_bytes()).map_err(|_| no_key())?;
    let plain = master.open(&sealed, &context(&row.kid))?;
    PrivateKey::from_bytes(&plain).map_err(|_| no_key())
}

fn ring(
    master: &MasterKeys,
    issuer: &str,
    rows: &[SigningKeyRow],
    now: Timestamp,
) -> Result<State, KeyError> {
    let signing = rows.iter().find(|row| row.retired_at.is_none());
    let signing = signing.ok_or_else(|| KeyError::NoKey("none".to_owned()))?;
    let mut ring = KeyRing::new(issuer, AUDIENCE, open(master, signing)?, signing.created_at)?;
    for row in rows.iter().filter(|row| row.kid != signing.kid) {
        let key = open(master, row)?.public();
        ring = ring.with(VerifyingKey { key, created_at: row.created_at, retired_at: row.retired_at })?;
    }
    ring.prune(now);
    Ok(State { ring, loaded_at: now, newest: signing.created_at })
}
