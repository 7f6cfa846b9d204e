//! Organizations, who is in them, and who is asked to come.

use crate::dto::moment::Moment;
use serde::Serialize;
use squad_storage::{InvitationOffer, InvitationRow, Membership, OrgMemberRow};
use utoipa::ToSchema;
use uuid::Uuid;

/// An organization that the caller is in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Organization {
    /// Its id.
    id: Uuid,
    /// Its name.
    #[schema(example = "Analytical Engines")]
    name: String,
    /// What the caller is there.
    #[schema(schema_with = super::slugs::role)]
    role: &'static str,
    /// Since when the caller is in it.
    joined_at: Moment,
    /// Since when there is one.
    created_at: Moment,
    /// When it last changed.
    updated_at: Moment,
}

impl From<Membership> for Organization {
    fn from(Membership { organization, role, since }: Membership) -> Self {
        Self {
            id: organization.id.0,
            name: organization.name,
            role: role.slug(),
            joined_at: since.into(),
            created_at: organization.created_at.into(),
            updated_at: organization.updated_at.into(),
        }
    }
}

/// Somebody who is in an organization.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrganizationMember {
    /// The account.
    user_id: Uuid,
    /// What people call them.
    #[schema(example = "Ada Lovelace")]
    name: String,
    /// Their address.
    #[schema(example = "ada@example.com")]
    email: String,
    /// What they are here.
    #[schema(schema_with = super::slugs::role)]
    role: &'static str,
    /// Since when.
    joined_at: Moment,
}

impl From<OrgMemberRow> for OrganizationMember {
    fn from(row: OrgMemberRow) -> Self {
        Self {
            user_id: row.user.0,
            name: row.name,
            email: row.email,
            role: row.role.slug(),
            joined_at: row.since.into(),
        }
    }
}

/// An invitation that was neither accepted nor taken back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Invitation {
    /// Its id.
    id: Uuid,
    /// To which address it was sent.
    #[schema(example = "bob@example.com")]
    email: String,
    /// As what.
    #[schema(schema_with = super::slugs::role)]
    role: &'static str,
    /// Who invited; absent where their account is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    invited_by: Option<Uuid>,
    /// When.
    created_at: Moment,
    /// Until when it is good. It may have expired.
    expires_at: Moment,
}

impl From<InvitationRow> for Invitation {
    fn from(row: InvitationRow) -> Self {
        Self {
            id: row.id,
            email: row.email,
            role: row.role.slug(),
            invited_by: row.invited_by.map(|user| user.0),
            created_at: row.created_at.into(),
            expires_at: row.expires_at.into(),
        }
    }
}

/// An invitation, as whoever holds it sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Offer {
    /// Where it leads.
    #[schema(example = "Analytical Engines")]
    organization_name: String,
    /// To which address it was sent.
    #[schema(example = "bob@example.com")]
    email: String,
    /// As what they would come.
    #[schema(schema_with = super::slugs::role)]
    role: &'static str,
    /// Until when it is good.
    expires_at: Moment,
}

impl From<InvitationOffer> for Offer {
    fn from(InvitationOffer { invitation, organization_name, .. }: InvitationOffer) -> Self {
        Self {
            organization_name,
            email: invitation.email,
            role: invitation.role.slug(),
            expires_at: invitation.expires_at.into(),
        }
    }
}
