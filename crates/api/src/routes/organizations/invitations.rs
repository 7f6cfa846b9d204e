//! `GET` and `POST /organizations/{id}/invitations`, `DELETE /organizations/{id}/invitations/{invitation_id}`.

use crate::app::App;
use crate::dto::organization::Invitation;
use crate::dto::{rules, slugs};
use crate::extract::{InOrganization, Json, List, PageQuery, Path, may};
use crate::identity::invitations;
use crate::problem::{Answer, Code, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use garde::Validate;
use serde::Deserialize;
use squad_domain::permission::OrgRole;
use squad_integrations::mail::texts;
use squad_secrets::token::{Kind, OpaqueToken};
use squad_storage::{Invited, NewInvitation};
use utoipa::ToSchema;
use uuid::Uuid;

/// Whom, and as what.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct SendInvitation {
    /// The address.
    #[garde(custom(rules::email))]
    #[schema(example = "bob@example.com")]
    email: String,
    /// What they shall be.
    #[garde(skip)]
    #[schema(schema_with = slugs::role)]
    role: OrgRole,
}

/// Invitations that wait
///
/// Those that were neither accepted nor taken back, newest first. Expired ones are among them.
#[utoipa::path(
    get,
    path = "/organizations/{id}/invitations",
    operation_id = "list_invitations",
    tag = "organizations",
    extensions(("x-permission" = json!("members:manage"))),
    params(("id" = Uuid, Path, description = "Which organization"), PageQuery),
    responses((status = 200, description = "The invitations", body = List<Invitation>)),
)]
pub(crate) async fn list(
    within: InOrganization<may::ManageMembers>,
    page: PageQuery,
) -> Answer<Json<List<Invitation>>> {
    let rows = within.permitted.tenant.invitations(page.by_id()?).await?;
    Ok(Json(List::page(rows, page.limit()?, |row| row.id, Invitation::from)))
}

/// Invites somebody
///
/// Mails a link that is good once, for seven days. It replaces an earlier one to the same address.
#[utoipa::path(
    post,
    path = "/organizations/{id}/invitations",
    operation_id = "send_invitation",
    tag = "organizations",
    extensions(("x-permission" = json!("members:manage"))),
    params(("id" = Uuid, Path, description = "Which organization")),
    request_body = SendInvitation,
    responses((status = 201, description = "A mail is on its way", body = Invitation)),
)]
pub(crate) async fn send(
    State(app): State<App>,
    within: InOrganization<may::ManageMembers>,
    Json(body): Json<SendInvitation>,
) -> Answer<(StatusCode, Json<Invitation>)> {
    let InOrganization { permitted, membership } = within;
    if !permitted.role.may_appoint(body.role) {
        return Err(Problem::new(Code::Forbidden, "nobody invites people above themselves: ask an owner"));
    }
    let (token, at) = (OpaqueToken::new(Kind::Invitation), permitted.caller.at);
    let new = NewInvitation {
        id: app.new_id(),
        email: rules::address(&body.email),
        role: body.role,
        hash: token.hash().to_hex(),
        invited_by: Some(permitted.caller.user.id),
        expires_at: at + invitations::LIFETIME,
    };
    let sent = invited(permitted.tenant.invite(&permitted.author(), new).await?)?;
    let (by, link) = (&permitted.caller.user.name, invitations::link(&app, &token));
    let mail =
        texts::invitation(&sent.email, by, &membership.organization.name, &link, invitations::LIFETIME);
    app.send(mail, at).await?;
    Ok((StatusCode::CREATED, Json(sent.into())))
}

/// Takes an invitation back
#[utoipa::path(
    delete,
    path = "/organizations/{id}/invitations/{invitation_id}",
    operation_id = "revoke_invitation",
    tag = "organizations",
    extensions(("x-permission" = json!("members:manage"))),
    params(("id" = Uuid, Path, description = "Which organization"), ("invitation_id" = Uuid, Path, description = "Which invitation")),
    responses((status = 204, description = "Its link is good no more")),
)]
pub(crate) async fn revoke(
    within: InOrganization<may::ManageMembers>,
    Path(ids): Path<(Uuid, Uuid)>,
) -> Answer<StatusCode> {
    let revoked = within.permitted.tenant.revoke_invitation(&within.permitted.author(), ids.1).await?;
    revoked.map(|_| StatusCode::NO_CONTENT).ok_or_else(|| Problem::not_found("invitation"))
}

fn invited(outcome: Invited) -> Answer<squad_storage::InvitationRow> {
    match outcome {
        Invited::Done(row) => Ok(row),
        Invited::AlreadyMember => Err(Problem::new(
            Code::Conflict,
            "they are in this organization already; change their role instead",
        )),
        Invited::NotFound => Err(Problem::not_found("organization")),
    }
}
