//! Money before the act: reserved on every budget, settled exactly once, never overspent.

use crate::common::*;
use futures::StreamExt as _;
use squad_domain::execution::{EventBody, NewEvent, Status};
use squad_domain::ids::{ExecutionId, OrgId};
use squad_domain::message::Actor;
use squad_domain::money::MicroUsd;
use squad_domain::question::{Answer, Asked, Question, Subject};
use squad_storage::{AppendError, BudgetRow, BudgetScope, CallOutcome, Storage, StorageError};
use squad_testkit::{each_backend, each_database, member_with_budget, spec};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use uuid::Uuid;

const LANE: &str = "work/s1/1";

async fn budgets(storage: &Storage, id: ExecutionId) -> Vec<BudgetRow> {
    let spec = spec();
    let scopes = [
        BudgetScope::Org(spec.org),
        BudgetScope::Squad(spec.squad.id),
        BudgetScope::Execution(id),
        BudgetScope::Member(id, "Bea".into()),
    ];
    let mut rows = vec![];
    for scope in scopes {
        rows.push(storage.budget(&scope).await.unwrap().unwrap());
    }
    rows
}

/// Checks that all four budgets of Bea's path have spent and reserved so much.
async fn check(storage: &Storage, id: ExecutionId, spent: &str, reserved: &str) {
    for row in budgets(storage, id).await {
        assert_eq!((row.spent, row.reserved), (usd(spent), usd(reserved)));
    }
}

#[tokio::test]
async fn a_call_is_reserved_then_settled_exactly_once() {
    each_database(async |storage| {
        let id = working(&storage, 1, &spec()).await;
        push(&storage, id, vec![started(LANE, "a", "0.50")]).await.unwrap();
        check(&storage, id, "0", "0.50").await;
        push(&storage, id, vec![finished(LANE, "a", "0.02")]).await.unwrap();
        check(&storage, id, "0.02", "0").await;
        push(&storage, id, vec![finished(LANE, "a", "0.02"), failed(LANE, "a", "0.02")]).await.unwrap();
        check(&storage, id, "0.02", "0").await;
        // Above what was set aside: booked in full. Settled and reserved anew by one append, as turns do it.
        push(&storage, id, vec![started(LANE, "b", "0.10")]).await.unwrap();
        push(&storage, id, vec![failed(LANE, "b", "0.30"), started(LANE, "c", "0.10")]).await.unwrap();
        check(&storage, id, "0.32", "0.10").await;
        push(&storage, id, vec![finished(LANE, "c", "0")]).await.unwrap();
        check(&storage, id, "0.32", "0").await;
        assert_eq!(storage.execution(id).await.unwrap().unwrap().cost, usd("0.32"));

        let calls = storage.model_calls(id).await.unwrap();
        let outcomes: Vec<_> = calls.iter().map(|call| (call.step.as_str(), &call.outcome)).collect();
        let overloaded = CallOutcome::Failed("overloaded".into());
        assert_eq!(outcomes, [("a", &CallOutcome::Ok), ("b", &overloaded), ("c", &CallOutcome::Ok)]);
        assert_eq!((calls[0].member.as_str(), calls[0].purpose.as_str()), ("Bea", "code"));
        assert_eq!(calls[0].model_asked, "scripted/big");
        assert_eq!(calls[0].model_used.as_deref(), Some("scripted/small"));
        assert_eq!(
            (calls[0].usage.cached_input, calls[0].first_token_ms, calls[0].estimated),
            (600, Some(56), true)
        );
    })
    .await;
}

#[tokio::test]
async fn each_budget_of_the_path_can_refuse_and_then_nothing_is_written() {
    each_database(async |storage| {
        let plain = spec();
        let scopes: Vec<(BudgetScope, u32)> = vec![
            (BudgetScope::Org(plain.org), 1),
            (BudgetScope::Squad(plain.squad.id), 2),
            (BudgetScope::Execution(id(3)), 3),
            (BudgetScope::Member(id(4), "Bea".into()), 4),
        ];
        for (scope, number) in scopes {
            let id = working(&storage, number, &plain).await;
            push(&storage, id, vec![started(LANE, "a", "0.60"), finished(LANE, "a", "0.25")]).await.unwrap();
            push(&storage, id, vec![started(LANE, "b", "0.25")]).await.unwrap();
            let before = budgets(&storage, id).await;
            let used = storage.budget(&scope).await.unwrap().unwrap();
            let limit = used.spent + used.reserved + usd("0.50");
            storage.set_budget(&scope, Some(limit)).await.unwrap();

            let refused = push(&storage, id, vec![note("lost"), started(LANE, "c", "0.500001")]).await;
            let Err(AppendError::BudgetExceeded { scope: at, limit: told, used: spent, needed, step }) =
                refused
            else {
                panic!("{refused:?}")
            };
            assert_eq!((at, told, spent), (scope.clone(), limit, used.spent + used.reserved));
            assert_eq!((needed, step.as_str()), (usd("0.500001"), "c"));
            assert_eq!(storage.last_seq(id).await.unwrap(), Some(5), "the note went with it");
            storage.set_budget(&scope, None).await.unwrap();
            assert_eq!(budgets(&storage, id).await, before);

            storage.set_budget(&scope, Some(limit)).await.unwrap();
            push(&storage, id, vec![started(LANE, "c", "0.50")]).await.expect("to the last cent it fits");
            push(&storage, id, vec![started(LANE, "free", "0")]).await.expect("what is free always fits");
            storage.set_budget(&scope, None).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn two_calls_of_one_append_cannot_share_the_same_money() {
    each_database(async |storage| {
        let mut spec = spec();
        spec.budget = Some(usd("1"));
        let id = working(&storage, 1, &spec).await;
        let refused = push(&storage, id, vec![started(LANE, "a", "0.60"), started(LANE, "b", "0.60")]).await;
        assert!(matches!(refused, Err(AppendError::BudgetExceeded { .. })), "{refused:?}");
        check(&storage, id, "0", "0").await;
        // A price so high that it overflows is refused like any other.
        let huge = MicroUsd::from_micros(u64::MAX);
        let refused = push(&storage, id, vec![started(LANE, "a", "18446744073709.551615")]).await;
        assert!(matches!(refused, Err(AppendError::BudgetExceeded { needed, .. }) if needed <= huge));
    })
    .await;
}

#[tokio::test]
async fn the_end_gives_back_what_is_still_held_and_a_late_bill_is_booked_all_the_same() {
    each_database(async |storage| {
        let id = working(&storage, 1, &spec()).await;
        push(&storage, id, vec![lane("Tom", "review/1")]).await.unwrap();
        push(&storage, id, vec![started(LANE, "a", "0.50"), started("review/1", "b", "0.25")]).await.unwrap();
        push(&storage, id, vec![state(Status::Pending, Status::Failed)]).await.unwrap();
        check(&storage, id, "0", "0").await;
        let tom = BudgetScope::Member(id, "Tom".into());
        assert_eq!(storage.budget(&tom).await.unwrap().unwrap().reserved, MicroUsd::ZERO);
        push(&storage, id, vec![finished(LANE, "a", "0.40")]).await.unwrap();
        check(&storage, id, "0.40", "0").await;
    })
    .await;
}

fn question(number: u32, from: Actor) -> NewEvent {
    NewEvent::engine(EventBody::QuestionAsked {
        question: Question {
            id: format!("q{number}").into(),
            from,
            to: Asked::Person,
            subject: Subject::Budget {
                scope: "execution".into(),
                limit: usd("1"),
                used: usd("1"),
                needed: usd("1"),
            },
            text: "More?".into(),
            options: vec![],
        },
    })
}

fn raise(number: u32, limit: &str) -> NewEvent {
    let answer = Answer::RaiseBudget { limit: usd(limit) };
    NewEvent::person("ada", EventBody::QuestionAnswered { question: format!("q{number}").into(), answer })
}

#[tokio::test]
async fn a_person_raises_the_very_budget_that_was_asked_about() {
    each_database(async |storage| {
        let mut spec = member_with_budget(spec(), "Bea", usd("0.10"));
        spec.budget = Some(usd("1"));
        let id = working(&storage, 1, &spec).await;
        let limits = async || -> Vec<Option<MicroUsd>> {
            budgets(&storage, id).await.into_iter().map(|row| row.limit).collect()
        };
        assert_eq!(limits().await, [None, None, Some(usd("1")), Some(usd("0.10"))]);
        push(&storage, id, vec![question(1, Actor::Engine), question(2, Actor::Member("Bea".into()))])
            .await
            .unwrap();
        push(&storage, id, vec![raise(2, "0.50")]).await.unwrap();
        assert_eq!(limits().await, [None, None, Some(usd("1")), Some(usd("0.50"))]);
        push(&storage, id, vec![raise(1, "3")]).await.unwrap();
        // The first answer counts, as in the fold.
        push(&storage, id, vec![raise(1, "9")]).await.unwrap();
        assert_eq!(limits().await, [None, None, Some(usd("3")), Some(usd("0.50"))]);
        assert_eq!(storage.execution(id).await.unwrap().unwrap().budget, Some(usd("3")));
    })
    .await;
}

#[tokio::test]
async fn an_organization_can_be_limited_before_it_has_anything() {
    each_database(async |storage| {
        let org = BudgetScope::Org(spec().org);
        storage.set_budget(&org, Some(usd("0.01"))).await.unwrap();
        let id = working(&storage, 1, &spec()).await;
        let refused = push(&storage, id, vec![started(LANE, "a", "0.02")]).await;
        assert!(matches!(refused, Err(AppendError::BudgetExceeded { .. })), "{refused:?}");
        let nobody = BudgetScope::Execution(crate::common::id(9));
        let unknown = storage.set_budget(&nobody, None).await;
        assert!(matches!(unknown, Err(StorageError::NotFound { .. })), "{unknown:?}");
        assert_eq!(storage.budget(&BudgetScope::Org(OrgId(Uuid::from_u128(77)))).await.unwrap(), None);
    })
    .await;
}

/// Appends, and goes on waiting where no connection was free for long: nothing is written then.
async fn patiently(storage: &Storage, number: u32, event: NewEvent) -> Result<u64, AppendError> {
    loop {
        match push(storage, id(number), vec![event.clone()]).await {
            Err(AppendError::Storage(StorageError::Silent { .. })) => {}
            done => return done,
        }
    }
}

/// A thousand calls for a dollar that a hundred of them would reserve in full, while somebody else looks on.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_calls_on_the_last_dollar_never_overspend_it_at_any_moment() {
    each_backend(async |database| {
        let (storage, onlooker) = (database.open().await, database.open().await);
        let all = futures::stream::iter(0..1_000).map(|number| {
            let storage = &storage;
            async move { working(storage, number, &spec()).await }
        });
        all.buffer_unordered(32).for_each(async |_| ()).await;
        let scopes = [BudgetScope::Squad(spec().squad.id), BudgetScope::Org(spec().org)];
        for scope in &scopes {
            storage.set_budget(scope, Some(usd("1"))).await.unwrap();
        }
        let over = Arc::new(AtomicBool::new(false));
        let looks = {
            let (over, scopes) = (Arc::clone(&over), scopes.clone());
            tokio::spawn(async move {
                let mut looks = 0;
                loop {
                    for scope in &scopes {
                        let row = onlooker.budget(scope).await.unwrap().unwrap();
                        assert!(row.spent + row.reserved <= usd("1"), "{scope}: {row:?}");
                    }
                    looks += 1;
                    if over.load(Ordering::Relaxed) {
                        onlooker.close().await;
                        return looks;
                    }
                }
            })
        };
        // Every fifth call costs all that it reserved, the others a part of it.
        let call = |number: u32| {
            let storage = storage.clone();
            tokio::spawn(async move {
                let cost = if number.is_multiple_of(5) { "0.01" } else { "0.003" };
                match patiently(&storage, number, started(LANE, "a", "0.01")).await {
                    Ok(_) => {
                        patiently(&storage, number, finished(LANE, "a", cost)).await.unwrap();
                        Some(usd(cost))
                    }
                    Err(AppendError::BudgetExceeded { .. }) => None,
                    Err(other) => panic!("{other:?}"),
                }
            })
        };
        let settled = futures::future::join_all((0..1_000).map(call)).await;
        let settled: Vec<MicroUsd> = settled.into_iter().filter_map(Result::unwrap).collect();
        over.store(true, Ordering::Relaxed);
        assert!(looks.await.unwrap() > 0);
        assert!(settled.len() >= 100 && settled.len() < 1_000, "{}", settled.len());
        for scope in &scopes {
            let row = storage.budget(scope).await.unwrap().unwrap();
            assert_eq!((row.spent, row.reserved), (settled.iter().copied().sum(), MicroUsd::ZERO));
        }
        storage.close().await;
    })
    .await;
}
