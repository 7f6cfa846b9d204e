//! Mails that are not sent yet. The job that sends one names it and holds nothing of it: what is in a mail may let its
//! reader into an account, so it is in one place only, and is gone as soon as it is sent.

use crate::connect::Storage;
use crate::convert::{count, micros, text, timestamp};
use crate::dialect::{all, execute, one};
use crate::error::StorageError;
use crate::ids::new_id;
use crate::outbox::{self, Job, NewJob};
use crate::write::Write;
use async_trait::async_trait;
use sea_orm::{DatabaseTransaction, DbErr, QueryResult};
use serde::{Deserialize, Serialize};
use squad_domain::Timestamp;
use squad_domain::ids::OrgId;
use uuid::Uuid;

/// Whose the job of a mail is: no organization's, for a mail is written to a person.
const NOBODY: OrgId = OrgId(Uuid::nil());

/// Sends a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendMail {
    /// Which one.
    pub mail: Uuid,
}

impl Job for SendMail {
    const NAME: &'static str = "mail.send";
}

/// A mail that is about to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct NewMail {
    /// To whom: one address.
    pub to: String,
    /// What it is about, in one line.
    pub subject: String,
    /// What it says, as plain text.
    pub text: String,
}

/// A mail that is not sent yet.
#[derive(Clone, PartialEq, Eq)]
pub struct MailRow {
    /// Its id.
    pub id: Uuid,
    /// To whom, what about, and what it says.
    pub mail: NewMail,
    /// When it was written.
    pub created_at: Timestamp,
    /// Why it could not be sent so far.
    pub error: Option<String>,
}

impl std::fmt::Debug for NewMail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewMail").field("subject", &self.subject).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for MailRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MailRow").field("id", &self.id).field("mail", &self.mail).finish_non_exhaustive()
    }
}

const COLUMNS: &str = "id, to_address, subject, text, created_at, error";

fn mail(row: &QueryResult) -> Result<MailRow, DbErr> {
    Ok(MailRow {
        id: row.try_get("", "id")?,
        mail: NewMail {
            to: row.try_get("", "to_address")?,
            subject: row.try_get("", "subject")?,
            text: row.try_get("", "text")?,
        },
        created_at: timestamp(row.try_get("", "created_at")?),
        error: row.try_get("", "error")?,
    })
}

impl Storage {
    /// Stores a mail together with the job that sends it. Tells its id.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn add_mail(&self, mail: NewMail, at: Timestamp) -> Result<Uuid, StorageError> {
        self.write(Add { mail, at }).await
    }

    /// A mail that is not sent yet.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn mail(&self, id: Uuid) -> Result<Option<MailRow>, StorageError> {
        let sql = format!("SELECT {COLUMNS} FROM mails WHERE id = $1");
        Ok(one(&self.pool, &sql, [id.into()]).await?.as_ref().map(mail).transpose()?)
    }

    /// Mails that are not sent, newest first: all of them, where no mail server is configured.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn unsent_mails(&self, limit: u64) -> Result<Vec<MailRow>, StorageError> {
        let sql = format!("SELECT {COLUMNS} FROM mails ORDER BY id DESC LIMIT $1");
        let rows = all(&self.pool, &sql, [count(limit).into()]).await?;
        Ok(rows.iter().map(mail).collect::<Result<_, _>>()?)
    }

    /// The mail is sent: forgets it.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn mail_sent(&self, id: Uuid) -> Result<(), StorageError> {
        self.write(Sent(id)).await
    }

    /// Remembers why a mail could not be sent.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn mail_failed(&self, id: Uuid, error: &str) -> Result<(), StorageError> {
        self.write(Failed { id, error: text(error) }).await
    }

    /// Forgets the mails that were written before `moment`. Tells how many.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn forget_mails(&self, moment: Timestamp) -> Result<u64, StorageError> {
        self.write(Forget(micros(moment))).await
    }
}

/// Stores a mail and its job within a transaction: with what caused it, or not at all.
pub(crate) async fn insert(
    transaction: &DatabaseTransaction,
    mail: &NewMail,
    at: Timestamp,
) -> Result<Uuid, StorageError> {
    let id = new_id(at);
    execute(
        transaction,
        "INSERT INTO mails (id, to_address, subject, text, created_at) VALUES ($1, $2, $3, $4, $5)",
        [
            id.into(),
            text(&mail.to).into(),
            text(&mail.subject).into(),
            text(&mail.text).into(),
            micros(at).into(),
        ],
    )
    .await?;
    outbox::insert(transaction, &NewJob::new(NOBODY, &SendMail { mail: id }, at)?).await?;
    Ok(id)
}

struct Add {
    mail: NewMail,
    at: Timestamp,
}

#[async_trait]
impl Write for Add {
    type Output = Uuid;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<Uuid, StorageError> {
        insert(transaction, &self.mail, self.at).await
    }
}

struct Sent(Uuid);

#[async_trait]
impl Write for Sent {
    type Output = ();
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<(), StorageError> {
        execute(transaction, "DELETE FROM mails WHERE id = $1", [self.0.into()]).await?;
        Ok(())
    }
}

struct Failed {
    id: Uuid,
    error: String,
}

#[async_trait]
impl Write for Failed {
    type Output = ();
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<(), StorageError> {
        let sql = "UPDATE mails SET error = $1 WHERE id = $2";
        execute(transaction, sql, [self.error.as_str().into(), self.id.into()]).await?;
        Ok(())
    }
}

struct Forget(i64);

#[async_trait]
impl Write for Forget {
    type Output = u64;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<u64, StorageError> {
        Ok(execute(transaction, "DELETE FROM mails WHERE created_at < $1", [self.0.into()]).await?)
    }
}
