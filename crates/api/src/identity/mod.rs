//! Who is asking: passwords, sessions, tokens, cookies.

mod cookies;
mod csrf;
mod hasher;
mod keys;
mod session;
mod slowing;

pub(crate) use cookies::{ACCESS_COOKIE, REFRESH_COOKIE};
pub(crate) use hasher::Hasher;
pub use keys::{KeyError, Keys};
pub(crate) use session::{Device, SignedInBody};
pub(crate) use slowing::Slowing;
pub(crate) mod invitations;
pub(crate) mod links;
pub(crate) mod second_factor;

pub(crate) use csrf::is_ours;
pub(crate) use session::{end_cookies, renew, sign_in};
