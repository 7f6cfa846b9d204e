//! The API over HTTP, on both databases.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails; helpers are part of it")]

mod app;
mod document;
mod identity;
