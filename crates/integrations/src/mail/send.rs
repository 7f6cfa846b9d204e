//! The job that sends a mail.

use super::smtp::Mailer;
use crate::jobs::{Attempt, Handler};
use async_trait::async_trait;
use squad_storage::{JobFailure, NewMail, SendMail, Storage, StorageError};
use std::time::Duration;

/// Performs [`SendMail`].
#[derive(Debug, Clone)]
pub struct MailHandler {
    storage: Storage,
    mailer: Option<Mailer>,
}

impl MailHandler {
    /// Sends by `mailer`. Without one, the text is written to the log (target `squad::mail`), and the mail stays where
    /// [`Storage::unsent_mails`] finds it.
    #[must_use]
    pub fn new(storage: Storage, mailer: Option<Mailer>) -> Self {
        Self { storage, mailer }
    }
}

/// The database may answer later.
fn later(error: &StorageError) -> JobFailure {
    JobFailure::Retry(error.to_string())
}

#[async_trait]
impl Handler<SendMail> for MailHandler {
    fn time_out(&self) -> Duration {
        Duration::from_secs(120)
    }

    async fn perform(&self, job: SendMail, _: Attempt) -> Result<(), JobFailure> {
        // It is sent already, or too old.
        let Some(row) = self.storage.mail(job.mail).await.map_err(|error| later(&error))? else {
            return Ok(());
        };
        let Some(mailer) = &self.mailer else {
            let NewMail { to, subject, text } = &row.mail;
            tracing::info!(target: "squad::mail", "no mail server is configured; this mail to {to} is not sent: {subject}\n\n{text}");
            return Ok(());
        };
        match mailer.send(&row.mail).await {
            Ok(()) => self.storage.mail_sent(job.mail).await.map_err(|error| later(&error)),
            Err(failure) => {
                let (JobFailure::Retry(why) | JobFailure::Fail(why)) = &failure;
                self.storage.mail_failed(job.mail, why).await.map_err(|error| later(&error))?;
                Err(failure)
            }
        }
    }
}
