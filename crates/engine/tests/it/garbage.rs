//! Models that cannot be used or make no sense, in whole executions: a person is told what to do, nothing is lost, and it
//! goes on once that was mended.

use crate::house::{House, SOLO};
use crate::live::Live;
use crate::scenes::{WILLING, one_database, one_part, project};
use squad_domain::execution::{EventBody, Status};
use squad_domain::model::{ModelRef, RoutingProfile};
use squad_domain::money::MicroUsd;
use squad_domain::question::{Answer, Subject};
use squad_engine::{DriveEnd, Input};
use squad_storage::{BudgetScope, Storage};
use squad_testkit::each_database;

const WRITE_AND_SUBMIT: &str = r#"calls = [{ tool = "write_file", args = { path = "greeting.txt", content = "hello\n" } }, { tool = "submit_work", args = { summary = "Done." } }]"#;

fn turn(what: &str) -> String {
    format!("[[scene]]\nduty = \"work\"\n[[scene.turn]]\n{what}\n{WRITE_AND_SUBMIT}\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn who_refuses_is_quoted_and_another_model_goes_on() {
    let refusals = [
        ("status = 401\nmessage = \"Incorrect API key provided\"", "check the key"),
        ("status = 403\nmessage = \"Your key may not use this model\"", "check the key"),
        ("status = 402\nmessage = \"Insufficient balance\"", "the provider's account"),
        ("status = 429\nmessage = \"You exceeded your current quota\"", "the provider's account"),
        ("status = 404\nmessage = \"The model `demo` does not exist\"", "the model's name"),
        (
            "status = 400\nmessage = \"This model's maximum context length is 9 tokens\"",
            "a model that reads more",
        ),
        ("finish = \"content_filter\"\nsay = \"I cannot\"", "choose another model"),
    ];
    // One model after the other refuses, each in its own way; the last one answers.
    let name = |n: usize| format!("refuses-{n}");
    let scenes: String = refusals
        .iter()
        .enumerate()
        .map(|(n, (refusal, _))| turn(refusal).replacen("duty", &format!("model = \"{}\"\nduty", name(n)), 1))
        .collect();
    each_database(async |storage| {
        let house = House::playing(&storage, &[&scenes, &one_part(), WILLING], project()).await;
        let mut spec = house.small(SOLO);
        let price = *spec.models.prices.values().next().unwrap();
        let model = |n: usize| -> ModelRef { format!("scripted/{}", name(n)).parse().unwrap() };
        for n in 0..=refusals.len() {
            spec.models.prices.insert(model(n), price);
        }
        spec.models.profile = RoutingProfile::single(model(0));
        let live = Live::start(&house, spec).await;
        let mut number = 0;
        for (n, (refusal, advice)) in refusals.iter().enumerate() {
            let question = live.asked(|question| question.number() > number).await;
            number = question.number();
            assert!(matches!(question.subject, Subject::Model { .. }), "{refusal}: {question:?}");
            assert!(question.text.contains(advice), "{refusal}: {}", question.text);
            if let Some(words) = refusal.split("message = \"").nth(1) {
                assert!(question.text.contains(words.trim_end_matches('"')), "{}", question.text);
            }
            // Another model answers the question by itself.
            live.say(Input::SwapModel { member: None, model: model(n + 1) }).await;
        }
        let run = live.end().await;
        assert!(
            matches!(run.end, Ok(DriveEnd::Ended(Status::Completed))),
            "{} {:?}",
            run.story(),
            house.model.complaints()
        );
        let budget = storage.budget(&BudgetScope::Execution(run.id)).await.unwrap().unwrap();
        assert_eq!((budget.spent, budget.reserved), (run.state.cost(), MicroUsd::ZERO));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_named_and_found_once_it_runs() {
    one_database(async |storage| {
        let house = House::playing(&storage, &[&one_part(), WILLING], project()).await;
        let mut spec = house.small(SOLO);
        // A port that was free a moment ago.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let endpoint = spec.models.providers.get_mut("scripted").unwrap();
        endpoint.base_url = Some(format!("http://{port}/v1"));
        let live = Live::start(&house, spec).await;
        let question = live.asked(|question| matches!(question.subject, Subject::Model { .. })).await;
        for words in [port.to_string().as_str(), "check that the server runs"] {
            assert!(question.text.contains(words), "{}", question.text);
        }
        let scenario = squad_scripted::Scenario::parse(&[one_part().as_str(), WILLING].join("\n")).unwrap();
        let _late = squad_scripted::ScriptedModel::start(scenario.without_delays(), port).await.unwrap();
        live.answer(&question, Answer::Retry { note: String::new() }).await;
        let run = live.end().await;
        assert!(matches!(run.end, Ok(DriveEnd::Ended(Status::Completed))), "{}", run.story());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_of_every_bad_kind_do_nothing_and_are_told() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let bad = [
        ("{\\\"path\\\": \\\"x.txt\\\", \\\"content\\\": \\\"hal", "valid JSON"),
        (
            "{\\\"path\\\": \\\"a\\\", \\\"path\\\": \\\"b\\\", \\\"content\\\": \\\"x\\\"}",
            "`path` stands there twice",
        ),
        ("{\\\"path\\\": {\\\"a\\\": 1}, \\\"content\\\": \\\"x\\\"}", "`path`"),
        ("[1, 2]", "one JSON object"),
        ("7", "one JSON object"),
        ("{\\\"path\\\": \\\"a\\\\u0000b\\\", \\\"content\\\": \\\"x\\\"}", "a"),
        (deep.as_str(), "recursion limit"),
    ];
    let mut scene = "[[scene]]\nduty = \"work\"\n".to_owned();
    let mut expect = String::new();
    for (raw, told) in bad {
        scene += &format!(
            "[[scene.turn]]\n{expect}malformed_args = \"{raw}\"\ncalls = [{{ tool = \"write_file\", args = {{}} }}]\n"
        );
        expect = format!("expect = \"{told}\"\n");
    }
    scene += &format!("[[scene.turn]]\n{expect}{WRITE_AND_SUBMIT}\n");
    each_database(async |storage| {
        let house = House::playing(&storage, &[&scene, &one_part(), WILLING], project()).await;
        let live = Live::start(&house, house.small(SOLO)).await;
        // Seven errors in a row are a circle, too, and that is met with a hint.
        let run = live.end().await;
        assert!(
            matches!(run.end, Ok(DriveEnd::Ended(Status::Completed))),
            "{} {:?}",
            run.story(),
            house.model.complaints()
        );
        let errors = run.count(|body| matches!(body, EventBody::ToolFinished { is_error: true, .. }));
        assert_eq!(errors, bad.len());
        let files = run.state.delivery.as_ref().unwrap().diff_stat.clone();
        assert!(files.contains("greeting.txt") && files.contains("1 file"), "{files}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_calls_that_mean_nothing_is_bounded_and_told() {
    let name = format!("no\\u0000\\u001b[31m{}", "x".repeat(10_000));
    let call = format!("{{ tool = \"{name}\", args = {{}} }}");
    let storm = format!(
        "[[scene]]\nduty = \"work\"\n[[scene.turn]]\ncalls = [{}]\n[[scene.turn]]\nexpect = \"there is no tool\"\n{WRITE_AND_SUBMIT}\n",
        vec![call; 90].join(", ")
    );
    let small = "{ tool = \"nothing\", args = {} }";
    let many = format!(
        "[[scene]]\nduty = \"work\"\n[[scene.turn]]\ncalls = [{}]\n[[scene.turn]]\nexpect = \"there is no tool\"\n{WRITE_AND_SUBMIT}\n",
        vec![small; 10_000].join(", ")
    );
    each_database(async |storage| bounded(&storage, &storm, 90).await).await;
    one_database(async |storage| bounded(&storage, &many, 10_000).await).await;
}

async fn bounded(storage: &Storage, scene: &str, count: usize) {
    let house = House::playing(storage, &[scene, &one_part(), WILLING], project()).await;
    let run = house.run(house.small(SOLO)).await;
    assert!(
        matches!(run.end, Ok(DriveEnd::Ended(Status::Completed))),
        "{} {:?}",
        run.story(),
        house.model.complaints()
    );
    let refused = run.count(|body| matches!(body, EventBody::ToolFinished { is_error: true, .. }));
    assert_eq!(refused, squad_domain::execution::lane::MOST_CALLS);
    let told = format!("called {count} tools at once");
    assert!(house.model.requests().iter().any(|request| request.body.to_string().contains(&told)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_no_honest_model_gives_does_not_fill_the_conversation() {
    let large = "y".repeat(200_000);
    let scenes = format!(
        "[[scene]]\nduty = \"work\"\n[[scene.turn]]\nsay = \"{large}\"\n[[scene.turn]]\ncalls = [{{ tool = \"send_message\", args = {{ to = \"everyone\", content = \"{large}\" }} }}]\n[[scene.turn]]\nexpect = \"say it shorter\"\n{WRITE_AND_SUBMIT}\n"
    );
    one_database(async |storage| {
        let house = House::playing(&storage, &[&scenes, &one_part(), WILLING], project()).await;
        let run = house.run(house.small(SOLO)).await;
        assert!(
            matches!(run.end, Ok(DriveEnd::Ended(Status::Completed))),
            "{} {:?}",
            run.story(),
            house.model.complaints()
        );
        let requests = house.model.requests();
        let longest = requests.iter().map(|request| request.body.to_string().len()).max().unwrap();
        assert!(longest < 300_000, "{longest}");
        assert_eq!(
            run.count(
                |body| matches!(body, EventBody::MessageSent { message } if message.content.len() > 64_000)
            ),
            0
        );
    })
    .await;
}
