//! Everything cryptographic that identity and stored secrets need, in one room, so that it can be read and judged in one
//! sitting.
//!
//! | module | what it is for |
//! |---|---|
//! | [`password`] | what people choose: judged when it is set, hashed with Argon2id, older hashes still verified |
//! | [`token`] | what we draw and hand out: refresh tokens, API keys, links in mails, invitations |
//! | [`access`] | short-lived signed access tokens (JWT, Ed25519 only) and the keys that sign them |
//! | [`totp`] | one-time codes of an authenticator app, and recovery codes |
//! | [`seal`] | stored secrets of others: envelope encryption, bound to the row that they belong to |
//! | [`webhook`] | signatures of outbound and inbound webhooks |
//! | [`audit`] | the hash chain of the audit log |
//!
//! What is never found here: a file, a table, a socket, a clock (time comes in as an argument), a primitive of our own
//! making. What is never found in what it gives out: a secret in a `Debug` output or in an error; a comparison of secrets
//! whose time tells where they differ; a panic on what somebody else sent.
//!
//! Randomness comes from the operating system and from nowhere else. Should it refuse, which no supported system does once
//! it has booted, these functions panic: there is no secret worth giving out then.

/// A `Debug` that says what it is and nothing of what it holds.
macro_rules! redacted_debug {
    ($($name:ident),+ $(,)?) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }
    )+};
}

pub mod access;
pub mod audit;
pub mod password;
mod random;
pub mod seal;
pub mod token;
pub mod totp;
pub mod webhook;
