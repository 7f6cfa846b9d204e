//! Invitations: one open for an address, good once, for whom it was sent to.

use crate::common::NOW;
use crate::people::*;
use squad_domain::ids::OrgId;
use squad_domain::permission::OrgRole;
use squad_storage::{Acceptance, Invited, NewInvitation};
use squad_testkit::each_database;

#[tokio::test]
async fn an_invitation_is_good_once_for_the_address_that_it_was_sent_to() {
    each_database(async |storage| {
        three(&storage).await;
        let home = storage.tenant(HOME);
        let author = by(ADA, NOW);
        let sent = home.invite(&author, invitation(10, "bob@x.test", OrgRole::Admin)).await.unwrap();
        let Invited::Done(sent) = sent else { panic!("{sent:?}") };
        assert_eq!((sent.invited_by, sent.created_at, sent.expires_at), (Some(ADA), NOW, later(3600)));
        let offer = storage.invitation("invitation 10", later(1)).await.unwrap().unwrap();
        assert_eq!((offer.organization, offer.organization_name.as_str()), (HOME, "Home"));
        assert_eq!(offer.invitation, sent);
        assert_eq!(storage.invitation("invitation 10", later(3600)).await.unwrap(), None, "it had expired");
        assert_eq!(storage.invitation("guess", NOW).await.unwrap(), None);

        let accept = async |user, email: &str, seconds| {
            let author = by(user, later(seconds));
            storage.accept_invitation(&author, "invitation 10", user, email).await.unwrap()
        };
        assert_eq!(accept(EVE, "eve@x.test", 1).await, Acceptance::WrongAddress);
        assert_eq!(accept(BOB, "bob@x.test", 3600).await, Acceptance::Void);
        assert_eq!(role(&storage, BOB, HOME).await, None);
        let race = futures::future::join_all((0..10).map(|_| accept(BOB, "bob@x.test", 2))).await;
        assert_eq!(race.iter().filter(|done| **done == Acceptance::Joined(HOME)).count(), 1);
        assert_eq!(race.iter().filter(|done| **done == Acceptance::Void).count(), 9);
        assert_eq!(role(&storage, BOB, HOME).await, Some(OrgRole::Admin));
        assert!(home.invitations(EVERYTHING).await.unwrap().is_empty());
        assert_eq!(audited(&storage, HOME).await, ["invitation.sent", "member.joined"]);

        let again = home.invite(&author, invitation(11, "bob@x.test", OrgRole::Owner)).await.unwrap();
        assert_eq!(again, Invited::AlreadyMember);
        // Whoever joined under another address meanwhile stays what they are.
        home.invite(&author, invitation(12, "bob@work.test", OrgRole::Owner)).await.unwrap();
        let author = by(BOB, later(3));
        let known = storage.accept_invitation(&author, "invitation 12", BOB, "bob@work.test").await.unwrap();
        assert_eq!(
            (known, role(&storage, BOB, HOME).await),
            (Acceptance::AlreadyMember(HOME), Some(OrgRole::Admin))
        );
    })
    .await;
}

#[tokio::test]
async fn a_newer_invitation_voids_the_one_before_and_one_taken_back_is_void() {
    each_database(async |storage| {
        three(&storage).await;
        let home = storage.tenant(HOME);
        let author = by(ADA, NOW);
        let race = (0..10).map(|n| home.invite(&author, invitation(20 + n, "bob@x.test", OrgRole::Member)));
        for sent in futures::future::join_all(race).await {
            assert!(matches!(sent.unwrap(), Invited::Done(_)));
        }
        let open = home.invitations(EVERYTHING).await.unwrap();
        assert_eq!(open.len(), 1);
        let mut good = 0;
        for n in 20..30 {
            good += usize::from(storage.invitation(&format!("invitation {n}"), NOW).await.unwrap().is_some());
        }
        assert_eq!(good, 1);

        let foreign = storage.tenant(EVES);
        assert!(foreign.invitations(EVERYTHING).await.unwrap().is_empty());
        assert_eq!(foreign.revoke_invitation(&by(EVE, NOW), open[0].id).await.unwrap(), None);
        let stranger = foreign.invite(&author, invitation(40, "joe@x.test", OrgRole::Member)).await.unwrap();
        assert_eq!(stranger, Invited::NotFound, "Ada is not in it");
        let system = NewInvitation { invited_by: None, ..invitation(41, "joe@x.test", OrgRole::Member) };
        let nowhere = storage.tenant(OrgId(uuid(77))).invite(&author, system).await.unwrap();
        assert_eq!(nowhere, Invited::NotFound);
        assert!(audited(&storage, EVES).await.is_empty());

        let revoked = home.revoke_invitation(&author, open[0].id).await.unwrap();
        assert_eq!(revoked.as_ref(), Some(&open[0]));
        assert_eq!(home.revoke_invitation(&author, open[0].id).await.unwrap(), None);
        for n in 20..30 {
            let hash = format!("invitation {n}");
            let late = storage.accept_invitation(&by(BOB, later(1)), &hash, BOB, "bob@x.test").await.unwrap();
            assert_eq!(late, Acceptance::Void);
        }
        home.invite(&author, invitation(50, "bob@x.test", OrgRole::Member)).await.unwrap();
        assert_eq!(home.invitations(EVERYTHING).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn whoever_joins_by_what_was_sent_to_their_address_has_shown_that_it_is_theirs() {
    each_database(async |storage| {
        three(&storage).await;
        let home = storage.tenant(HOME);
        home.invite(&by(ADA, NOW), invitation(50, "bob@x.test", OrgRole::Member)).await.unwrap();
        home.invite(&by(ADA, NOW), invitation(51, "eve@work.test", OrgRole::Member)).await.unwrap();
        let verified = async |user| storage.account(user).await.unwrap().unwrap().user.email_verified_at;
        assert_eq!((verified(BOB).await, verified(EVE).await), (None, None));
        for (user, token, email) in [(BOB, 50, "bob@x.test"), (EVE, 51, "eve@work.test")] {
            let author = by(user, later(1));
            let token = format!("invitation {token}");
            let joined = storage.accept_invitation(&author, &token, user, email).await.unwrap();
            assert_eq!(joined, Acceptance::Joined(HOME));
        }
        assert_eq!(
            (verified(BOB).await, verified(EVE).await),
            (Some(later(1)), None),
            "Eve's is another one"
        );
    })
    .await;
}
