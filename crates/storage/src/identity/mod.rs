//! People, the organizations that they belong to, and the devices on which they are signed in.
//!
//! Nothing here knows a secret: passwords and tokens come in as hashes.

mod failures;
mod links;
mod organizations;
mod sessions;
mod signing_keys;
mod users;

pub use failures::LoginFailures;
pub use links::{EmailLink, LinkPurpose, NewEmailLink};
pub use organizations::{Membership, OrganizationRow};
pub use sessions::{NewSession, Rotation, SessionEnd, SessionRow};
pub use signing_keys::SigningKeyRow;
pub use users::{Account, NewUser, UserRow};
