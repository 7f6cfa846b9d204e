//! The mail server.

use super::html;
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use squad_storage::{JobFailure, NewMail};
use std::time::Duration;

/// How long the server may take for each step.
const STEP: Duration = Duration::from_secs(20);

/// Answers that tell of the password and not of the mail (RFC 4954): who mends the configuration gets the mail sent yet.
const AUTHENTICATION: [u16; 4] = [530, 534, 535, 538];

/// The mail server cannot be used as it is configured. It repeats nothing of the address, which holds a password.
#[derive(Debug, thiserror::Error)]
pub enum MailConfigError {
    /// The server's address is none.
    #[error(
        "the mail server's address cannot be used: {0}; write `smtps://user:password@host` (or `smtp://…?tls=required`)"
    )]
    Server(String),
    /// The address that mails come from is none.
    #[error("the sender of mails is no address: {0}; write `Agent Squad <squad@example.com>`")]
    From(String),
}

/// Gives mails to a server, each over a connection of its own. Cheap to clone.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailer").field("from", &self.from).finish_non_exhaustive()
    }
}

impl Mailer {
    /// The server at `url`: `smtps://user:password@host:port`, or `smtp://…` with `?tls=required` or
    /// `?tls=opportunistic` for STARTTLS. Mails come from `from`.
    ///
    /// # Errors
    /// Where one of them makes no sense. Nobody is asked yet whether the server is there.
    pub fn new(url: &str, from: &str) -> Result<Self, MailConfigError> {
        let from = from
            .parse()
            .map_err(|error: lettre::address::AddressError| MailConfigError::From(error.to_string()))?;
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|error| MailConfigError::Server(error.to_string()))?;
        Ok(Self { transport: builder.timeout(Some(STEP)).build(), from })
    }

    /// Sends a mail, as text and as HTML.
    ///
    /// # Errors
    /// Retry where the server is not there, or refuses for now or because of its configuration; fail where there is no
    /// such address, or the server wants none of this mail.
    pub async fn send(&self, mail: &NewMail) -> Result<(), JobFailure> {
        let message = self.message(mail)?;
        self.transport.send(message).await.map(drop).map_err(|error| failure(&error))
    }

    fn message(&self, mail: &NewMail) -> Result<Message, JobFailure> {
        let to: Mailbox = mail.to.parse().map_err(|error: lettre::address::AddressError| {
            JobFailure::Fail(format!("its recipient is no mail address: {error}"))
        })?;
        Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(mail.subject.as_str())
            .multipart(MultiPart::alternative_plain_html(mail.text.clone(), html::from_text(&mail.text)))
            .map_err(|error| JobFailure::Fail(format!("it cannot be written as a mail: {error}")))
    }
}

fn failure(error: &smtp::Error) -> JobFailure {
    let status = error.status().map(u16::from);
    let why = format!("the mail server did not take it: {}", chain(error));
    match status {
        Some(status) if error.is_permanent() && !AUTHENTICATION.contains(&status) => JobFailure::Fail(why),
        _ => JobFailure::Retry(why),
    }
}

/// An error and its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(to: &str, subject: &str) -> NewMail {
        NewMail { to: to.into(), subject: subject.into(), text: "Hello.".into() }
    }

    fn mailer() -> Mailer {
        Mailer::new("smtp://127.0.0.1:25", "Agent Squad <squad@example.com>").unwrap()
    }

    #[test]
    fn a_mistake_in_the_configuration_is_told_without_the_password() {
        for url in ["", "mail.example.com", "http://user:hunter2@mail.example.com", "smtp://user:hunter2@"] {
            let error = Mailer::new(url, "squad@example.com").unwrap_err();
            assert!(matches!(error, MailConfigError::Server(_)), "{url}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        for url in
            ["smtp://h:25", "smtps://user:p%40ss@h", "smtp://h?tls=required", "smtp://h?tls=opportunistic"]
        {
            assert!(Mailer::new(url, "squad@example.com").is_ok(), "{url}");
        }
        assert!(matches!(Mailer::new("smtp://h", "Agent Squad"), Err(MailConfigError::From(_))));
    }

    #[test]
    fn no_header_comes_in_by_a_subject_or_an_address() {
        for subject in ["Hi\r\nBcc: eve@evil.test", "Hi\nBcc: eve@evil.test", "Hi\rBcc: eve@evil.test"] {
            let Ok(message) = mailer().message(&mail("ada@example.com", subject)) else { continue };
            let text = String::from_utf8(message.formatted()).unwrap();
            let head = text.split("\r\n\r\n").next().unwrap();
            assert!(!head.lines().any(|line| line.to_ascii_lowercase().starts_with("bcc")), "{head}");
            assert!(!head.contains('\r') || !head.replace("\r\n", "").contains('\r'), "{head}");
        }
        for to in ["ada@example.com\r\nBcc: eve@evil.test", "ada@example.com, eve@evil.test", "ada", ""] {
            assert!(matches!(mailer().message(&mail(to, "Hi")), Err(JobFailure::Fail(_))), "{to}");
        }
    }
}
