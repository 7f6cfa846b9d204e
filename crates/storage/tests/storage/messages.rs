//! What members and people said to each other.

use crate::common::*;
use squad_domain::execution::{EventBody, NewEvent};
use squad_domain::ids::{ExecutionId, OrgId, SquadId};
use squad_domain::message::{Actor, AgentMessage, MessageKind, Recipient};
use squad_storage::{
    MessageCursor, MessageFilter, MessageRow, MessageScope, MessageStatistics, Storage, Tenant,
};
use squad_testkit::{each_database, spec};
use std::time::Duration;
use uuid::Uuid;

fn member(name: &str) -> Recipient {
    Recipient::Member(name.into())
}

fn says(from: &str, to: Recipient, kind: MessageKind, content: &str) -> NewEvent {
    let from = match from.strip_prefix("person:") {
        Some(person) => Actor::Person(person.into()),
        None => Actor::Member(from.into()),
    };
    let message = AgentMessage { from, to, kind, content: content.into() };
    NewEvent::engine(EventBody::MessageSent { message })
}

async fn say(storage: &Storage, execution: ExecutionId, second: u64, events: Vec<NewEvent>) {
    let last = storage.last_seq(execution).await.unwrap().unwrap();
    let at = NOW + Duration::from_secs(second);
    storage.append(execution, seen(last), at, events).await.unwrap();
}

/// Two executions of one squad, one of another.
async fn talk(storage: &Storage) -> (Tenant, ExecutionId, ExecutionId) {
    use MessageKind::{Answer, Question, Standup, StatusUpdate};
    let (one, two) = (create(storage, 1, &spec()).await, create(storage, 2, &spec()).await);
    let question = says("Bea", member("Tom"), Question, "Which currency, Euro or Dollar?");
    say(storage, one, 1, vec![question, says("Tom", member("Bea"), Answer, "Euro, \0 100%")]).await;
    say(storage, two, 1, vec![says("Bea", member("Tom"), Question, "Which database?")]).await;
    say(storage, one, 2, vec![says("person:ada", Recipient::Everyone, StatusUpdate, "Ship on Friday")]).await;
    say(storage, two, 3, vec![says("Bea", Recipient::Person, Standup, "All is übersetzt")]).await;
    let mut elsewhere = spec();
    elsewhere.squad.id = SquadId(Uuid::from_u128(0x55));
    let three = create(storage, 3, &elsewhere).await;
    say(storage, three, 4, vec![says("Tom", member("Bea"), Answer, "Elsewhere")]).await;
    (storage.tenant(spec().org), one, two)
}

fn words(messages: &[MessageRow]) -> Vec<&str> {
    messages.iter().map(|message| message.content.split(' ').next().unwrap_or_default()).collect()
}

#[tokio::test]
async fn a_list_shows_what_its_filter_says_newest_first() {
    each_database(async |storage| {
        let (tenant, one, two) = talk(&storage).await;
        let all = MessageFilter::default;
        let squad = Some(spec().squad.id);
        let second = |second| Some(NOW + Duration::from_secs(second));
        for (filter, shown) in [
            (all(), vec!["Elsewhere", "All", "Ship", "Which", "Euro,", "Which"]),
            (MessageFilter { execution: Some(one), ..all() }, vec!["Ship", "Euro,", "Which"]),
            (MessageFilter { squad, kind: Some(MessageKind::Question), ..all() }, vec!["Which", "Which"]),
            (MessageFilter { squad, from: Some(Actor::Member("Tom".into())), ..all() }, vec!["Euro,"]),
            (MessageFilter { from: Some(Actor::Person("ada".into())), ..all() }, vec!["Ship"]),
            (MessageFilter { to: Some(Recipient::Person), ..all() }, vec!["All"]),
            (MessageFilter { to: Some(Recipient::Everyone), ..all() }, vec!["Ship"]),
            (MessageFilter { execution: Some(two), to: Some(member("Tom")), ..all() }, vec!["Which"]),
            (MessageFilter { since: second(2), until: second(4), ..all() }, vec!["All", "Ship"]),
            (MessageFilter { text: Some("EURO dollar".into()), ..all() }, vec!["Which"]),
            (MessageFilter { text: Some("100%".into()), ..all() }, vec!["Euro,"]),
            (MessageFilter { text: Some("Übersetzt".into()), ..all() }, vec!["All"]),
            (MessageFilter { text: Some("nothing".into()), ..all() }, vec![]),
        ] {
            assert_eq!(words(&tenant.messages(&filter, None, 9).await.unwrap()), shown, "{filter:?}");
        }
        let whole = tenant.messages(&all(), None, 9).await.unwrap();
        let (mut paged, mut cursor): (Vec<MessageRow>, Option<MessageCursor>) = (vec![], None);
        loop {
            let page = tenant.messages(&all(), cursor, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            cursor = Some(last.cursor());
            paged.extend(page);
        }
        assert_eq!(paged, whole, "two at the same moment are told apart");
    })
    .await;
}

#[tokio::test]
async fn one_message_is_read_as_it_was_sent() {
    each_database(async |storage| {
        let (tenant, one, _) = talk(&storage).await;
        let read = tenant.message(one, 3).await.unwrap().unwrap();
        assert_eq!((read.seq, read.squad, read.at), (3, spec().squad.id, NOW + Duration::from_secs(1)));
        assert_eq!((read.from, read.to), (Actor::Member("Tom".into()), member("Bea")));
        assert_eq!((read.kind, read.content.as_str()), (MessageKind::Answer, "Euro, \u{fffd} 100%"));
        assert_eq!(tenant.message(one, 1).await.unwrap(), None, "the first event is no message");
    })
    .await;
}

#[tokio::test]
async fn a_conversation_is_what_two_said_to_each_other() {
    each_database(async |storage| {
        let (tenant, one, _) = talk(&storage).await;
        let (bea, tom) = (&"Bea".into(), &"Tom".into());
        let squad = MessageScope::Squad(spec().squad.id);
        let whole = tenant.conversation(squad, (bea, tom), None, 9).await.unwrap();
        assert_eq!(words(&whole), ["Which", "Euro,", "Which"]);
        assert_eq!(tenant.conversation(squad, (tom, bea), None, 9).await.unwrap(), whole);
        let rest = tenant.conversation(squad, (bea, tom), Some(whole[0].cursor()), 1).await.unwrap();
        assert_eq!(rest, whole[1..2]);
        let here = tenant.conversation(MessageScope::Execution(one), (tom, bea), None, 9).await.unwrap();
        assert_eq!(words(&here), ["Which", "Euro,"]);
    })
    .await;
}

#[tokio::test]
async fn statistics_count_by_sender_kind_and_pair() {
    each_database(async |storage| {
        let (tenant, one, _) = talk(&storage).await;
        let counted = tenant.message_statistics(MessageScope::Squad(spec().squad.id)).await.unwrap();
        let (bea, tom) = (Actor::Member("Bea".into()), Actor::Member("Tom".into()));
        let ada = Actor::Person("ada".into());
        assert_eq!(counted.total, 5);
        assert_eq!(counted.senders, [(bea.clone(), 3), (tom.clone(), 1), (ada, 1)]);
        assert_eq!(counted.kinds[0], (MessageKind::Question, 2));
        assert_eq!(counted.kinds.len(), 4);
        assert_eq!(counted.pairs[0], (bea, member("Tom"), 2));
        assert!(counted.pairs.contains(&(tom, member("Bea"), 1)));
        let here = tenant.message_statistics(MessageScope::Execution(one)).await.unwrap();
        assert_eq!((here.total, here.pairs.len()), (3, 3));
    })
    .await;
}

#[tokio::test]
async fn another_organization_hears_nothing() {
    each_database(async |storage| {
        let (_, one, _) = talk(&storage).await;
        let theirs = storage.tenant(OrgId(Uuid::from_u128(0x99)));
        assert_eq!(theirs.messages(&MessageFilter::default(), None, 9).await.unwrap(), []);
        assert_eq!(theirs.message(one, 2).await.unwrap(), None);
        for scope in [MessageScope::Execution(one), MessageScope::Squad(spec().squad.id)] {
            let said = theirs.conversation(scope, (&"Bea".into(), &"Tom".into()), None, 9).await.unwrap();
            assert_eq!(said, []);
            assert_eq!(theirs.message_statistics(scope).await.unwrap(), MessageStatistics::default());
        }
    })
    .await;
}
