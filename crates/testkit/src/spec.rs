//! What an execution is started with, where a test does not care.

use squad_domain::execution::ExecutionSpec;
use squad_domain::ids::{OrgId, SquadId};
use squad_domain::member::Member;
use squad_domain::model::{ModelSettings, RoutingProfile};
use squad_domain::money::MicroUsd;
use squad_domain::role::Role;
use squad_domain::squad::{ApprovalPolicy, Squad};
use squad_domain::task::Task;
use uuid::Uuid;

/// A developer and a tech lead, Bea and Tom, on a made-up repository, without any budget.
#[must_use]
pub fn spec() -> ExecutionSpec {
    let model = "scripted/scripted".parse().expect("it names a model");
    ExecutionSpec {
        org: OrgId(Uuid::from_u128(0x01)),
        task: Task { title: "Let the cart count".into(), description: String::new() },
        repository: "/srv/git/shop".into(),
        squad: Squad {
            id: SquadId(Uuid::from_u128(0x02)),
            name: "Shop".into(),
            members: vec![Member::new("Bea", Role::BackendDeveloper), Member::new("Tom", Role::TechLead)],
        },
        models: ModelSettings { profile: RoutingProfile::single(model), ..ModelSettings::default() },
        approval: ApprovalPolicy::Never,
        budget: None,
        test_command: None,
        setup_command: None,
        branch: None,
        sandbox: "auto".into(),
        limits: Default::default(),
    }
}

/// The spec with a budget for one of its members.
#[must_use]
pub fn member_with_budget(mut spec: ExecutionSpec, name: &str, budget: MicroUsd) -> ExecutionSpec {
    for member in spec.squad.members.iter_mut().filter(|member| member.name.as_str() == name) {
        member.budget = Some(budget);
    }
    spec
}
