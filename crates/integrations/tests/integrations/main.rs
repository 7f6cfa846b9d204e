//! What leaves the house, with real counterparts: a mail server, HTTP servers, both databases.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails; helpers are part of it")]

mod common;
mod jobs;
mod mail;
mod webhooks;
