//! People, the organizations that they belong to, and the devices on which they are signed in.
//!
//! Nothing here knows a secret: passwords and tokens come in as hashes, what must be read again comes in sealed.

mod caller;
mod deletion;
mod export;
mod failures;
mod links;
mod organizations;
mod provider_links;
mod provider_states;
mod sessions;
mod sign_ins;
mod signing_keys;
mod totp;
mod users;

pub use caller::{ApiKeyCaller, CallerOrganization, CallerRow};
pub use deletion::{OrganizationDeletion, UserDeletion};
pub use export::{
    ExportedApiKey, ExportedAuditEntry, ExportedEmailLink, ExportedIdentityLink, ExportedInvitation,
    ExportedMembership, ExportedProfile, ExportedSession, UserExport,
};
pub use failures::LoginFailures;
pub use links::{EmailLink, LinkPurpose, NewEmailLink};
pub use organizations::{Membership, OrganizationRow};
pub(crate) use organizations::{lock as lock_organization, organization, role};
pub use provider_links::{IdentityLinkRow, Linked, Unlinked};
pub use provider_states::OidcStateRow;
pub use sessions::{NewSession, Rotation, SessionEnd, SessionRow};
pub use signing_keys::SigningKeyRow;
pub use totp::TotpRow;
pub(crate) use users::lock as lock_user;
pub use users::{Account, NewUser, UserRow};
