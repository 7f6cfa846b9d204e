//! Stored secrets of others (provider keys, credentials of integrations, webhook secrets, private keys): envelope
//! encryption with XChaCha20-Poly1305.
//!
//! Each message is encrypted with a key of its own, and that key with a master key. Both encryptions are bound to a
//! context: where the secret belongs, for example organization, table, row and column. What was sealed for one place opens
//! in no other, so nobody with write access to the table moves a secret to where they may use it.
//!
//! To rotate: make a new master key the current one, keep the old one in the ring, [`MasterKeys::rewrap`] every row for
//! which [`MasterKeys::is_current`] says no, and drop the old key. The messages themselves are not touched.

mod context;
mod envelope;
mod master;

pub use envelope::{MasterKeys, OpenError};
pub use master::{MasterKey, MasterKeyError, MasterKeyId};
