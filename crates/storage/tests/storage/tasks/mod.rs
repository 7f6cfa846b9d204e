//! The task board.

mod around;
mod board;
mod foreign;
mod lists;

use crate::common::{NOW, id as execution_id};
use squad_domain::board::{TaskPriority, TaskState};
use squad_domain::ids::{OrgId, SquadId, UserId};
use squad_domain::member::Member;
use squad_domain::role::Role;
use squad_storage::{Author, Change, NewProject, NewSquad, NewTask, NewUser, Page, Storage, TaskRow, Tenant};
use uuid::Uuid;

const ORG: OrgId = OrgId(Uuid::from_u128(0x01));
const OTHER: OrgId = OrgId(Uuid::from_u128(0x99));
const ADA: UserId = UserId(Uuid::from_u128(0xada));
const PROJECT: Uuid = Uuid::from_u128(0x70);
/// The squad of `squad_testkit::spec`.
const SQUAD: SquadId = SquadId(Uuid::from_u128(0x02));
const BEA: Uuid = Uuid::from_u128(0xbea);
const ALL: Page = Page { limit: 100, before: None };

fn author() -> Author {
    Author { actor: "user:ada".into(), address: "127.0.0.1".into(), at: NOW }
}

fn task_id(number: u32) -> Uuid {
    execution_id(0x1000 + number).0
}

fn new_task(number: u32) -> NewTask {
    NewTask {
        id: task_id(number),
        project: None,
        squad: None,
        title: format!("Task {number}"),
        description: String::new(),
        state: TaskState::Todo,
        priority: TaskPriority::Medium,
        assignee: None,
        labels: vec![],
        external: None,
        due_at: None,
    }
}

async fn make(tenant: &Tenant, number: u32) -> TaskRow {
    tenant.create_task(&author(), new_task(number)).await.unwrap()
}

fn done<T: std::fmt::Debug>(change: Change<T>) -> T {
    match change {
        Change::Done(now) => now,
        other => panic!("not changed: {other:?}"),
    }
}

/// Ada's organization with a project and a squad in which Bea is.
async fn settle(storage: &Storage) -> Tenant {
    let user = NewUser {
        id: ADA,
        email: "ada@example.com".into(),
        name: "Ada".into(),
        password_hash: None,
        organization: (ORG, "Engines".into()),
        at: NOW,
    };
    storage.create_user(user, ORG).await.unwrap().unwrap();
    let tenant = storage.tenant(ORG);
    let project = NewProject {
        id: PROJECT,
        name: "Shop".into(),
        description: String::new(),
        repository: "/srv/git/shop".into(),
        default_branch: None,
        setup_command: None,
        setup_hosts: vec![],
        test_command: None,
        credential_user: None,
        credentials: None,
    };
    tenant.create_project(&author(), project).await.unwrap().unwrap();
    let squad = NewSquad {
        id: SQUAD,
        name: "Shop".into(),
        description: String::new(),
        members: vec![(BEA, Member::new("Bea", Role::BackendDeveloper))],
        profile: None,
        approval: None,
        budget: None,
    };
    tenant.create_squad(&author(), squad).await.unwrap();
    assert!(tenant.squad(SQUAD).await.unwrap().is_some());
    tenant
}
