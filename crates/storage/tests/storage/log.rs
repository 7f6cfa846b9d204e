//! The log's guards: sequence, fence, end.

use crate::common::*;
use squad_domain::execution::{EventBody, ExecutionState, NewEvent, Status};
use squad_domain::message::Actor;
use squad_storage::{AppendError, ClaimOutcome, StorageError};
use squad_testkit::{each_database, spec};

#[tokio::test]
async fn what_is_appended_is_read_back_as_it_was_answered() {
    each_database(async |storage| {
        let id = id(1);
        let mut all =
            vec![storage.create_execution(id, &spec(), Actor::Person("ada".into()), NOW).await.unwrap()];
        let awkward = "nul \0, quotes \" ' \\, 𝄞, \u{2028} and {braces}";
        let events = vec![lane("Bea", "work/s1/1"), note(awkward)];
        all.extend(storage.append(id, seen(1), NOW, events).await.unwrap());
        assert_eq!(all.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2, 3]);

        assert_eq!(storage.events(id, 0, 100).await.unwrap(), all);
        assert_eq!(storage.events(id, 1, 1).await.unwrap(), all[1..2]);
        assert_eq!(storage.events(id, 3, 100).await.unwrap(), []);
        assert_eq!(storage.last_seq(id).await.unwrap(), Some(3));
        assert_eq!(storage.last_seq(crate::common::id(9)).await.unwrap(), None);
        assert_eq!(ExecutionState::fold(&all).unwrap().lanes.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_wrong_sequence_number_writes_nothing_and_tells_the_right_one() {
    each_database(async |storage| {
        let id = create(&storage, 1, &spec()).await;
        storage.append(id, seen(1), NOW, vec![note("first")]).await.unwrap();
        for wrong in [0, 1, 3] {
            let refused = storage.append(id, seen(wrong), NOW, vec![note("second")]).await;
            assert!(matches!(refused, Err(AppendError::SeqConflict { actual: 2 })), "{wrong}: {refused:?}");
        }
        assert_eq!(storage.events(id, 0, 100).await.unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn an_id_begins_one_execution() {
    each_database(async |storage| {
        let id = create(&storage, 1, &spec()).await;
        let again = storage.create_execution(id, &spec(), Actor::Engine, NOW).await;
        assert!(matches!(again, Err(StorageError::AlreadyExists(taken)) if taken == id));
        let nowhere = storage.append(crate::common::id(2), seen(0), NOW, vec![note("x")]).await;
        assert!(matches!(nowhere, Err(AppendError::Storage(StorageError::NotFound { .. }))));
    })
    .await;
}

#[tokio::test]
async fn a_zombie_writes_nothing() {
    each_database(async |storage| {
        let id = create(&storage, 1, &spec()).await;
        let zombie = storage.claim("one", NOW, TTL).await.unwrap().unwrap();
        storage.append(id, held(1, zombie.fence), NOW, vec![note("while held")]).await.unwrap();
        let later = NOW + TTL;
        let heir = storage.claim("two", later, TTL).await.unwrap().unwrap();
        let late = storage.append(id, held(2, zombie.fence), later, vec![note("zombie")]).await;
        assert!(matches!(late, Err(AppendError::FenceLost)), "{late:?}");
        // Stale in both: that the lease is lost is what it must be told, or it would read on and try again.
        let late = storage.append(id, held(1, zombie.fence), later, vec![note("zombie")]).await;
        assert!(matches!(late, Err(AppendError::FenceLost)), "{late:?}");
        assert!(!storage.renew(&zombie, later, TTL).await.unwrap());
        storage.release(&zombie, Some(2)).await.unwrap();

        storage.append(id, held(2, heir.fence), later, vec![note("heir")]).await.unwrap();
        assert_eq!(storage.last_seq(id).await.unwrap(), Some(3));
        assert!(
            storage.execution(id).await.unwrap().unwrap().lease.is_some_and(|lease| lease.owner == "two")
        );

        storage.release(&heir, None).await.unwrap();
        let late = storage.append(id, held(3, heir.fence), later, vec![note("after release")]).await;
        assert!(matches!(late, Err(AppendError::FenceLost)), "{late:?}");
    })
    .await;
}

#[tokio::test]
async fn an_ended_execution_takes_only_the_settlement_of_calls_under_way() {
    each_database(async |storage| {
        let id = working(&storage, 1, &spec()).await;
        push(&storage, id, vec![started("work/s1/1", "a", "0.10"), started("work/s1/1", "b", "0.10")])
            .await
            .unwrap();
        push(&storage, id, vec![state(Status::Pending, Status::Cancelled)]).await.unwrap();
        for refused in [
            vec![note("more")],
            vec![NewEvent::person("ada", EventBody::Resumed {})],
            vec![started("work/s1/1", "c", "0.10")],
            vec![finished("work/s1/1", "never started", "0.01")],
            vec![finished("work/s1/1", "a", "0.01"), note("and more")],
        ] {
            let outcome = push(&storage, id, refused).await;
            assert!(matches!(outcome, Err(AppendError::Closed)), "{outcome:?}");
        }
        push(&storage, id, vec![finished("work/s1/1", "a", "0.01"), failed("work/s1/1", "b", "0.02")])
            .await
            .unwrap();
        let again = push(&storage, id, vec![finished("work/s1/1", "a", "0.01")]).await;
        assert!(matches!(again, Err(AppendError::Closed)), "{again:?}");

        let row = storage.execution(id).await.unwrap().unwrap();
        assert_eq!((row.status, row.cost, row.runnable), (Status::Cancelled, usd("0.03"), false));
        assert_eq!(storage.claim("one", NOW, TTL).await.unwrap(), None);
        assert_eq!(storage.claim_one(id, "one", NOW, TTL).await.unwrap(), ClaimOutcome::Terminal);
    })
    .await;
}
