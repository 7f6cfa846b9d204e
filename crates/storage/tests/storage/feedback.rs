//! What people think of what was done.

use crate::common::*;
use squad_domain::ids::{ExecutionId, OrgId, SquadId, UserId};
use squad_storage::{Author, FeedbackError, NewFeedback, Page, SquadRatings};
use squad_testkit::{each_database, spec};
use std::time::Duration;
use uuid::Uuid;

const ADA: UserId = UserId(Uuid::from_u128(0xada));
const BOB: UserId = UserId(Uuid::from_u128(0xb0b));
const ALL: Page = Page { limit: 100, before: None };

fn author() -> Author {
    Author { actor: "user:ada".into(), address: "127.0.0.1".into(), at: NOW }
}

fn feedback(
    number: u32,
    execution: ExecutionId,
    user: UserId,
    member: Option<&str>,
    rating: u8,
) -> NewFeedback {
    let comment = format!("Comment {number}");
    NewFeedback {
        id: id(0x2000 + number).0,
        execution,
        member: member.map(Into::into),
        rating,
        comment,
        user,
    }
}

#[tokio::test]
async fn feedback_given_again_takes_the_place_of_the_first() {
    each_database(async |storage| {
        let tenant = storage.tenant(spec().org);
        let execution = create(&storage, 1, &spec()).await;
        let first = tenant.give_feedback(&author(), feedback(1, execution, ADA, None, 2)).await.unwrap();
        assert_eq!((first.rating, first.version, first.member.as_ref()), (2, 1, None));
        let later = Author { at: NOW + Duration::from_secs(5), ..author() };
        let second = tenant.give_feedback(&later, feedback(2, execution, ADA, None, 5)).await.unwrap();
        assert_eq!((second.id, second.rating, second.version), (first.id, 5, 2));
        assert_eq!(
            (second.comment.as_str(), second.created_at, second.updated_at),
            ("Comment 2", NOW, later.at)
        );
        // Of a member, and by somebody else, is another matter.
        tenant.give_feedback(&author(), feedback(3, execution, ADA, Some("Bea"), 4)).await.unwrap();
        tenant.give_feedback(&author(), feedback(4, execution, BOB, None, 1)).await.unwrap();
        let given = tenant.feedback_of_execution(execution, ALL).await.unwrap();
        assert_eq!(given.iter().map(|row| row.rating).collect::<Vec<_>>(), [1, 4, 5]);
        let page = Page { limit: 9, before: Some(given[0].id) };
        assert_eq!(tenant.feedback_of_execution(execution, page).await.unwrap(), given[1..]);
        let log = tenant.audit_entries(1, None).await.unwrap().remove(0);
        assert_eq!((log.action.as_str(), &log.details["rating"]), ("feedback.given", &1.into()));
        assert!(!log.details.to_string().contains("Comment"));

        assert!(!tenant.delete_feedback(&author(), second.id, BOB).await.unwrap(), "it is not his");
        assert!(tenant.delete_feedback(&author(), second.id, ADA).await.unwrap());
        assert_eq!(tenant.feedback_of_execution(execution, ALL).await.unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn only_what_exists_is_rated_and_from_one_to_five() {
    each_database(async |storage| {
        let tenant = storage.tenant(spec().org);
        let execution = create(&storage, 1, &spec()).await;
        for rating in [0, 6, 255] {
            let refused = tenant.give_feedback(&author(), feedback(1, execution, ADA, None, rating)).await;
            assert!(matches!(refused, Err(FeedbackError::InvalidRating(given)) if given == rating));
        }
        let refused = tenant.give_feedback(&author(), feedback(1, execution, ADA, Some("Zoe"), 3)).await;
        assert!(matches!(refused, Err(FeedbackError::UnknownMember(name)) if name.as_str() == "Zoe"));
        let refused = tenant.give_feedback(&author(), feedback(1, id(9), ADA, None, 3)).await;
        assert!(matches!(refused, Err(FeedbackError::UnknownExecution)));
        assert_eq!(tenant.prove_audit().await.unwrap().entries, 0);
    })
    .await;
}

#[tokio::test]
async fn a_squad_and_its_members_are_rated_over_all_executions() {
    each_database(async |storage| {
        let tenant = storage.tenant(spec().org);
        let squad = spec().squad.id;
        assert_eq!(tenant.squad_ratings(squad).await.unwrap(), SquadRatings::default());
        let (one, two) = (create(&storage, 1, &spec()).await, create(&storage, 2, &spec()).await);
        let mut elsewhere = spec();
        elsewhere.squad.id = SquadId(Uuid::from_u128(0x55));
        let other = create(&storage, 3, &elsewhere).await;
        for (number, (execution, member, rating)) in (1..).zip([
            (one, None, 5),
            (two, None, 2),
            (one, Some("Tom"), 4),
            (two, Some("Bea"), 3),
            (other, None, 1),
        ]) {
            tenant.give_feedback(&author(), feedback(number, execution, ADA, member, rating)).await.unwrap();
        }
        let ratings = tenant.squad_ratings(squad).await.unwrap();
        assert_eq!((ratings.squad.counts, ratings.squad.average()), ([0, 1, 0, 0, 1], Some(3.5)));
        let members: Vec<_> =
            ratings.members.iter().map(|(name, summary)| (name.as_str(), summary.average())).collect();
        assert_eq!(members, [("Bea", Some(3.0)), ("Tom", Some(4.0))]);
        let given = tenant.feedback_of_squad(squad, ALL).await.unwrap();
        assert_eq!(given.iter().map(|row| row.rating).collect::<Vec<_>>(), [3, 4, 2, 5]);
    })
    .await;
}

#[tokio::test]
async fn another_organization_neither_sees_nor_gives_nor_takes() {
    each_database(async |storage| {
        let ours = storage.tenant(spec().org);
        let execution = create(&storage, 1, &spec()).await;
        let given = ours.give_feedback(&author(), feedback(1, execution, ADA, None, 5)).await.unwrap();
        let theirs = storage.tenant(OrgId(Uuid::from_u128(0x99)));
        assert_eq!(theirs.feedback_of_execution(execution, ALL).await.unwrap(), []);
        assert_eq!(theirs.feedback_of_squad(spec().squad.id, ALL).await.unwrap(), []);
        assert_eq!(theirs.squad_ratings(spec().squad.id).await.unwrap(), SquadRatings::default());
        let refused = theirs.give_feedback(&author(), feedback(2, execution, ADA, None, 1)).await;
        assert!(matches!(refused, Err(FeedbackError::UnknownExecution)));
        assert!(!theirs.delete_feedback(&author(), given.id, ADA).await.unwrap());
        assert_eq!(ours.feedback_of_execution(execution, ALL).await.unwrap(), [given]);
        assert_eq!(theirs.prove_audit().await.unwrap().entries, 0);
    })
    .await;
}
