//! What lists show.

use crate::common::*;
use squad_domain::execution::event::Delivery;
use squad_domain::execution::{EventBody, NewEvent, Status};
use squad_domain::ids::{ExecutionId, OrgId, SquadId};
use squad_domain::message::Actor;
use squad_storage::{ExecutionFilter, Storage};
use squad_testkit::{each_database, spec};
use std::time::Duration;
use uuid::Uuid;

async fn ids(storage: &Storage, limit: u64, filter: ExecutionFilter) -> Vec<ExecutionId> {
    storage.executions(limit, filter).await.unwrap().into_iter().map(|row| row.id).collect()
}

#[tokio::test]
async fn a_row_shows_how_its_execution_stands() {
    each_database(async |storage| {
        let mut spec = spec();
        spec.budget = Some(usd("2.50"));
        let id = create(&storage, 1, &spec).await;
        let fresh = storage.execution(id).await.unwrap().unwrap();
        assert_eq!(
            (fresh.title.as_str(), fresh.repository.as_str()),
            ("Let the cart count", "/srv/git/shop")
        );
        assert_eq!(
            (fresh.status, fresh.budget, fresh.branch, fresh.lease),
            (Status::Pending, Some(usd("2.50")), None, None)
        );
        assert_eq!((fresh.created_at, fresh.updated_at, fresh.last_seq), (NOW, NOW, 1));

        let later = NOW + Duration::from_secs(5);
        let delivery = Delivery {
            branch: "squad/cart".into(),
            commit: "c".into(),
            base: "b".into(),
            commits: vec![],
            diff_stat: String::new(),
            location: "/srv".into(),
        };
        let events = vec![
            NewEvent::person("ada", EventBody::Paused {}),
            state(Status::Pending, Status::Analyzing),
            NewEvent::engine(EventBody::Delivered { delivery }),
        ];
        storage.append(id, seen(1), later, events).await.unwrap();
        let claim = storage.claim("worker-7", later, TTL).await.unwrap().unwrap();
        let row = storage.execution(id).await.unwrap().unwrap();
        assert_eq!((row.status, row.reason.as_str(), row.paused), (Status::Analyzing, "because", true));
        assert_eq!((row.branch.as_deref(), row.updated_at, row.last_seq), (Some("squad/cart"), later, 4));
        let lease = row.lease.unwrap();
        assert_eq!((lease.owner.as_str(), lease.until, claim.execution), ("worker-7", later + TTL, id));
        storage
            .append(id, seen(4), later, vec![NewEvent::person("ada", EventBody::Resumed {})])
            .await
            .unwrap();
        assert!(!storage.execution(id).await.unwrap().unwrap().paused);
        assert_eq!(storage.execution(crate::common::id(9)).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn lists_are_newest_first_and_page_without_gap_or_repetition() {
    each_database(async |storage| {
        // Two of them at the same moment.
        for (number, second) in [(1, 0), (2, 10), (3, 10), (4, 20)] {
            let at = NOW + Duration::from_secs(second);
            storage.create_execution(id(number), &spec(), Actor::Engine, at).await.unwrap();
        }
        let mut foreign = spec();
        foreign.org = OrgId(Uuid::from_u128(99));
        foreign.squad.id = SquadId(Uuid::from_u128(98));
        create(&storage, 5, &foreign).await;
        push(&storage, id(4), vec![state(Status::Pending, Status::Cancelled)]).await.unwrap();

        let ours = ExecutionFilter { org: Some(spec().org), ..Default::default() };
        assert_eq!(ids(&storage, 9, ours).await, [id(4), id(3), id(2), id(1)]);
        assert_eq!(
            ids(&storage, 9, ExecutionFilter { unfinished: true, ..ours }).await,
            [id(3), id(2), id(1)]
        );
        assert_eq!(storage.executions(9, Default::default()).await.unwrap().len(), 5);
        let mut pages = vec![];
        let mut filter = ours;
        loop {
            let page = storage.executions(1, filter).await.unwrap();
            let Some(last) = page.last() else { break };
            filter.before = Some((last.created_at, last.id));
            pages.extend(page.iter().map(|row| row.id));
        }
        assert_eq!(pages, [id(4), id(3), id(2), id(1)]);
    })
    .await;
}

#[tokio::test]
async fn an_execution_is_found_by_what_people_type() {
    each_database(async |storage| {
        for number in [0x1111_abcd, 0x2222_abcd] {
            create(&storage, number, &spec()).await;
        }
        let one = id(0x1111_abcd);
        let found = async |text: &str| -> Vec<ExecutionId> {
            storage.find(text).await.unwrap().into_iter().map(|row| row.id).collect()
        };
        assert_eq!(found(&one.short()).await, [one]);
        assert_eq!(found(&one.to_string()).await, [one]);
        assert_eq!(found("1111ABCD").await, [one]);
        assert_eq!(found("00001111abcd").await, [one], "more than the short id");
        assert_eq!(found("abcd").await.len(), 2, "too few digits");
        assert_eq!(found("019a8f00-0000").await.len(), 2, "the beginning, as databases show it");
        for nothing in ["", "%", "zzzz", "99991111abcd", "1111abcd'; --"] {
            assert_eq!(found(nothing).await, [], "{nothing:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn memories_are_those_of_the_squad_and_the_repository() {
    each_database(async |storage| {
        let remember = |text: &str| {
            let (text, tags) = (text.to_owned(), vec!["build".to_owned()]);
            NewEvent::engine(EventBody::Remembered { lane: "work/s1/1".into(), text, tags })
        };
        let first = working(&storage, 1, &spec()).await;
        push(
            &storage,
            first,
            vec![remember("tests need \0 a running redis"), remember("prices are in cents")],
        )
        .await
        .unwrap();
        let second = working(&storage, 2, &spec()).await;
        let later = NOW + Duration::from_secs(1);
        storage.append(second, seen(2), later, vec![remember("use pnpm")]).await.unwrap();
        let mut elsewhere = spec();
        elsewhere.repository = "/srv/git/other".into();
        let other = working(&storage, 3, &elsewhere).await;
        push(&storage, other, vec![remember("unrelated")]).await.unwrap();

        let ours = storage.memories(spec().squad.id, "/srv/git/shop", 9).await.unwrap();
        let texts: Vec<&str> = ours.iter().map(|memory| memory.text.as_str()).collect();
        assert_eq!(texts, ["use pnpm", "prices are in cents", "tests need \u{fffd} a running redis"]);
        assert_eq!((ours[0].member.as_str(), ours[0].execution, ours[0].at), ("Bea", second, later));
        assert_eq!(ours[0].tags, ["build"]);
        assert_eq!(storage.memories(spec().squad.id, "/srv/git/shop", 1).await.unwrap().len(), 1);
        assert_eq!(storage.memories(SquadId(Uuid::from_u128(5)), "/srv/git/shop", 9).await.unwrap(), []);
    })
    .await;
}
