//! What leaves the house after a commit.
//!
//! | module | what it is for |
//! |---|---|
//! | [`jobs`] | takes jobs from the outbox and has them performed |
//! | [`mail`] | what is written to people, and the server that takes it |
//! | [`webhook`] | events to addresses of others, signed, and never to an address inside the house |
//!
//! What is never found here: a decision on who is told what. Whoever causes something stores the mail or the event with
//! it; this room delivers it, at least once.

pub mod jobs;
pub mod mail;
pub mod webhook;
