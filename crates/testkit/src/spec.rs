//! What an execution is started with, where a test does not care.

use serde_json::json;
use squad_domain::execution::ExecutionSpec;
use squad_domain::ids::{OrgId, SquadId};
use squad_domain::member::Member;
use squad_domain::model::{ModelSettings, RoutingProfile};
use squad_domain::money::MicroUsd;
use squad_domain::role::Role;
use squad_domain::squad::{ApprovalPolicy, Squad};
use uuid::Uuid;

/// A developer and a tech lead, Bea and Tom, on a made-up repository, without any budget.
#[must_use]
pub fn spec() -> ExecutionSpec {
    let model = "scripted/scripted".parse().expect("it names a model");
    let models = ModelSettings { profile: RoutingProfile::single(model), ..ModelSettings::default() };
    let squad = Squad {
        id: SquadId(Uuid::from_u128(0x02)),
        name: "Shop".into(),
        members: vec![Member::new("Bea", Role::BackendDeveloper), Member::new("Tom", Role::TechLead)],
    };
    // Through JSON, so that a field with a default is not a change here.
    serde_json::from_value(json!({
        "org": OrgId(Uuid::from_u128(0x01)),
        "task": { "title": "Let the cart count" },
        "repository": "/srv/git/shop",
        "squad": squad,
        "models": models,
        "approval": ApprovalPolicy::Never,
        "sandbox": "auto",
    }))
    .expect("it has every field that has no default")
}

/// The spec with a budget for one of its members.
#[must_use]
pub fn member_with_budget(mut spec: ExecutionSpec, name: &str, budget: MicroUsd) -> ExecutionSpec {
    for member in spec.squad.members.iter_mut().filter(|member| member.name.as_str() == name) {
        member.budget = Some(budget);
    }
    spec
}
