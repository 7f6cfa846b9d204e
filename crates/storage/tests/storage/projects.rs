//! Projects, and what opens their repositories.

use crate::common::*;
use squad_domain::ids::OrgId;
use squad_storage::{
    Author, Change, NewProject, Page, ProjectCredentials, ProjectPatch, ProjectRow, Storage, Tenant,
};
use squad_testkit::each_database;
use std::time::Duration;
use uuid::Uuid;

const ORG: OrgId = OrgId(Uuid::from_u128(0x01));
const OTHER: OrgId = OrgId(Uuid::from_u128(0x99));

fn author_at(seconds: u64) -> Author {
    Author { actor: "user:ada".into(), address: "127.0.0.1".into(), at: NOW + Duration::from_secs(seconds) }
}

fn author() -> Author {
    author_at(0)
}

fn project_id(n: u128) -> Uuid {
    Uuid::from_u128(0x019a_8f00_0000_7000_8000_0000_7000_0000 + n)
}

fn new_project(n: u128) -> NewProject {
    NewProject {
        id: project_id(n),
        name: format!("Project {n}"),
        description: "The shop\0".into(),
        repository: "https://git.example.com/shop.git".into(),
        default_branch: Some("main".into()),
        setup_command: Some("npm ci".into()),
        setup_hosts: vec!["registry.example.com".into()],
        test_command: None,
        credential_user: Some("robot".into()),
        credentials: (n == 1).then(|| "c2VhbGVk".to_owned()),
    }
}

async fn first(storage: &Storage) -> (Tenant, ProjectRow) {
    let tenant = storage.tenant(ORG);
    let project = tenant.create_project(&author(), new_project(1)).await.unwrap().unwrap();
    (tenant, project)
}

#[tokio::test]
async fn projects_are_made_listed_and_read_as_they_were_made() {
    each_database(async |storage| {
        let (tenant, project) = first(&storage).await;
        assert_eq!((project.name.as_str(), project.description.as_str()), ("Project 1", "The shop\u{fffd}"));
        assert_eq!(project.setup_hosts, ["registry.example.com"]);
        assert_eq!((project.setup_command.as_deref(), project.test_command), (Some("npm ci"), None));
        assert_eq!((project.has_credentials, project.archived, project.version), (true, false, 1));
        assert_eq!((project.created_at, project.updated_at), (NOW, NOW));
        assert_eq!(tenant.create_project(&author(), new_project(1)).await.unwrap(), None, "the id is taken");
        for n in 2..=4 {
            let project = tenant.create_project(&author(), new_project(n)).await.unwrap().unwrap();
            assert!(!project.has_credentials);
        }
        let archive = ProjectPatch { archived: Some(true), ..ProjectPatch::default() };
        tenant.update_project(&author(), project_id(3), None, archive).await.unwrap();
        let ids = async |page, archived| -> Vec<Uuid> {
            tenant.projects(page, archived).await.unwrap().iter().map(|project| project.id).collect()
        };
        let all = |limit| Page { limit, before: None };
        assert_eq!(ids(all(2), None).await, [4, 3].map(project_id));
        assert_eq!(ids(Page { limit: 9, before: Some(project_id(3)) }, None).await, [2, 1].map(project_id));
        assert_eq!(ids(all(9), Some(false)).await, [4, 2, 1].map(project_id));
        assert_eq!(ids(all(9), Some(true)).await, [project_id(3)]);
    })
    .await;
}

#[tokio::test]
async fn a_project_changes_from_the_version_that_was_seen_and_only_where_something_differs() {
    each_database(async |storage| {
        let (tenant, old) = first(&storage).await;
        let update = async |expected, patch, seconds| {
            tenant.update_project(&author_at(seconds), old.id, expected, patch).await.unwrap()
        };
        let patch = ProjectPatch {
            name: Some("Shop".into()),
            default_branch: Some(None),
            test_command: Some(Some("npm test\0".into())),
            setup_hosts: Some(vec![]),
            ..ProjectPatch::default()
        };
        let expected = ProjectRow {
            name: "Shop".into(),
            default_branch: None,
            test_command: Some("npm test\u{fffd}".into()),
            setup_hosts: vec![],
            version: 2,
            updated_at: author_at(5).at,
            ..old.clone()
        };
        assert_eq!(update(Some(1), patch.clone(), 5).await, Change::Done(expected.clone()));
        assert_eq!(tenant.project(old.id).await.unwrap().as_ref(), Some(&expected));
        assert_eq!(update(Some(1), patch.clone(), 6).await, Change::Stale(expected.clone()));
        assert_eq!(update(None, patch, 6).await, Change::Done(expected), "nothing differs");
        let entries = tenant.audit_entries_after(0, 9).await.unwrap();
        assert_eq!(
            entries.iter().map(|entry| entry.action.as_str()).collect::<Vec<_>>(),
            ["project.created", "project.updated"]
        );
        assert_eq!(
            entries[1].details["changed"],
            serde_json::json!(["name", "default_branch", "setup_hosts", "test_command"])
        );
    })
    .await;
}

#[tokio::test]
async fn credentials_come_and_go_apart_and_are_told_to_nobody() {
    each_database(async |storage| {
        let (tenant, project) = first(&storage).await;
        let id = project.id;
        assert_eq!(tenant.project_credentials(id).await.unwrap(), Some(Some("c2VhbGVk".into())));
        let set = async |sealed: Option<&str>| {
            let credentials = sealed
                .map(|sealed| ProjectCredentials { user: Some("deploy".into()), sealed: sealed.into() });
            tenant.set_project_credentials(&author_at(3), id, credentials).await.unwrap()
        };
        let renewed = set(Some("b3RoZXI")).await.unwrap();
        assert_eq!((renewed.has_credentials, renewed.version), (true, 2));
        assert_eq!(renewed.credential_user.as_deref(), Some("deploy"));
        assert_eq!(tenant.project_credentials(id).await.unwrap(), Some(Some("b3RoZXI".into())));
        let without = set(None).await.unwrap();
        assert_eq!((without.has_credentials, without.version), (false, 3));
        assert_eq!(without.credential_user, None);
        assert_eq!(tenant.project(id).await.unwrap(), Some(without));
        assert_eq!(tenant.project_credentials(id).await.unwrap(), Some(None));
        assert_eq!(tenant.project_credentials(project_id(9)).await.unwrap(), None);
        let unknown = tenant.set_project_credentials(&author(), project_id(9), None).await.unwrap();
        assert_eq!(unknown, None);

        let entries = tenant.audit_entries_after(0, 9).await.unwrap();
        assert_eq!(
            entries.iter().map(|entry| entry.action.as_str()).collect::<Vec<_>>(),
            ["project.created", "project.credentials_set", "project.credentials_removed"]
        );
        let told = format!("{entries:?}{:?}", new_project(1));
        assert!(!told.contains("c2VhbGVk") && !told.contains("b3RoZXI"), "{told}");
    })
    .await;
}

#[tokio::test]
async fn credentials_do_not_follow_a_repository_to_another_server() {
    each_database(async |storage| {
        let (tenant, project) = first(&storage).await;
        let moved = async |repository: &str| {
            let patch = ProjectPatch { repository: Some(repository.into()), ..ProjectPatch::default() };
            match tenant.update_project(&author_at(4), project.id, None, patch).await.unwrap() {
                Change::Done(project) => project,
                other => panic!("{other:?}"),
            }
        };
        let beside = moved("https://git.example.com/other.git").await;
        assert_eq!((beside.has_credentials, beside.credential_user.as_deref()), (true, Some("robot")));
        let away = moved("https://evil.example/shop.git").await;
        assert_eq!((away.has_credentials, away.credential_user.as_deref()), (false, None));
        assert_eq!(tenant.project_credentials(project.id).await.unwrap(), Some(None));
        assert_eq!(tenant.project(project.id).await.unwrap(), Some(away));
        let back = moved("https://git.example.com/shop.git").await;
        assert!(!back.has_credentials, "what was forgotten does not come back");
        let told = &tenant.audit_entries(2, None).await.unwrap()[1];
        assert_eq!(
            told.details["changed"],
            serde_json::json!(["repository", "credential_user", "credentials"])
        );
    })
    .await;
}

#[tokio::test]
async fn a_project_is_deleted_once() {
    each_database(async |storage| {
        let (tenant, project) = first(&storage).await;
        assert!(tenant.delete_project(&author(), project.id).await.unwrap());
        assert!(!tenant.delete_project(&author(), project.id).await.unwrap());
        assert_eq!(tenant.project(project.id).await.unwrap(), None);
        let last = &tenant.audit_entries(1, None).await.unwrap()[0];
        assert_eq!((last.seq, last.action.as_str()), (2, "project.deleted"));
    })
    .await;
}

#[tokio::test]
async fn another_organization_sees_no_project_and_changes_none() {
    each_database(async |storage| {
        let (tenant, project) = first(&storage).await;
        let (foreign, id, a) = (storage.tenant(OTHER), project.id, author());
        assert_eq!(foreign.project(id).await.unwrap(), None);
        assert_eq!(foreign.projects(Page { limit: 9, before: None }, None).await.unwrap(), []);
        assert_eq!(foreign.projects(Page { limit: 9, before: None }, Some(false)).await.unwrap(), []);
        assert_eq!(foreign.project_credentials(id).await.unwrap(), None);
        assert_eq!(foreign.create_project(&a, new_project(1)).await.unwrap(), None);
        let patch =
            ProjectPatch { repository: Some("https://evil.example".into()), ..ProjectPatch::default() };
        assert_eq!(foreign.update_project(&a, id, None, patch).await.unwrap(), Change::NotFound);
        assert_eq!(foreign.set_project_credentials(&a, id, None).await.unwrap(), None);
        assert!(!foreign.delete_project(&a, id).await.unwrap());
        assert_eq!(tenant.project(id).await.unwrap(), Some(project));
        assert_eq!(tenant.project_credentials(id).await.unwrap(), Some(Some("c2VhbGVk".into())));
        assert_eq!(foreign.prove_audit().await.unwrap().entries, 0);
    })
    .await;
}
