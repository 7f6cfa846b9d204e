//! Who is in an organization: there is always an owner.

use crate::common::NOW;
use crate::people::*;
use squad_domain::ids::{OrgId, UserId};
use squad_domain::permission::OrgRole;
use squad_storage::{OrgMemberChange, Page, Transfer};
use squad_testkit::each_database;

#[tokio::test]
async fn nobody_touches_those_above_them_and_the_last_owner_stays() {
    each_database(async |storage| {
        three(&storage).await;
        join(&storage, BOB, OrgRole::Admin).await;
        join(&storage, EVE, OrgRole::Viewer).await;
        let home = storage.tenant(HOME);
        let (admin, owner) = (OrgRole::Admin, OrgRole::Owner);
        let change =
            async |as_role, user, to| home.change_org_role(&by(BOB, NOW), as_role, user, to).await.unwrap();
        let remove =
            async |as_role, user| home.remove_org_member(&by(BOB, NOW), as_role, user).await.unwrap();
        assert_eq!(change(admin, ADA, OrgRole::Viewer).await, OrgMemberChange::TooPowerful);
        assert_eq!(remove(admin, ADA).await, OrgMemberChange::TooPowerful);
        assert_eq!(change(admin, EVE, owner).await, OrgMemberChange::TooPowerful);
        assert_eq!(change(OrgRole::Member, EVE, OrgRole::Viewer).await, OrgMemberChange::TooPowerful);
        assert_eq!(change(owner, ADA, admin).await, OrgMemberChange::LastOwner);
        assert_eq!(remove(owner, ADA).await, OrgMemberChange::LastOwner);
        let stay = home.leave_organization(&by(ADA, NOW), ADA).await.unwrap();
        assert_eq!(stay, OrgMemberChange::LastOwner);
        let same = change(owner, ADA, owner).await;
        assert!(matches!(same, OrgMemberChange::Done(_)), "{same:?}");
        let OrgMemberChange::Done(eve) = change(admin, EVE, OrgRole::Member).await else { panic!() };
        assert_eq!(
            (eve.role, eve.email.as_str(), eve.name.as_str(), eve.since),
            (OrgRole::Member, "eve@x.test", "eve", later(1))
        );
        assert_eq!(home.org_member(EVE).await.unwrap(), Some(eve));
        assert_eq!(change(owner, UserId(uuid(9)), admin).await, OrgMemberChange::NotFound);

        let members = home.org_members(EVERYTHING).await.unwrap();
        assert_eq!(members.iter().map(|member| member.user).collect::<Vec<_>>(), [EVE, BOB, ADA]);
        let rest = home.org_members(Page { limit: 1, before: Some(EVE.0) }).await.unwrap();
        assert_eq!(rest, members[1..2]);

        let foreign = storage.tenant(EVES);
        assert_eq!(foreign.org_members(EVERYTHING).await.unwrap().len(), 1);
        assert_eq!(foreign.org_member(BOB).await.unwrap(), None);
        let author = by(EVE, NOW);
        assert_eq!(
            foreign.change_org_role(&author, owner, BOB, owner).await.unwrap(),
            OrgMemberChange::NotFound
        );
        assert_eq!(foreign.remove_org_member(&author, owner, BOB).await.unwrap(), OrgMemberChange::NotFound);
        assert_eq!(foreign.leave_organization(&author, BOB).await.unwrap(), OrgMemberChange::NotFound);
        assert_eq!(foreign.transfer_ownership(&author, EVE, BOB).await.unwrap(), Transfer::NotMember);
        assert!(audited(&storage, EVES).await.is_empty());

        assert!(matches!(remove(admin, EVE).await, OrgMemberChange::Done(_)));
        assert_eq!(role(&storage, EVE, HOME).await, None);
        assert_eq!(role(&storage, EVE, EVES).await, Some(owner));
    })
    .await;
}

#[tokio::test]
async fn the_ownership_is_handed_over_at_once() {
    each_database(async |storage| {
        three(&storage).await;
        join(&storage, BOB, OrgRole::Viewer).await;
        let home = storage.tenant(HOME);
        let transfer = async |from, to| home.transfer_ownership(&by(from, NOW), from, to).await.unwrap();
        assert_eq!(transfer(BOB, ADA).await, Transfer::NotOwner);
        assert_eq!(transfer(ADA, EVE).await, Transfer::NotMember);
        assert_eq!(transfer(ADA, ADA).await, Transfer::Done);
        assert_eq!(role(&storage, ADA, HOME).await, Some(OrgRole::Owner));
        assert_eq!(transfer(ADA, BOB).await, Transfer::Done);
        let roles = (role(&storage, ADA, HOME).await, role(&storage, BOB, HOME).await);
        assert_eq!(roles, (Some(OrgRole::Admin), Some(OrgRole::Owner)));
        assert_eq!(transfer(ADA, BOB).await, Transfer::NotOwner);
    })
    .await;
}

#[tokio::test]
async fn of_two_owners_who_demote_each_other_at_once_one_is_left() {
    each_database(async |storage| {
        three(&storage).await;
        join(&storage, BOB, OrgRole::Owner).await;
        let home = storage.tenant(HOME);
        for _ in 0..50 {
            let author = by(ADA, NOW);
            let race = futures::future::join_all(
                [ADA, BOB].map(|user| home.change_org_role(&author, OrgRole::Owner, user, OrgRole::Member)),
            )
            .await;
            let refused = race.iter().filter(|done| matches!(done, Ok(OrgMemberChange::LastOwner))).count();
            assert_eq!(refused, 1, "{race:?}");
            let members = home.org_members(EVERYTHING).await.unwrap();
            let left = members.iter().find(|member| member.role == OrgRole::Owner).unwrap().user;
            let other = if left == ADA { BOB } else { ADA };
            home.change_org_role(&author, OrgRole::Owner, other, OrgRole::Owner).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn whoever_makes_an_organization_owns_it() {
    each_database(async |storage| {
        three(&storage).await;
        let made = OrgId(uuid(500));
        let row = storage.create_organization(&by(EVE, later(3)), EVE, made, "Lab\0").await.unwrap().unwrap();
        assert_eq!((row.name.as_str(), row.created_at), ("Lab\u{fffd}", later(3)));
        assert_eq!(role(&storage, EVE, made).await, Some(OrgRole::Owner));
        assert_eq!(audited(&storage, made).await, ["organization.created"]);
        assert_eq!(storage.create_organization(&by(BOB, NOW), BOB, made, "Mine").await.unwrap(), None);
        assert_eq!(role(&storage, BOB, made).await, None);
        let nobody = UserId(uuid(9));
        assert_eq!(
            storage.create_organization(&by(nobody, NOW), nobody, OrgId(uuid(501)), "X").await.unwrap(),
            None
        );
    })
    .await;
}
