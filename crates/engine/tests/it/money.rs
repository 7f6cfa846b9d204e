//! Budgets: nothing begins that could cost more than is left, and a person decides what then.

use crate::house::{House, SOLO};
use crate::live::Live;
use crate::scenes::{WILLING, one_part, plan, project};
use squad_domain::execution::{ExecutionSpec, Status};
use squad_domain::member::Member;
use squad_domain::money::MicroUsd;
use squad_domain::question::{Answer, Subject};
use squad_domain::role::Role;
use squad_engine::{DriveEnd, Input};
use squad_storage::BudgetScope;
use squad_testkit::each_database;

fn usd(text: &str) -> MicroUsd {
    text.parse().unwrap()
}

/// Three turns that cost ten cents each.
const DEAR: &str = r#"
[[scene]]
duty = "work"
[[scene.turn]]
usage = { input = 30000, output = 667 }
calls = [{ tool = "read_file", args = { path = "greeting.txt" } }]
[[scene.turn]]
usage = { input = 30000, output = 667 }
calls = [{ tool = "read_file", args = { path = "test.sh" } }]
[[scene.turn]]
usage = { input = 30000, output = 667 }
calls = [{ tool = "write_file", args = { path = "greeting.txt", content = "hello\n" } }, { tool = "submit_work", args = { summary = "Done." } }]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn where_the_budget_ends_a_person_is_asked_with_figures_and_a_raise_lets_it_go_on() {
    each_database(async |storage| {
        let house = House::playing(&storage, &[DEAR, &one_part(), WILLING], project()).await;
        let spec = ExecutionSpec { budget: Some(usd("0.30")), ..house.small(SOLO) };
        let live = Live::start(&house, spec).await;
        let first = live.asked(|question| matches!(question.subject, Subject::Budget { .. })).await;
        let Subject::Budget { scope, limit, used, needed } = &first.subject else { unreachable!() };
        assert_eq!((scope.as_str(), *limit), ("budget of this execution", usd("0.30")));
        assert!(*used <= *limit && *used + *needed > *limit, "{first:?}");
        for figure in [used.to_string(), limit.to_string(), needed.to_string()] {
            assert!(first.text.contains(&figure), "{}", first.text);
        }
        // Not enough: the same question again, with the new figures.
        live.answer(&first, Answer::RaiseBudget { limit: usd("0.31") }).await;
        let second = live.asked(|question| question.number() > first.number()).await;
        assert!(
            matches!(second.subject, Subject::Budget { limit, .. } if limit == usd("0.31")),
            "{second:?}"
        );
        live.answer(&second, Answer::RaiseBudget { limit: usd("5") }).await;
        let run = live.end().await;
        assert!(matches!(run.end, Ok(DriveEnd::Ended(Status::Completed))), "{}", run.story());
        assert_eq!(run.state.questions.len(), 2, "nobody is asked again once there is enough");
        let budget = storage.budget(&BudgetScope::Execution(run.id)).await.unwrap().unwrap();
        assert_eq!(budget.limit, Some(usd("5")));
        assert_eq!((budget.spent, budget.reserved), (run.state.cost(), MicroUsd::ZERO));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_ends_it_as_failed_within_the_budget() {
    each_database(async |storage| {
        let house = House::playing(&storage, &[DEAR, &one_part(), WILLING], project()).await;
        let spec = ExecutionSpec { budget: Some(usd("0.30")), ..house.small(SOLO) };
        let live = Live::start(&house, spec).await;
        let question = live.asked(|question| matches!(question.subject, Subject::Budget { .. })).await;
        live.answer(&question, Answer::Stop).await;
        let run = live.end().await;
        assert!(matches!(run.end, Ok(DriveEnd::Ended(Status::Failed))), "{}", run.story());
        assert!(run.state.cost() <= usd("0.30"));
        assert!(house.data().exists(), "what was done is still there");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_members_own_budget_holds_that_member_alone() {
    each_database(async |storage| {
        let parts = plan(&[("s1", "backend_developer", &[]), ("s2", "frontend_developer", &[])]);
        let fays = DEAR
            .replacen("duty = \"work\"", "duty = \"work\"\nmember = \"Fay\"", 1)
            .replace("greeting.txt\", content", "page.txt\", content");
        let house = House::playing(&storage, &[&fays, &parts, WILLING], project()).await;
        let members = &[("Bea", Role::BackendDeveloper), ("Fay", Role::FrontendDeveloper)];
        let mut spec = house.small(members);
        spec.squad.members[1] = Member { budget: Some(usd("0.25")), ..spec.squad.members[1].clone() };
        let live = Live::start(&house, spec).await;
        let question = live.asked(|question| matches!(question.subject, Subject::Budget { .. })).await;
        assert!(question.text.contains("budget of Fay"), "{}", question.text);
        let state = live.until(|state, _| state.status == Status::Blocked).await;
        assert!(state.subtask(&"s1".into()).unwrap().commit.is_some(), "Bea was not held back");
        live.answer(&question, Answer::RaiseBudget { limit: usd("2") }).await;
        let run = live.end().await;
        assert!(
            matches!(run.end, Ok(DriveEnd::Ended(Status::Completed))),
            "{} {:?}",
            run.story(),
            house.model.complaints()
        );
        assert_eq!(run.state.spec.squad.members[1].budget, Some(usd("2")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lanes_that_reach_the_budget_together_ask_once() {
    each_database(async |storage| {
        let parts = plan(&[
            ("s1", "backend_developer", &[]),
            ("s2", "backend_developer", &[]),
            ("s3", "backend_developer", &[]),
        ]);
        let house = House::playing(&storage, &[DEAR, &parts, WILLING], project()).await;
        let spec = ExecutionSpec { budget: Some(usd("0.45")), ..house.small(SOLO) };
        let live = Live::start(&house, spec).await;
        live.until(|state, _| state.status == Status::Blocked).await;
        let state = live.engine.load(live.id).await.unwrap().0;
        let open: Vec<_> = state.open_questions().collect();
        assert_eq!(open.len(), 1, "{open:?}");
        let open = open[0].clone();
        live.answer(&open, Answer::RaiseBudget { limit: usd("9") }).await;
        let run = live.end().await;
        assert!(
            matches!(run.end, Ok(DriveEnd::Ended(Status::Completed))),
            "{} {:?}",
            run.story(),
            house.model.complaints()
        );
    })
    .await;
}

/// Nobody has to wait for the question: a budget that is set in time is never reached, and one that is set where it is
/// asked about is its answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_budget_is_set_at_any_time_and_answers_what_waits_for_it() {
    each_database(async |storage| {
        let house =
            House::playing(&storage, &[DEAR, &plan(&[("s1", "backend_developer", &[])]), WILLING], project())
                .await;
        let mut spec = ExecutionSpec { budget: Some(usd("0.0001")), ..house.small(SOLO) };
        spec.squad.members[0].budget = Some(usd("0.0001"));
        let live = Live::start(&house, spec).await;
        let first = live.asked(|question| matches!(question.subject, Subject::Budget { .. })).await;
        let set =
            |member: Option<&str>| Input::SetBudget { member: member.map(str::to_owned), limit: usd("9") };
        live.engine.input(live.id, "ada", set(None)).await.unwrap();
        let second = live.asked(|question| question.number() > first.number()).await;
        assert!(second.text.contains("budget of Sam"), "{}", second.text);
        assert!(live.engine.input(live.id, "ada", set(Some("Zoe"))).await.is_err());
        live.engine.input(live.id, "ada", set(Some("Sam"))).await.unwrap();
        let run = live.end().await;
        assert!(matches!(run.end, Ok(DriveEnd::Ended(Status::Completed))), "{}", run.story());
        assert_eq!(run.state.questions.len(), 2, "{}", run.story());
        let budget = storage.budget(&BudgetScope::Execution(run.id)).await.unwrap().unwrap();
        assert_eq!((budget.limit, budget.reserved), (Some(usd("9")), usd("0")));
    })
    .await;
}
