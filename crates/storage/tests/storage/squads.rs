//! Squads and their members: what they are, what they were, what they cost, and whose they are.

use crate::common::*;
use squad_domain::execution::Status;
use squad_domain::ids::{OrgId, SquadId};
use squad_domain::member::Member;
use squad_domain::model::RoutingProfile;
use squad_domain::role::Role;
use squad_domain::squad::{ApprovalPolicy, SquadError};
use squad_domain::tool::ToolName;
use squad_storage::{
    Author, Change, MemberChange, NewSquad, Page, SquadCreation, SquadDeletion, SquadDetails, SquadMember,
    SquadPatch, SquadStatus, Storage, Tenant,
};
use squad_testkit::{each_database, spec};
use std::time::Duration;
use time::OffsetDateTime;
use uuid::Uuid;

const ORG: OrgId = OrgId(Uuid::from_u128(0x01));
const OTHER: OrgId = OrgId(Uuid::from_u128(0x99));

fn author_at(seconds: u64) -> Author {
    let at: OffsetDateTime = NOW + Duration::from_secs(seconds);
    Author { actor: "user:ada".into(), address: "127.0.0.1".into(), at }
}

fn author() -> Author {
    author_at(0)
}

fn squad_id(n: u128) -> SquadId {
    SquadId(Uuid::from_u128(0x019a_8f00_0000_7000_8000_0000_5000_0000 + n))
}

fn member_id(n: u128) -> Uuid {
    Uuid::from_u128(0x019a_8f00_0000_7000_8000_0000_6000_0000 + n)
}

fn bea() -> Member {
    Member::new("Bea", Role::BackendDeveloper)
}

fn new_squad(n: u128, members: Vec<(Uuid, Member)>) -> NewSquad {
    NewSquad {
        id: squad_id(n),
        name: format!("Squad {n}"),
        description: "For the shop\0".into(),
        members,
        profile: Some(RoutingProfile::single("scripted/small".parse().unwrap())),
        approval: Some(ApprovalPolicy::OverBudget),
        budget: Some(usd("2.50")),
    }
}

fn everything(limit: u64) -> Page {
    Page { limit, before: None }
}

/// A squad of Bea and Tom, members 1 and 2.
async fn two(storage: &Storage) -> (Tenant, SquadId) {
    let tenant = storage.tenant(ORG);
    let members = vec![(member_id(1), bea()), (member_id(2), Member::new("Tom", Role::TechLead))];
    made(tenant.create_squad(&author(), new_squad(1, members)).await.unwrap());
    (tenant, squad_id(1))
}

#[track_caller]
fn made(creation: SquadCreation) -> SquadDetails {
    match creation {
        SquadCreation::Done(squad) => squad,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn done<T: std::fmt::Debug>(change: Change<T>) -> T {
    match change {
        Change::Done(now) => now,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn hired(change: MemberChange) -> SquadMember {
    match change {
        MemberChange::Done(member) => member,
        other => panic!("{other:?}"),
    }
}

async fn actions(tenant: &Tenant) -> Vec<String> {
    let entries = tenant.audit_entries_after(0, 100).await.unwrap();
    entries.into_iter().map(|entry| entry.action).collect()
}

#[tokio::test]
async fn squads_are_made_listed_and_read_as_they_were_made() {
    each_database(async |storage| {
        let (tenant, first) = two(&storage).await;
        for n in 2..=4 {
            made(tenant.create_squad(&author(), new_squad(n, vec![])).await.unwrap());
        }
        let squad = tenant.squad(first).await.unwrap().unwrap();
        assert_eq!(squad.name, "Squad 1");
        assert_eq!(squad.description, "For the shop\u{fffd}");
        assert_eq!((squad.status, squad.version), (SquadStatus::Active, 1));
        assert_eq!(squad.approval, Some(ApprovalPolicy::OverBudget));
        assert_eq!(squad.budget, Some(usd("2.50")));
        assert_eq!(squad.profile, new_squad(1, vec![]).profile);
        assert_eq!((squad.created_at, squad.updated_at), (NOW, NOW));
        let names: Vec<String> = tenant
            .members(first)
            .await
            .unwrap()
            .into_iter()
            .map(|member| member.member.name.to_string())
            .collect();
        assert_eq!(names, ["Bea", "Tom"], "in the order in which they were given");

        tenant.set_squad_status(&author(), squad_id(3), None, SquadStatus::Paused).await.unwrap();
        let ids = async |page, status| -> Vec<SquadId> {
            tenant.squads(page, status).await.unwrap().iter().map(|squad| squad.id).collect()
        };
        assert_eq!(ids(everything(2), None).await, [squad_id(4), squad_id(3)]);
        let rest = Page { limit: 9, before: Some(squad_id(3).0) };
        assert_eq!(ids(rest, None).await, [squad_id(2), squad_id(1)]);
        assert_eq!(ids(everything(9), Some(SquadStatus::Paused)).await, [squad_id(3)]);
        assert_eq!(ids(everything(9), Some(SquadStatus::Archived)).await, []);

        let again = tenant.create_squad(&author(), new_squad(1, vec![])).await.unwrap();
        assert_eq!(again, SquadCreation::Exists);
    })
    .await;
}

#[tokio::test]
async fn a_squad_whose_members_cannot_work_together_is_not_made() {
    each_database(async |storage| {
        let tenant = storage.tenant(ORG);
        let twice = vec![(member_id(1), bea()), (member_id(2), Member::new("BEA", Role::QaTester))];
        let refused = tenant.create_squad(&author(), new_squad(1, twice)).await.unwrap();
        assert_eq!(refused, SquadCreation::Refused(SquadError::DuplicateName("BEA".into())));
        assert_eq!(tenant.squad(squad_id(1)).await.unwrap(), None);
        assert_eq!(actions(&tenant).await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn a_squad_changes_from_the_version_that_was_seen_and_only_where_something_differs() {
    each_database(async |storage| {
        let (tenant, id) = two(&storage).await;
        let update = async |expected, patch, seconds| {
            tenant.update_squad(&author_at(seconds), id, expected, patch).await.unwrap()
        };
        let rename = SquadPatch { name: Some("Shop\0".into()), ..SquadPatch::default() };
        let squad = done(update(Some(1), rename.clone(), 5).await);
        assert_eq!((squad.name.as_str(), squad.version), ("Shop\u{fffd}", 2));
        assert_eq!((squad.created_at, squad.updated_at), (NOW, author_at(5).at));
        assert_eq!(tenant.squad(id).await.unwrap(), Some(squad.clone()), "what is told is what is stored");
        assert_eq!(squad.budget, Some(usd("2.50")), "what is not named stays");

        let clear = SquadPatch {
            profile: Some(None),
            approval: Some(None),
            budget: Some(None),
            status: Some(SquadStatus::Archived),
            ..SquadPatch::default()
        };
        assert_eq!(update(Some(1), clear.clone(), 6).await, Change::Stale(squad.clone()));
        assert_eq!(update(Some(2), rename, 6).await, Change::Done(squad), "nothing differs");
        let squad = done(update(None, clear, 7).await);
        assert_eq!((squad.profile.is_none(), squad.approval, squad.budget), (true, None, None));
        assert_eq!(tenant.squad(id).await.unwrap(), Some(squad));

        assert_eq!(actions(&tenant).await, ["squad.created", "squad.updated", "squad.updated"]);
        let last = &tenant.audit_entries(1, None).await.unwrap()[0];
        assert_eq!(last.details["changed"], serde_json::json!(["status", "profile", "approval", "budget"]));
        assert_eq!(last.details["status"], "archived");
    })
    .await;
}

#[tokio::test]
async fn a_squad_of_the_command_line_is_a_squad_like_others() {
    each_database(async |storage| {
        create(&storage, 1, &spec()).await;
        let tenant = storage.tenant(ORG);
        let id = spec().squad.id;
        let squad = tenant.squad(id).await.unwrap().unwrap();
        assert_eq!((squad.name.as_str(), squad.description.as_str()), ("Shop", ""));
        assert_eq!((squad.status, squad.version), (SquadStatus::Active, 1));
        assert_eq!((squad.created_at, squad.updated_at), (NOW, NOW), "when it was first asked to work");
        assert_eq!(tenant.members(id).await.unwrap(), []);

        let patch = SquadPatch { name: Some("Store".into()), ..SquadPatch::default() };
        let squad = done(tenant.update_squad(&author_at(5), id, Some(1), patch).await.unwrap());
        assert_eq!((squad.created_at, squad.updated_at), (NOW, author_at(5).at));
        create(&storage, 2, &spec()).await;
        assert_eq!(tenant.squad(id).await.unwrap().unwrap().name, "Store", "the next start keeps the name");
        hired(tenant.add_member(&author(), id, member_id(1), bea(), "").await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn a_squad_is_deleted_with_all_that_is_its_own_unless_it_has_worked() {
    each_database(async |storage| {
        let (tenant, id) = two(&storage).await;
        let mut started = spec();
        started.squad.id = squad_id(2);
        create(&storage, 1, &started).await;
        let delete = async |id| tenant.delete_squad(&author(), id).await.unwrap();
        assert_eq!(delete(squad_id(2)).await, SquadDeletion::HasExecutions);
        assert!(tenant.squad(squad_id(2)).await.unwrap().is_some());
        assert_eq!(delete(id).await, SquadDeletion::Done { name: "Squad 1".into() });
        assert_eq!(delete(id).await, SquadDeletion::NotFound);
        assert_eq!(tenant.member(member_id(1)).await.unwrap(), None);
        assert_eq!(tenant.member_revisions(member_id(1), 9, None).await.unwrap(), []);
        assert_eq!(actions(&tenant).await, ["squad.created", "squad.deleted"]);
    })
    .await;
}

#[tokio::test]
async fn the_cost_of_a_squad_is_told_by_status_member_and_model() {
    each_database(async |storage| {
        let tenant = storage.tenant(ORG);
        let first = working(&storage, 1, &spec()).await;
        let second = create(&storage, 2, &spec()).await;
        let mut elsewhere = spec();
        elsewhere.squad.id = squad_id(9);
        let third = working(&storage, 3, &elsewhere).await;
        let (bea, tom) = ("work/s1/1", "review/s1/1");
        push(&storage, first, vec![started(bea, "a", "1"), finished(bea, "a", "0.25")]).await.unwrap();
        push(&storage, first, vec![lane("Tom", tom), started(tom, "b", "1"), failed(tom, "b", "0.50")])
            .await
            .unwrap();
        push(&storage, second, vec![state(Status::Pending, Status::Failed)]).await.unwrap();
        push(&storage, third, vec![started(bea, "a", "1"), finished(bea, "a", "9")]).await.unwrap();

        let cost = tenant.squad_cost(spec().squad.id).await.unwrap().unwrap();
        assert_eq!(cost.total, usd("0.75"));
        assert_eq!(
            cost.executions.into_iter().collect::<Vec<_>>(),
            [(Status::Pending, 1), (Status::Failed, 1)]
        );
        let told = |spends: Vec<squad_storage::SquadSpend>| -> Vec<(String, u64, String)> {
            spends.into_iter().map(|spend| (spend.name, spend.calls, spend.cost.to_string())).collect()
        };
        let row = |name: &str, cost: &str| (name.to_owned(), 1, cost.to_owned());
        assert_eq!(told(cost.members), [row("Tom", "$0.5000"), row("Bea", "$0.2500")]);
        assert_eq!(
            told(cost.models),
            [row("scripted/big", "$0.5000"), row("scripted/small", "$0.2500")],
            "a call that failed counts for the model that was asked"
        );

        made(tenant.create_squad(&author(), new_squad(5, vec![])).await.unwrap());
        let idle = tenant.squad_cost(squad_id(5)).await.unwrap().unwrap();
        assert_eq!(idle, squad_storage::SquadCost::default());
        assert_eq!(tenant.squad_cost(squad_id(6)).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn every_change_of_a_member_is_a_revision_that_can_be_gone_back_to() {
    each_database(async |storage| {
        let (tenant, _) = two(&storage).await;
        let id = member_id(1);
        let mut careful = bea();
        careful.prompt = Some("Be careful.".into());
        careful.max_turns = 7;
        let row = hired(
            tenant.update_member(&author_at(1), id, Some(1), careful.clone(), "too hasty\0").await.unwrap(),
        );
        assert_eq!((&row.member, row.version, row.updated_at), (&careful, 2, author_at(1).at));
        let small = Some(RoutingProfile::single("scripted/small".parse().unwrap()));
        let row =
            hired(tenant.swap_member_model(&author(), id, None, small.clone(), "cheaper").await.unwrap());
        assert_eq!((&row.member.profile, &row.member.prompt), (&small, &careful.prompt));
        let row = hired(tenant.set_member_active(&author(), id, Some(3), false, "").await.unwrap());
        assert_eq!((row.active, row.version), (false, 4));
        let stale = tenant.set_member_active(&author(), id, Some(3), true, "").await.unwrap();
        assert_eq!(stale, MemberChange::Stale(row));
        let row = hired(tenant.roll_back_member(&author_at(9), id, Some(4), 2, "as it was").await.unwrap());
        assert_eq!((&row.member, row.active, row.version), (&careful, false, 5), "it stays out of work");
        let same = hired(tenant.update_member(&author(), id, None, careful.clone(), "").await.unwrap());
        assert_eq!(same.version, 5, "nothing differs");
        let none = tenant.roll_back_member(&author(), id, None, 17, "").await.unwrap();
        assert_eq!(none, MemberChange::NotFound);
        assert_eq!(tenant.member(id).await.unwrap(), Some(row));

        let told = tenant.member_revisions(id, 9, None).await.unwrap();
        assert_eq!(told.iter().map(|told| told.revision).collect::<Vec<_>>(), [5, 4, 3, 2, 1]);
        assert_eq!(
            told.iter().map(|told| told.note.as_str()).collect::<Vec<_>>(),
            ["as it was", "", "cheaper", "too hasty\u{fffd}", ""]
        );
        assert!(told.iter().all(|told| told.author == "user:ada"));
        assert_eq!(told.iter().map(|told| told.active).collect::<Vec<_>>(), [false, false, true, true, true]);
        let page = tenant.member_revisions(id, 2, Some(4)).await.unwrap();
        assert_eq!(page, told[2..4]);
        let second = tenant.member_revision(id, 2).await.unwrap().unwrap();
        assert_eq!((&second.member, second.at), (&careful, author_at(1).at));
        assert_eq!(tenant.member_revision(id, 6).await.unwrap(), None);

        assert_eq!(
            actions(&tenant).await,
            [
                "squad.created",
                "squad_member.updated",
                "squad_member.model_swapped",
                "squad_member.deactivated",
                "squad_member.rolled_back"
            ]
        );
        let entries = tenant.audit_entries_after(1, 9).await.unwrap();
        assert_eq!(entries[0].details["changed"], serde_json::json!(["max_turns", "prompt"]));
        assert!(!entries[0].details.to_string().contains("careful"), "a prompt is no matter of the log");
    })
    .await;
}

#[tokio::test]
async fn a_name_is_one_members_alone_in_whatever_letters_and_even_out_of_work() {
    each_database(async |storage| {
        let (tenant, squad) = two(&storage).await;
        let add = async |n, name: &str| {
            let member = Member::new(name, Role::Designer);
            tenant.add_member(&author(), squad, member_id(n), member, "").await.unwrap()
        };
        assert_eq!(hired(add(3, "Éva").await).position, 2);
        hired(tenant.set_member_active(&author(), member_id(3), None, false, "").await.unwrap());
        assert_eq!(add(4, "éVA").await, MemberChange::NameTaken);
        let rename = Member::new("BEA", Role::TechLead);
        let taken = tenant.update_member(&author(), member_id(2), None, rename, "").await.unwrap();
        assert_eq!(taken, MemberChange::NameTaken);
        let louder = Member::new("BEA", Role::BackendDeveloper);
        hired(tenant.update_member(&author(), member_id(1), None, louder, "").await.unwrap());
        assert_eq!(add(4, "everyone").await, MemberChange::Refused(SquadError::BadName("everyone".into())));

        // Who is out of work keeps a name that it can come back with.
        let bad = Member::new("a/b", Role::Designer);
        let refused = tenant.update_member(&author(), member_id(3), None, bad, "").await.unwrap();
        assert_eq!(refused, MemberChange::Refused(SquadError::BadName("a/b".into())));

        // Another squad's members have nothing to do with it.
        made(tenant.create_squad(&author(), new_squad(2, vec![(member_id(9), bea())])).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn a_squad_is_never_left_without_those_who_can_work() {
    each_database(async |storage| {
        let (tenant, _) = two(&storage).await;
        let rest =
            async |n| tenant.set_member_active(&author(), member_id(n), None, false, "").await.unwrap();
        let mut planner = Member::new("Tom", Role::TechLead);
        planner.tools = Some(["submit_analysis", "submit_plan"].map(str::to_owned).into());
        hired(tenant.update_member(&author(), member_id(2), None, planner, "").await.unwrap());
        assert_eq!(
            rest(1).await,
            MemberChange::Refused(SquadError::NobodyMay(ToolName::SubmitWork)),
            "Tom alone could hand nothing over"
        );
        hired(rest(2).await);
        assert_eq!(rest(1).await, MemberChange::Refused(SquadError::Empty));
        assert!(tenant.member(member_id(1)).await.unwrap().unwrap().active);
        assert_eq!(tenant.member_revisions(member_id(1), 9, None).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_members_who_are_sent_away_all_at_once_one_stays() {
    each_database(async |storage| {
        let tenant = storage.tenant(ORG);
        for round in 0..10 {
            let members: Vec<(Uuid, Member)> = (0..4)
                .map(|n| {
                    (member_id(10 * round + n), Member::new(&format!("Dev {n}"), Role::BackendDeveloper))
                })
                .collect();
            let ids: Vec<Uuid> = members.iter().map(|(id, _)| *id).collect();
            made(tenant.create_squad(&author(), new_squad(round, members)).await.unwrap());
            let changes = futures::future::join_all(ids.into_iter().map(|id| {
                let tenant = tenant.clone();
                tokio::spawn(async move {
                    tenant.set_member_active(&author(), id, None, false, "").await.unwrap()
                })
            }))
            .await;
            let refused = changes
                .into_iter()
                .filter(|change| change.as_ref().unwrap() == &MemberChange::Refused(SquadError::Empty))
                .count();
            let members = tenant.members(squad_id(round)).await.unwrap();
            assert_eq!((refused, members.iter().filter(|member| member.active).count()), (1, 1));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_changes_at_once_each_has_its_own_version_and_a_name_goes_to_one() {
    each_database(async |storage| {
        let (tenant, squad) = two(&storage).await;
        let hires = futures::future::join_all((0..12).map(|n| {
            let tenant = tenant.clone();
            tokio::spawn(async move {
                let name = if n % 2 == 0 { "Ann" } else { "aNN" };
                let member = Member::new(name, Role::Designer);
                tenant.add_member(&author(), squad, member_id(100 + n), member, "").await.unwrap()
            })
        }))
        .await;
        let taken = hires.iter().filter(|hire| hire.as_ref().unwrap() == &MemberChange::NameTaken).count();
        assert_eq!(taken, 11);

        let changes = futures::future::join_all((1..=12_u32).map(|turns| {
            let tenant = tenant.clone();
            tokio::spawn(async move {
                let member = Member { max_turns: turns, ..bea() };
                hired(tenant.update_member(&author(), member_id(1), None, member, "").await.unwrap()).version
            })
        }))
        .await;
        let mut versions: Vec<u64> = changes.into_iter().map(Result::unwrap).collect();
        versions.sort_unstable();
        assert_eq!(versions, (2..=13).collect::<Vec<_>>());

        let seen = futures::future::join_all((1..=8_u64).map(|n| {
            let tenant = tenant.clone();
            tokio::spawn(async move {
                let patch = SquadPatch { name: Some(format!("Name {n}")), ..SquadPatch::default() };
                tenant.update_squad(&author(), squad, Some(1), patch).await.unwrap()
            })
        }))
        .await;
        let won = seen.iter().filter(|change| matches!(change, Ok(Change::Done(_)))).count();
        assert_eq!(won, 1, "all were made for version 1");
    })
    .await;
}

#[tokio::test]
async fn another_organization_sees_no_squad_and_changes_none() {
    each_database(async |storage| {
        let (tenant, squad) = two(&storage).await;
        create(&storage, 1, &spec()).await;
        let before = (tenant.squad(squad).await.unwrap(), tenant.members(squad).await.unwrap());
        let foreign = storage.tenant(OTHER);
        let (a, id) = (author(), member_id(1));
        assert_eq!(foreign.squad(squad).await.unwrap(), None);
        assert_eq!(foreign.squads(everything(9), None).await.unwrap(), []);
        assert_eq!(foreign.squads(everything(9), Some(SquadStatus::Active)).await.unwrap(), []);
        assert_eq!(foreign.squad_cost(spec().squad.id).await.unwrap(), None);
        assert_eq!(foreign.members(squad).await.unwrap(), []);
        assert_eq!(foreign.member(id).await.unwrap(), None);
        assert_eq!(foreign.member_revisions(id, 9, None).await.unwrap(), []);
        assert_eq!(foreign.member_revision(id, 1).await.unwrap(), None);

        let taken = foreign.create_squad(&a, new_squad(1, vec![])).await.unwrap();
        assert_eq!(taken, SquadCreation::Exists);
        let patch = SquadPatch { name: Some("Mine".into()), ..SquadPatch::default() };
        assert_eq!(foreign.update_squad(&a, squad, None, patch).await.unwrap(), Change::NotFound);
        let archived = foreign.set_squad_status(&a, squad, Some(1), SquadStatus::Archived).await.unwrap();
        assert_eq!(archived, Change::NotFound);
        assert_eq!(foreign.delete_squad(&a, squad).await.unwrap(), SquadDeletion::NotFound);
        let spy = Member::new("Spy", Role::TechLead);
        let changes = [
            foreign.add_member(&a, squad, member_id(7), spy.clone(), "").await.unwrap(),
            foreign.update_member(&a, id, None, spy, "").await.unwrap(),
            foreign.set_member_active(&a, id, None, false, "").await.unwrap(),
            foreign.swap_member_model(&a, id, None, None, "").await.unwrap(),
            foreign.roll_back_member(&a, id, None, 1, "").await.unwrap(),
        ];
        assert!(changes.iter().all(|change| *change == MemberChange::NotFound), "{changes:?}");

        let after = (tenant.squad(squad).await.unwrap(), tenant.members(squad).await.unwrap());
        assert_eq!(before, after);
        assert_eq!(actions(&foreign).await, Vec::<String>::new());
    })
    .await;
}
