//! Mail to people. What is to be sent is stored with what caused it ([`squad_storage::Storage::add_mail`]) and sent by a
//! job. Without a mail server its text is written to the log and kept for a day, so that whoever runs the platform on a
//! laptop can open the link in it.

mod html;
mod send;
mod smtp;
pub mod texts;

pub use send::MailHandler;
pub use smtp::{MailConfigError, Mailer};
