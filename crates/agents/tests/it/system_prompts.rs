use crate::story::{Story, five};
use squad_agents::Prompts;
use squad_domain::member::Member;
use squad_domain::role::Role;

/// What follows the words of house, role and specialization, which have files of their own.
fn own(prompt: &str) -> String {
    let at =
        ["# From your employer", "# Your squad"].iter().filter_map(|title| prompt.find(title)).min().unwrap();
    prompt[at..].to_owned()
}

#[test]
fn a_member_with_limits_is_told_all_of_them() {
    let state = Story::prepared().state();
    let prompt = Prompts::embedded().system(&state, &five()[2]);
    assert!(prompt.starts_with("# House rules"));
    assert!(prompt.find("# Backend developer").unwrap() < prompt.find("# Specialization").unwrap());
    insta::assert_snapshot!("system_backend_developer", own(&prompt));
}

#[test]
fn a_member_without_limits_is_told_so() {
    let state = Story::prepared().state();
    insta::assert_snapshot!("system_tech_lead", own(&Prompts::embedded().system(&state, &five()[1])));
}

#[test]
fn a_member_who_works_alone_has_nobody_to_ask() {
    let state = Story::begin(vec![Member::new("Sam", Role::BackendDeveloper)]).state();
    let prompt = Prompts::embedded().system(&state, &state.spec.squad.members[0]);
    assert!(prompt.contains("You work alone"));
    assert!(!prompt.contains("project_guidance"), "no `AGENTS.md`, no fence");
}

/// Providers cache by prefix: one changed byte in front makes every later call pay again.
#[test]
fn the_prompt_stays_the_same_over_the_whole_execution() {
    let prompts = Prompts::embedded();
    let bea = |story: Story| prompts.system(&story.state(), &story.state().spec.squad.members[2]);
    assert_eq!(bea(Story::prepared()), bea(Story::broken_whole()));
}

#[test]
fn guidance_cannot_leave_its_fence() {
    let state = Story::prepared().state();
    let prompt = Prompts::embedded().system(&state, &five()[1]);
    assert_eq!(prompt.matches("</project_guidance>").count(), 1);
    assert!(prompt.trim_end().ends_with("</project_guidance>"));
}
