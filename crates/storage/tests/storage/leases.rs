//! Who may drive: one at a time, everybody in turn, and nothing is left lying.

use crate::common::*;
use squad_domain::execution::{EventBody, NewEvent};
use squad_storage::{Claim, ClaimOutcome};
use squad_testkit::{each_database, spec};
use std::time::Duration;

#[tokio::test]
async fn a_lease_is_exclusive_until_it_is_released_or_runs_out() {
    each_database(async |storage| {
        let id = create(&storage, 1, &spec()).await;
        let first = storage.claim("one", NOW, TTL).await.unwrap().unwrap();
        assert_eq!((first.execution, first.reclaimed), (id, false));
        assert_eq!(storage.claim("two", NOW, TTL).await.unwrap(), None);
        let held = storage.claim_one(id, "two", NOW, TTL).await.unwrap();
        assert_eq!(held, ClaimOutcome::HeldBy { worker: "one".into(), until: NOW + TTL });

        // Renewed in time, it outlives its first term.
        let halfway = NOW + TTL / 2;
        assert!(storage.renew(&first, halfway, TTL).await.unwrap());
        assert_eq!(storage.claim("two", NOW + TTL, TTL).await.unwrap(), None);

        // Its holder vanishes.
        let after = halfway + TTL;
        let second = storage.claim("two", after, TTL).await.unwrap().unwrap();
        assert!(second.reclaimed && second.fence > first.fence);

        // Handed over, nobody vanished.
        storage.release(&second, None).await.unwrap();
        let third = storage.claim_one(id, "three", after, TTL).await.unwrap();
        let ClaimOutcome::Claimed(third) = third else { panic!("{third:?}") };
        assert!(!third.reclaimed && third.fence > second.fence);
        assert_eq!(
            storage.claim_one(crate::common::id(9), "x", NOW, TTL).await.unwrap(),
            ClaimOutcome::NotFound
        );
    })
    .await;
}

#[tokio::test]
async fn a_parked_execution_waits_for_an_input_and_never_sleeps_through_one() {
    each_database(async |storage| {
        let id = create(&storage, 1, &spec()).await;
        let claim = storage.claim("one", NOW, TTL).await.unwrap().unwrap();
        storage.release(&claim, Some(1)).await.unwrap();
        assert_eq!(storage.claim("one", NOW, TTL).await.unwrap(), None, "it is parked");

        push(&storage, id, vec![NewEvent::person("ada", EventBody::Resumed {})]).await.unwrap();
        let claim = storage.claim("one", NOW, TTL).await.unwrap().expect("an input wakes it");
        // The driver has seen event 2 and is about to park when event 3 arrives.
        push(&storage, id, vec![NewEvent::person("ada", EventBody::Resumed {})]).await.unwrap();
        storage.release(&claim, Some(2)).await.unwrap();
        let claim = storage.claim("one", NOW, TTL).await.unwrap().expect("no wake-up is lost");
        storage.release(&claim, Some(3)).await.unwrap();
        assert_eq!(storage.claim("one", NOW, TTL).await.unwrap(), None);

        // Claimed by name while parked, then the holder vanishes: others must find what it left undone.
        assert!(matches!(storage.claim_one(id, "two", NOW, TTL).await.unwrap(), ClaimOutcome::Claimed(_)));
        let found = storage.claim("one", NOW + TTL, TTL).await.unwrap();
        assert!(found.is_some_and(|claim| claim.reclaimed));
    })
    .await;
}

#[tokio::test]
async fn the_one_that_waited_longest_comes_first() {
    each_database(async |storage| {
        for number in [1, 2, 3] {
            create(&storage, number, &spec()).await;
        }
        let mut order = vec![];
        for second in 1..=6 {
            let now = NOW + Duration::from_secs(second);
            let claim = storage.claim("one", now, TTL).await.unwrap().unwrap();
            order.push(claim.execution);
            storage.release(&claim, None).await.unwrap();
        }
        assert_eq!(order, [id(1), id(2), id(3), id(1), id(2), id(3)]);
    })
    .await;
}

#[tokio::test]
async fn many_workers_never_get_the_same_execution() {
    each_database(async |storage| {
        for number in 0..20 {
            create(&storage, number, &spec()).await;
        }
        let claims = (0..60).map(|worker| {
            let storage = storage.clone();
            tokio::spawn(async move {
                // On Postgres, a row that another worker is just claiming is skipped, not waited for.
                storage.claim(&format!("w{worker}"), NOW, TTL).await.unwrap()
            })
        });
        let claims: Vec<Option<Claim>> =
            futures::future::join_all(claims).await.into_iter().map(Result::unwrap).collect();
        let mut got: Vec<_> = claims.into_iter().flatten().map(|claim| claim.execution).collect();
        while let Some(claim) = storage.claim("last", NOW, TTL).await.unwrap() {
            got.push(claim.execution);
        }
        got.sort();
        assert_eq!(got, (0..20).map(id).collect::<Vec<_>>());
    })
    .await;
}
