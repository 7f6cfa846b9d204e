//! Webhooks of organizations, what was sent to them, and mails that are not sent yet.

use crate::common::*;
use serde_json::json;
use squad_domain::Timestamp;
use squad_domain::execution::Status;
use squad_domain::ids::OrgId;
use squad_storage::{
    Author, Change, DeliverWebhook, DeliveryAttempt, DeliveryState, NewMail, NewWebhookEndpoint,
    NewWebhookEvent, Page, SendMail, Storage, Tenant, WebhookDeliveryRow, WebhookEndpointChange,
    WebhookEndpointRow,
};
use squad_testkit::{each_database, spec};
use std::time::Duration;
use uuid::Uuid;

const ORG: OrgId = OrgId(Uuid::from_u128(0x01));
const FOREIGN: OrgId = OrgId(Uuid::from_u128(0x99));
const ALL: Page = Page { limit: 100, before: None };

fn author() -> Author {
    Author { actor: "user:ada".into(), address: "127.0.0.1".into(), at: NOW }
}

fn event(kind: &str) -> NewWebhookEvent {
    NewWebhookEvent { kind: kind.into(), payload: format!("{{\"type\":\"{kind}\"}}"), at: NOW }
}

async fn endpoint(tenant: &Tenant, n: u128, events: &[&str]) -> WebhookEndpointRow {
    let new = NewWebhookEndpoint {
        id: Uuid::from_u128(0x019a_8f00_0000_7000_8000_0000_0000_0000 + n),
        url: format!("https://{n}.example.com/hook?token=hidden"),
        description: "Builds\0".into(),
        events: events.iter().map(ToString::to_string).collect(),
        secret_sealed: format!("sealed {n}"),
    };
    tenant.create_webhook_endpoint(&author(), new).await.unwrap()
}

async fn actions(tenant: &Tenant) -> Vec<String> {
    let entries = tenant.audit_entries_after(0, 100).await.unwrap();
    entries.into_iter().map(|entry| format!("{} {}", entry.action, entry.details)).collect()
}

fn ids(rows: &[WebhookDeliveryRow]) -> Vec<Uuid> {
    rows.iter().map(|row| row.id).collect()
}

async fn due(storage: &Storage, at: Timestamp) -> Vec<DeliverWebhook> {
    let jobs = storage.take_jobs("w", at, TTL, 100).await.unwrap();
    jobs.iter().map(|job| job.read().unwrap().unwrap()).collect()
}

#[tokio::test]
async fn an_endpoint_is_made_changed_and_deleted_and_its_address_is_not_written_down() {
    each_database(async |storage| {
        let tenant = storage.tenant(ORG);
        let made = endpoint(&tenant, 1, &["task.created"]).await;
        assert_eq!((made.version, made.active, made.disabled_reason.as_deref()), (1, true, None));
        let other = endpoint(&tenant, 2, &["*"]).await;
        assert_eq!(tenant.webhook_endpoint(made.id).await.unwrap(), Some(made.clone()));
        let rows = tenant.webhook_endpoints(ALL).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [other.id, made.id]);
        let rest = tenant.webhook_endpoints(Page { limit: 9, before: Some(other.id) }).await.unwrap();
        assert_eq!(rest, std::slice::from_ref(&made));

        let change = WebhookEndpointChange {
            events: Some(vec!["task.updated".into()]),
            ..WebhookEndpointChange::default()
        };
        let update = async |expected| {
            tenant.update_webhook_endpoint(&author(), made.id, expected, change.clone()).await.unwrap()
        };
        let Change::Done(changed) = update(Some(1)).await else { panic!("it is at version 1") };
        assert_eq!((changed.version, changed.url.as_str()), (2, made.url.as_str()));
        assert!(changed.wants("task.updated") && !changed.wants("task.created"));
        assert_eq!(update(Some(1)).await, Change::Stale(changed));
        assert!(matches!(update(None).await, Change::Done(row) if row.version == 3));

        assert!(tenant.delete_webhook_endpoint(&author(), made.id).await.unwrap());
        assert!(!tenant.delete_webhook_endpoint(&author(), made.id).await.unwrap());
        assert_eq!(update(None).await, Change::NotFound);
        assert_eq!(
            actions(&tenant).await,
            [
                r#"webhook.created {"events":["task.created"]}"#,
                r#"webhook.created {"events":["*"]}"#,
                r#"webhook.updated {"changed":["events"]}"#,
                r#"webhook.updated {"changed":["events"]}"#,
                "webhook.deleted {}",
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn a_secret_that_is_replaced_stays_beside_the_new_one_for_a_while() {
    each_database(async |storage| {
        let tenant = storage.tenant(ORG);
        let made = endpoint(&tenant, 1, &["*"]).await;
        let until = NOW + Duration::from_secs(86_400);
        let rotated =
            tenant.rotate_webhook_secret(&author(), made.id, "sealed new", until).await.unwrap().unwrap();
        assert_eq!(rotated.secret_sealed, "sealed new");
        assert_eq!(rotated.old_secret, Some(("sealed 1".into(), until)));
        assert_eq!(rotated.version, 2);
        assert!(!format!("{rotated:?}").contains("sealed"));
        assert_eq!(actions(&tenant).await[1], "webhook.secret_rotated {}");
    })
    .await;
}

#[tokio::test]
async fn an_endpoint_that_was_switched_off_says_why_until_it_is_switched_on() {
    each_database(async |storage| {
        let tenant = storage.tenant(ORG);
        let made = endpoint(&tenant, 1, &["*"]).await;
        assert!(tenant.disable_webhook_endpoint(&author(), made.id, "it is gone").await.unwrap());
        assert!(!tenant.disable_webhook_endpoint(&author(), made.id, "again").await.unwrap());
        assert!(tenant.announce(event("task.created")).await.unwrap().is_empty());
        let off = tenant.webhook_endpoint(made.id).await.unwrap().unwrap();
        assert_eq!((off.active, off.disabled_reason.as_deref()), (false, Some("it is gone")));
        let change = WebhookEndpointChange { active: Some(true), ..WebhookEndpointChange::default() };
        let on = tenant.update_webhook_endpoint(&author(), made.id, Some(2), change).await.unwrap();
        assert!(matches!(on, Change::Done(row) if row.active && row.disabled_reason.is_none()));
    })
    .await;
}

#[tokio::test]
async fn an_event_goes_to_those_who_want_it_each_with_a_job() {
    each_database(async |storage| {
        let tenant = storage.tenant(ORG);
        let picky = endpoint(&tenant, 1, &["task.created"]).await;
        let every = endpoint(&tenant, 2, &["*"]).await;
        endpoint(&tenant, 3, &["task.deleted", "task"]).await;
        endpoint(&storage.tenant(FOREIGN), 4, &["*"]).await;
        let sent = tenant.announce(event("task.created")).await.unwrap();
        let rows = tenant.webhook_deliveries(None, None, ALL).await.unwrap();
        assert_eq!(rows.len(), 2);
        let mut endpoints: Vec<_> = rows.iter().map(|row| row.endpoint).collect();
        endpoints.sort();
        assert_eq!(endpoints, [picky.id, every.id]);
        assert!(rows.iter().all(|row| row.state == DeliveryState::Pending && row.next_at == Some(NOW)));
        let jobs = due(&storage, NOW).await;
        let expected: Vec<_> = sent.iter().map(|id| DeliverWebhook { org: ORG, delivery: *id }).collect();
        assert_eq!(jobs, expected);
    })
    .await;
}

#[tokio::test]
async fn attempts_are_written_down_until_the_delivery_is_over() {
    each_database(async |storage| {
        let tenant = storage.tenant(ORG);
        let made = endpoint(&tenant, 1, &["*"]).await;
        let id = tenant.announce(event("task.created")).await.unwrap()[0];
        let failed = DeliveryAttempt {
            at: NOW,
            status: Some(500),
            error: Some("it answered 500".into()),
            excerpt: "oh\0no".into(),
            state: DeliveryState::Pending,
            next_at: Some(NOW + TTL),
        };
        assert!(tenant.record_webhook_attempt(id, failed.clone()).await.unwrap());
        let row = tenant.webhook_delivery(id).await.unwrap().unwrap();
        assert_eq!((row.attempts, row.last_status, row.next_at), (1, Some(500), Some(NOW + TTL)));
        assert_eq!(row.response_excerpt, "oh\u{fffd}no");
        let done = DeliveryAttempt {
            status: Some(204),
            error: None,
            state: DeliveryState::Delivered,
            next_at: None,
            ..failed.clone()
        };
        assert!(tenant.record_webhook_attempt(id, done).await.unwrap());
        assert!(!tenant.record_webhook_attempt(id, failed).await.unwrap(), "it is over");
        let row = tenant.webhook_delivery(id).await.unwrap().unwrap();
        assert_eq!((row.attempts, row.state, row.last_error), (2, DeliveryState::Delivered, None));
        let pending =
            tenant.webhook_deliveries(Some(made.id), Some(DeliveryState::Pending), ALL).await.unwrap();
        assert_eq!(pending, []);
        let delivered =
            tenant.webhook_deliveries(Some(made.id), Some(DeliveryState::Delivered), ALL).await.unwrap();
        assert_eq!(ids(&delivered), [id]);
        assert_eq!(storage.forget_webhook_deliveries(NOW).await.unwrap(), 0);
        assert_eq!(storage.forget_webhook_deliveries(NOW + TTL).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn sent_again_it_is_the_same_message_in_a_delivery_of_its_own() {
    each_database(async |storage| {
        let tenant = storage.tenant(ORG);
        let made = endpoint(&tenant, 1, &["*"]).await;
        let first = tenant.announce(event("task.created")).await.unwrap()[0];
        let second = tenant.redeliver_webhook(&author(), first).await.unwrap().unwrap();
        let third = tenant.redeliver_webhook(&author(), second.id).await.unwrap().unwrap();
        assert_eq!((second.redelivery_of, third.redelivery_of), (Some(first), Some(first)));
        assert_eq!(third.message_id(), first);
        assert_eq!(third.payload, event("task.created").payload);
        assert_eq!(due(&storage, NOW).await.len(), 3);
        let test = tenant.add_webhook_delivery(&author(), made.id, event("webhook.test")).await.unwrap();
        assert_eq!(test.unwrap().event, "webhook.test");
        // Deleting the endpoint takes its log along.
        tenant.delete_webhook_endpoint(&author(), made.id).await.unwrap();
        assert_eq!(tenant.webhook_deliveries(None, None, ALL).await.unwrap(), []);
        assert_eq!(tenant.redeliver_webhook(&author(), first).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn another_organization_sees_nothing_and_changes_nothing() {
    each_database(async |storage| {
        let tenant = storage.tenant(ORG);
        let made = endpoint(&tenant, 1, &["*"]).await;
        let id = tenant.announce(event("task.created")).await.unwrap()[0];
        let before =
            (tenant.webhook_endpoint(made.id).await.unwrap(), tenant.webhook_delivery(id).await.unwrap());

        let other = storage.tenant(FOREIGN);
        assert_eq!(other.webhook_endpoints(ALL).await.unwrap(), []);
        assert_eq!(other.webhook_endpoint(made.id).await.unwrap(), None);
        let change = WebhookEndpointChange { active: Some(false), ..WebhookEndpointChange::default() };
        let updated = other.update_webhook_endpoint(&author(), made.id, None, change).await.unwrap();
        assert_eq!(updated, Change::NotFound);
        assert_eq!(other.rotate_webhook_secret(&author(), made.id, "mine", NOW).await.unwrap(), None);
        assert!(!other.disable_webhook_endpoint(&author(), made.id, "so").await.unwrap());
        assert!(!other.delete_webhook_endpoint(&author(), made.id).await.unwrap());
        assert!(other.announce(event("task.created")).await.unwrap().is_empty());
        assert_eq!(other.add_webhook_delivery(&author(), made.id, event("x")).await.unwrap(), None);
        assert_eq!(other.webhook_deliveries(None, None, ALL).await.unwrap(), []);
        assert_eq!(other.webhook_deliveries(Some(made.id), None, ALL).await.unwrap(), []);
        assert_eq!(other.webhook_delivery(id).await.unwrap(), None);
        assert_eq!(other.redeliver_webhook(&author(), id).await.unwrap(), None);
        let attempt = DeliveryAttempt {
            at: NOW,
            status: None,
            error: None,
            excerpt: String::new(),
            state: DeliveryState::Failed,
            next_at: None,
        };
        assert!(!other.record_webhook_attempt(id, attempt).await.unwrap());

        let after =
            (tenant.webhook_endpoint(made.id).await.unwrap(), tenant.webhook_delivery(id).await.unwrap());
        assert_eq!(after, before);
        assert_eq!(actions(&other).await, [""; 0]);
        assert_eq!(due(&storage, NOW).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_mail_is_kept_until_it_is_sent_and_its_job_holds_nothing_of_it() {
    each_database(async |storage| {
        let mail = NewMail {
            to: "ada@example.com".into(),
            subject: "Your link".into(),
            text: "https://squad.test/verify?token=hidden".into(),
        };
        let first = storage.add_mail(mail.clone(), NOW).await.unwrap();
        let jobs = storage.take_jobs("w", NOW, TTL, 9).await.unwrap();
        assert_eq!(jobs[0].read::<SendMail>().unwrap(), Some(SendMail { mail: first }));
        assert!(!format!("{jobs:?} {mail:?}").contains("hidden"));
        storage.mail_failed(first, "the server is down").await.unwrap();
        let second = storage.add_mail(mail.clone(), NOW + TTL).await.unwrap();
        let unsent = storage.unsent_mails(9).await.unwrap();
        assert_eq!(unsent.iter().map(|mail| mail.id).collect::<Vec<_>>(), [second, first]);
        assert_eq!(unsent[1].error.as_deref(), Some("the server is down"));
        assert_eq!(unsent[0].mail, mail);
        storage.mail_sent(second).await.unwrap();
        assert_eq!(storage.mail(second).await.unwrap(), None);
        assert_eq!(storage.forget_mails(NOW).await.unwrap(), 0);
        assert_eq!(storage.forget_mails(NOW + TTL).await.unwrap(), 1);
        assert_eq!(storage.unsent_mails(9).await.unwrap(), []);
    })
    .await;
}

/// The messages that were stored, in the order of the log.
async fn told(tenant: &Tenant) -> Vec<serde_json::Value> {
    let rows = tenant.webhook_deliveries(None, None, ALL).await.unwrap();
    let mut messages: Vec<serde_json::Value> =
        rows.iter().map(|row| serde_json::from_str(&row.payload).unwrap()).collect();
    messages.sort_by_key(|message| message["data"]["event_id"].to_string());
    messages
}

#[tokio::test]
async fn what_happens_in_an_execution_is_told_by_the_commit_that_makes_it_so() {
    each_database(async |storage| {
        let tenant = storage.tenant(ORG);
        endpoint(&tenant, 1, &["*"]).await;
        endpoint(&storage.tenant(FOREIGN), 2, &["*"]).await;
        let id = create(&storage, 1, &spec()).await;
        push(&storage, id, vec![note("nobody else's business")]).await.unwrap();
        push(&storage, id, vec![state(Status::Pending, Status::Failed)]).await.unwrap();
        let [first, message] = told(&tenant).await.try_into().unwrap();
        assert_eq!(first["type"], "execution.started");
        assert_eq!(message["type"], "execution.failed");
        assert_eq!(message["timestamp"], "2026-01-02T03:04:05.123456Z");
        let data = json!({
            "event_id": format!("{id}:3"), "execution_id": id, "squad_id": spec().squad.id,
            "title": "Let the cart count", "status": "failed", "reason": "because",
        });
        assert_eq!(message["data"], data);
        assert_eq!(due(&storage, NOW).await.len(), 2);
        assert_eq!(storage.tenant(FOREIGN).webhook_deliveries(None, None, ALL).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn what_did_not_happen_is_told_to_nobody() {
    each_database(async |storage| {
        let tenant = storage.tenant(ORG);
        endpoint(&tenant, 1, &["execution.blocked"]).await;
        let id = create(&storage, 1, &spec()).await;
        let blocked = || state(Status::Pending, Status::Blocked);
        // The lane is not there, so that all of it is taken back: after the state was applied.
        let broken = push(&storage, id, vec![blocked(), started("nowhere", "a", "0.10")]).await;
        assert!(broken.is_err());
        let late = storage.append(id, seen(7), NOW, vec![blocked()]).await;
        assert!(late.is_err());
        assert!(told(&tenant).await.is_empty());
        assert_eq!(due(&storage, NOW).await, []);
        push(&storage, id, vec![blocked()]).await.unwrap();
        assert_eq!(told(&tenant).await.len(), 1);
    })
    .await;
}
