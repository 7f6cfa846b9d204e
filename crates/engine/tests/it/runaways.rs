//! Squads that would never come to an end by themselves: each is bounded, a person is told why, and `cancel` ends it.

use crate::house::{House, SOLO};
use crate::live::Live;
use crate::scenes::{WILLING, one_database, one_part, plan, project};
use squad_domain::execution::guard::{GuardAction, LoopPattern};
use squad_domain::execution::{EventBody, ExecutionSpec, Status};
use squad_domain::money::MicroUsd;
use squad_domain::question::{Answer, Subject};
use squad_domain::role::Role;
use squad_engine::{DriveEnd, Input};
use squad_storage::BudgetScope;
use squad_testkit::each_database;

const DONE: &str = "calls = [{ tool = \"write_file\", args = { path = \"greeting.txt\", content = \"hello\\n\" } }, { tool = \"submit_work\", args = { summary = \"Done.\" } }]\n";
const PAIR: &[(&str, Role)] = &[("Bea", Role::BackendDeveloper), ("Fay", Role::FrontendDeveloper)];

#[tokio::test(flavor = "multi_thread")]
async fn two_who_ask_each_other_again_and_again_are_met_with_a_hint_and_then_a_person() {
    let asks = |who: &str, whom: &str| {
        let turns: String = (0..7)
            .map(|n| format!("[[scene.turn]]\ncalls = [{{ tool = \"ask_teammate\", args = {{ to = \"{whom}\", question = \"What about {n}?\" }} }}]\n"))
            .collect();
        format!("[[scene]]\nduty = \"work\"\nmember = \"{who}\"\nrepeat = true\n{turns}")
    };
    let parts = plan(&[("s1", "backend_developer", &[]), ("s2", "frontend_developer", &[])]);
    one_database(async |storage| {
        let house =
            House::playing(&storage, &[&asks("Bea", "Fay"), &asks("Fay", "Bea"), &parts, WILLING], project())
                .await;
        let live = Live::start(&house, house.small(PAIR)).await;
        let question = live.asked(|question| matches!(question.subject, Subject::Loop { .. })).await;
        assert!(question.text.contains("questions between you and"), "{}", question.text);
        live.answer(&question, Answer::Stop).await;
        let run = live.end().await;
        assert!(matches!(run.end, Ok(DriveEnd::Ended(Status::Failed))), "{}", run.story());
        let hints = run.count(|body| {
            matches!(
                body,
                EventBody::LoopDetected { pattern: LoopPattern::PingPong, action: GuardAction::Hint, .. }
            )
        });
        assert!(hints >= 1, "{}", run.story());
        assert!(run.state.questions.len() < 40, "{}", run.state.questions.len());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_within_a_plan_and_plans_that_cannot_end_are_refused_and_mended() {
    let subtask = |id: &str, needs: &str| {
        format!(
            "{{ id = \"{id}\", title = \"T\", description = \"D\", role = \"backend_developer\", depends_on = [{needs}], acceptance_criteria = [] }}"
        )
    };
    let many: Vec<String> = (0..3_000).map(|n| subtask(&format!("s{n}"), "")).collect();
    let bad = [
        (many.join(", "), "3000 sub-tasks"),
        (subtask("a", "\"a\""), "wait for each other"),
        ([subtask("a", "\"b\""), subtask("b", "\"a\"")].join(", "), "wait for each other"),
        (subtask("a", "\"nothing\""), "not in the plan"),
        ([subtask("a", ""), subtask("a", "")].join(", "), "have the id"),
    ];
    let mut planner = "[[scene]]\nduty = \"plan\"\n".to_owned();
    let mut expect = String::new();
    for (subtasks, told) in &bad {
        planner += &format!(
            "[[scene.turn]]\n{expect}calls = [{{ tool = \"submit_plan\", args = {{ subtasks = [{subtasks}], test_command = \"\" }} }}]\n"
        );
        expect = format!("expect = \"{told}\"\n");
    }
    let one = subtask("s1", "");
    planner += &format!(
        "[[scene.turn]]\n{expect}calls = [{{ tool = \"submit_plan\", args = {{ subtasks = [{one}], test_command = \"\" }} }}]\n"
    );
    let again = format!(
        "[[scene]]\nduty = \"work\"\n[[scene.turn]]\ncalls = [{{ tool = \"submit_plan\", args = {{ subtasks = [{one}], test_command = \"\" }} }}]\n[[scene.turn]]\nexpect = \"not part of the duty `work`\"\n{DONE}"
    );
    one_database(async |storage| {
        let house = House::playing(&storage, &[&planner, &again, WILLING], project()).await;
        let run = house.run(house.small(SOLO)).await;
        assert!(
            matches!(run.end, Ok(DriveEnd::Ended(Status::Completed))),
            "{} {:?}",
            run.story(),
            house.model.complaints()
        );
        assert_eq!(run.count(|body| matches!(body, EventBody::PlanSubmitted { .. })), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tester_who_is_never_content_ends_with_a_person() {
    let fails = "[[scene]]\nduty = \"test\"\ncalls = [{ tool = \"submit_test_report\", args = { verdict = \"fail\", summary = \"No.\", failures = [\"It does not feel right.\"] } }]\n";
    one_database(async |storage| {
        let house = House::playing(&storage, &[fails, &one_part(), WILLING], project()).await;
        let live =
            Live::start(&house, house.small(&[("Bea", Role::BackendDeveloper), ("Quinn", Role::QaTester)]))
                .await;
        let question = live.asked(|question| question.subject == Subject::TestRounds).await;
        let limit = live.engine.load(live.id).await.unwrap().0.spec.limits.fix_rounds;
        assert!(question.text.contains(&format!("after {limit} fixes")), "{}", question.text);
        live.answer(&question, Answer::Stop).await;
        let run = live.end().await;
        assert!(matches!(run.end, Ok(DriveEnd::Ended(Status::Failed))), "{}", run.story());
        assert_eq!(run.state.fixes, limit);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_who_asks_for_ever_runs_out_of_turns() {
    let asks: String = (0..6)
        .map(|n| {
            format!(
                "[[scene.turn]]\ncalls = [{{ tool = \"ask_human\", args = {{ question = \"And {n}?\" }} }}]\n"
            )
        })
        .collect();
    let asks = format!("[[scene]]\nduty = \"analyze\"\nrepeat = true\n{asks}");
    one_database(async |storage| {
        let house = House::playing(&storage, &[&asks, &one_part(), WILLING], project()).await;
        let mut spec = house.small(SOLO);
        spec.squad.members[0].max_turns = 4;
        let live = Live::start(&house, spec).await;
        let mut answered = 0;
        let question = loop {
            let question = live.asked(|question| question.number() > answered).await;
            answered = question.number();
            match question.subject {
                Subject::Tool { .. } => live.answer(&question, Answer::Text { text: "Yes.".into() }).await,
                _ => break question,
            }
        };
        assert!(matches!(question.subject, Subject::Turns { limit: 4, .. }), "{question:?}");
        live.say(Input::Cancel { reason: "enough".into() }).await;
        let run = live.end().await;
        assert!(matches!(run.end, Ok(DriveEnd::Ended(Status::Cancelled))), "{}", run.story());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_squad_that_only_spends_stops_at_its_budget() {
    // Every turn does something else, so that no guard sees a circle: only the budget ends this.
    let turns: String = (0..40)
        .map(|n| format!("[[scene.turn]]\nusage = {{ input = 9000, output = 100 }}\ncalls = [{{ tool = \"remember\", args = {{ text = \"Fact {n}\" }} }}]\n"))
        .collect();
    let spends = format!("[[scene]]\nduty = \"work\"\nrepeat = true\n{turns}");
    let usd = |text: &str| -> MicroUsd { text.parse().unwrap() };
    one_database(async |storage| {
        let house = House::playing(&storage, &[&spends, &one_part(), WILLING], project()).await;
        let spec = ExecutionSpec { budget: Some(usd("0.70")), ..house.small(SOLO) };
        let live = Live::start(&house, spec).await;
        let question = live.asked(|question| matches!(question.subject, Subject::Budget { .. })).await;
        assert!(question.text.contains("budget of this execution"), "{}", question.text);
        let state = live.until(|state, _| state.status == Status::Blocked).await;
        assert!(state.cost() <= usd("0.70") && state.cost() > usd("0.30"), "{}", state.cost());
        live.say(Input::Cancel { reason: "too dear".into() }).await;
        let run = live.end().await;
        assert!(matches!(run.end, Ok(DriveEnd::Ended(Status::Cancelled))), "{}", run.story());
        let budget = storage.budget(&BudgetScope::Execution(run.id)).await.unwrap().unwrap();
        assert_eq!((budget.spent, budget.reserved), (run.state.cost(), MicroUsd::ZERO));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancel_ends_a_storm_and_nothing_begins_after_it() {
    let storm = vec!["{ tool = \"read_file\", args = { path = \"test.sh\" } }"; 40].join(", ");
    let hangs = "{ tool = \"run_command\", args = { command = \"sleep 600\" } }";
    let scenes = format!(
        "[[scene]]\nduty = \"work\"\nsubtask = \"s1\"\ncalls = [{hangs}]\n[[scene]]\nduty = \"work\"\nrepeat = true\ncalls = [{storm}]\n"
    );
    let parts = plan(&[
        ("s1", "backend_developer", &[]),
        ("s2", "backend_developer", &[]),
        ("s3", "backend_developer", &[]),
    ]);
    each_database(async |storage| {
        let house = House::playing(&storage, &[&scenes, &parts, WILLING], project()).await;
        let live = Live::start(&house, house.small(SOLO)).await;
        live.until(|_, events| {
            let begun = |name: &str, times: usize| {
                let of =
                    |body: &EventBody| matches!(body, EventBody::ToolStarted { tool, .. } if tool == name);
                events.iter().filter(|event| of(&event.body)).count() >= times
            };
            begun("run_command", 1) && begun("read_file", 20)
        })
        .await;
        live.say(Input::Cancel { reason: "enough".into() }).await;
        let run = live.end().await;
        assert!(matches!(run.end, Ok(DriveEnd::Ended(Status::Cancelled))), "{}", run.story());
        let after: Vec<&str> = run
            .events
            .iter()
            .skip_while(|event| !matches!(event.body, EventBody::StateChanged { to: Status::Cancelled, .. }))
            .skip(1)
            .map(|event| event.body.kind())
            .collect();
        assert!(
            after.iter().all(|kind| matches!(*kind, "model_call_finished" | "model_call_failed")),
            "{after:?}"
        );
    })
    .await;
}
