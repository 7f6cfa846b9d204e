//! Rows that a change holds, so that others which would change them wait for its end.

use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbBackend};

/// The end of a SELECT whose rows are held until the transaction ends. On SQLite, a transaction that writes has no other
/// beside it anyway.
pub(super) fn held(transaction: &DatabaseTransaction) -> &'static str {
    match transaction.get_database_backend() {
        DbBackend::Postgres => " FOR UPDATE",
        _ => "",
    }
}
