//! What many do at once.

use crate::common::*;
use sea_orm::ConnectionTrait as _;
use squad_storage::{AppendError, BudgetScope};
use squad_testkit::{TestDatabase, each_backend, each_database, spec};

/// On SQLite these share commits; one that is refused among them must neither fail nor leave a trace in the others.
#[tokio::test(flavor = "multi_thread")]
async fn one_refused_append_does_not_touch_the_others() {
    each_database(async |storage| {
        for number in 0..60 {
            working(&storage, number, &spec()).await;
        }
        // Every third refers to a lane that is not there, which is only found out after its reservation of the first call.
        let tasks: Vec<_> = (0..60)
            .map(|number| {
                let storage = storage.clone();
                let mut events = vec![started("work/s1/1", "a", "0.01"), note("x")];
                if number % 3 == 0 {
                    events.push(started("nowhere", "b", "0.01"));
                }
                tokio::spawn(async move { storage.append(id(number), seen(2), NOW, events).await })
            })
            .collect();
        for (number, task) in (0..).zip(tasks) {
            let outcome = task.await.unwrap();
            assert_eq!(outcome.is_err(), number % 3 == 0, "{number}: {outcome:?}");
            let expected = if number % 3 == 0 { 2 } else { 4 };
            assert_eq!(storage.last_seq(id(number)).await.unwrap(), Some(expected));
            assert_eq!(storage.events(id(number), 0, 100).await.unwrap().len() as u64, expected);
        }
        let squad = storage.budget(&BudgetScope::Squad(spec().squad.id)).await.unwrap().unwrap();
        assert_eq!(squad.reserved, usd("0.40"));
    })
    .await;
}

async fn squad_sequence(database: &TestDatabase) -> Vec<i64> {
    let connection = sea_orm::Database::connect(database.url()).await.unwrap();
    let sql = "SELECT squad_seq FROM events ORDER BY squad_seq";
    let statement = sea_orm::Statement::from_string(connection.get_database_backend(), sql);
    let rows = connection.query_all_raw(statement).await.unwrap();
    let sequence = rows.iter().map(|row| row.try_get("", "squad_seq").unwrap()).collect();
    connection.close().await.unwrap();
    sequence
}

/// Two pools, as two servers have them, so that on SQLite two writers compete for the file.
#[tokio::test(flavor = "multi_thread")]
async fn a_squads_stream_has_no_gaps_however_many_write_to_it() {
    each_backend(async |database| {
        let (one, two) = (database.open().await, database.open().await);
        for number in 0..40 {
            working(&one, number, &spec()).await;
        }
        let tasks: Vec<_> = (0..40)
            .map(|number| {
                let storage = if number % 2 == 0 { one.clone() } else { two.clone() };
                tokio::spawn(async move {
                    for seq in 2..7 {
                        let events = vec![note("one"), note("two")];
                        storage.append(id(number), seen(2 * seq - 2), NOW, events).await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(squad_sequence(database).await, (1..=480).collect::<Vec<i64>>());
        one.close().await;
        two.close().await;
    })
    .await;
}

/// Many write to one log; the guard lets one through at a time, and the log has no gaps either.
#[tokio::test(flavor = "multi_thread")]
async fn competing_inputs_are_all_kept_in_some_order() {
    each_database(async |storage| {
        let id = create(&storage, 1, &spec()).await;
        let tasks: Vec<_> = (0..8)
            .map(|number| {
                let storage = storage.clone();
                tokio::spawn(async move {
                    let mut last = 1;
                    loop {
                        let input = vec![note(&number.to_string())];
                        match storage.append(id, seen(last), NOW, input).await {
                            Ok(_) => return,
                            Err(AppendError::SeqConflict { actual }) => last = actual,
                            Err(error) => panic!("{error}"),
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let events = storage.events(id, 0, 100).await.unwrap();
        assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), (1..=9).collect::<Vec<_>>());
    })
    .await;
}
