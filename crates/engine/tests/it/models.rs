//! Models that refuse, break off, stammer or are down.

use crate::house::{House, SOLO};
use crate::live::Live;
use crate::scenes::{WILLING, one_part, project};
use squad_domain::execution::{EventBody, Status};
use squad_domain::money::MicroUsd;
use squad_domain::question::{Answer, Subject};
use squad_engine::DriveEnd;
use squad_storage::BudgetScope;
use squad_testkit::each_database;

const WRITE_AND_SUBMIT: &str = r#"calls = [{ tool = "write_file", args = { path = "greeting.txt", content = "hello\n" } }, { tool = "submit_work", args = { summary = "Done." } }]"#;

fn faulty(fault: &str) -> String {
    format!("[[scene]]\nduty = \"work\"\n[[scene.turn]]\n{fault}\n{WRITE_AND_SUBMIT}\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_stumbles_is_asked_again() {
    each_database(async |storage| {
        let faults = [
            ("status = 429\nretry_after = 1\ntimes = 1", 2),
            ("status = 500\ntimes = 1", 2),
            ("truncate = true\ntimes = 1", 2),
            ("reset = true\ntimes = 1", 2),
        ];
        for (fault, tries) in faults {
            let house = House::playing(&storage, &[&faulty(fault), &one_part(), WILLING], project()).await;
            let run = house.run(house.small(SOLO)).await;
            assert!(matches!(run.end, Ok(DriveEnd::Ended(Status::Completed))), "{fault}: {}", run.story());
            let attempts = run.events.iter().find_map(|event| match &event.body {
                EventBody::ModelCallFinished { lane, attempts, .. } if lane.as_str() == "work/s1/1" => {
                    Some(attempts.clone())
                }
                _ => None,
            });
            let attempts = attempts.unwrap();
            assert_eq!(attempts.len(), tries, "{fault}: {attempts:?}");
            let writes = run
                .count(|body| matches!(body, EventBody::ToolFinished { tool, .. } if tool == "write_file"));
            assert_eq!(writes, 1, "{fault}: nothing of a broken answer is performed");
            let budget = storage.budget(&BudgetScope::Execution(run.id)).await.unwrap().unwrap();
            assert_eq!((budget.spent, budget.reserved), (run.state.cost(), MicroUsd::ZERO), "{fault}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_arguments_do_nothing_and_the_model_mends_them() {
    let stammer = r#"
[[scene]]
duty = "work"
[[scene.turn]]
malformed_args = '{"path": "greeting.txt", "content": "hal'
calls = [{ tool = "write_file", args = {} }]
[[scene.turn]]
expect = "(?i)json|arguments"
calls = [{ tool = "write_files", args = { path = "greeting.txt" } }]
[[scene.turn]]
expect = "there is no tool `write_files`"
calls = [{ tool = "write_file", args = { path = "greeting.txt", content = "hello\n" } }]
[[scene.turn]]
calls = [{ tool = "submit_work", args = { summary = "Done." } }]
"#;
    each_database(async |storage| {
        let house = House::playing(&storage, &[stammer, &one_part(), WILLING], project()).await;
        let run = house.run(house.small(SOLO)).await;
        assert!(
            matches!(run.end, Ok(DriveEnd::Ended(Status::Completed))),
            "{} {:?}",
            run.story(),
            house.model.complaints()
        );
        let errors = run.count(|body| matches!(body, EventBody::ToolFinished { is_error: true, .. }));
        assert_eq!(errors, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_first_candidate_is_down_the_second_answers() {
    let down = "[[scene]]\nmodel = \"demo\"\n[[scene.turn]]\nstatus = 503\n";
    each_database(async |storage| {
        let house = House::playing(&storage, &[down, &one_part(), WILLING], project()).await;
        let mut spec = house.small(SOLO);
        let second: squad_domain::model::ModelRef = "scripted/second".parse().unwrap();
        let price = *spec.models.prices.values().next().unwrap();
        spec.models.prices.insert(second.clone(), price);
        spec.models.profile.default.push(second.clone());
        let run = house.run(spec).await;
        assert!(matches!(run.end, Ok(DriveEnd::Ended(Status::Completed))), "{}", run.story());
        let others =
            run.count(|body| matches!(body, EventBody::ModelCallFinished { model, .. } if *model != second));
        assert_eq!(others, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_told_in_the_providers_words_and_tried_again_when_a_person_says_so() {
    let refuses = faulty("status = 401\ntimes = 1");
    each_database(async |storage| {
        let house = House::playing(&storage, &[&refuses, &one_part(), WILLING], project()).await;
        let live = Live::start(&house, house.small(SOLO)).await;
        let question = live.asked(|question| matches!(question.subject, Subject::Model { .. })).await;
        assert!(question.text.contains("refused on purpose"), "{}", question.text);
        live.until(|state, _| state.status == Status::Blocked).await;
        // The remark makes it another conversation, so the scripted provider refuses once more.
        live.answer(&question, Answer::Retry { note: "The key is new.".into() }).await;
        let again = live.asked(|other| other.number() > question.number()).await;
        live.answer(&again, Answer::Retry { note: String::new() }).await;
        let run = live.end().await;
        assert!(matches!(run.end, Ok(DriveEnd::Ended(Status::Completed))), "{}", run.story());
        let told =
            house.model.requests().iter().any(|request| request.body.to_string().contains("The key is new."));
        assert!(told, "the remark is part of the next call");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_cut_off_performs_nothing_half() {
    let cut = format!(
        "[[scene]]\nduty = \"work\"\n[[scene.turn]]\nfinish = \"length\"\nsay = \"I was about to\"\n[[scene.turn]]\n{WRITE_AND_SUBMIT}\n"
    );
    each_database(async |storage| {
        let house = House::playing(&storage, &[&cut, &one_part(), WILLING], project()).await;
        let run = house.run(house.small(SOLO)).await;
        assert!(
            matches!(run.end, Ok(DriveEnd::Ended(Status::Completed))),
            "{} {:?}",
            run.story(),
            house.model.complaints()
        );
    })
    .await;
}
