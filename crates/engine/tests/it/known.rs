//! What a squad knows from before, and what its commands ask of the world.

use crate::house::{House, SOLO};
use crate::scenes::{WILLING, one_part, project};
use squad_domain::execution::EventBody;
use squad_testkit::each_database;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_remembered_once_stands_in_the_brief_the_next_time() {
    let remembers = r#"
[[scene]]
duty = "work"
calls = [
  { tool = "remember", args = { text = "The greeting is read by a lighthouse, in lower case.", tags = ["greeting"] } },
  { tool = "write_file", args = { path = "greeting.txt", content = "hello\n" } },
  { tool = "submit_work", args = { summary = "It says hello." } },
]
"#;
    each_database(async |storage| {
        let house = House::playing(&storage, &[remembers, &one_part(), WILLING], project()).await;
        let briefs = async || {
            let mut spec = house.small(SOLO);
            spec.task.description = "Mend the greeting.".into();
            let run = house.run(spec).await;
            let analysis = run.events.iter().find_map(|event| match &event.body {
                EventBody::LaneOpened { lane, brief, .. } if lane.as_str() == "analyze/1" => {
                    Some(brief.clone())
                }
                _ => None,
            });
            analysis.unwrap_or_else(|| panic!("the task was analyzed: {}", run.story()))
        };
        assert!(!briefs().await.contains("lighthouse"));
        assert!(briefs().await.contains("lighthouse"), "the squad remembers");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_command_asks_of_the_network_is_in_the_log() {
    let asks = r#"
[[scene]]
duty = "work"
[[scene.turn]]
calls = [{ tool = "run_command", args = { command = '''
port=${HTTP_PROXY##*:}; exec 3<>/dev/tcp/127.0.0.1/${port%/}
printf 'CONNECT elsewhere.example:443 HTTP/1.1\r\nHost: elsewhere.example:443\r\n\r\n' >&3; head -n 1 <&3''' } }]
[[scene.turn]]
expect = "403"
calls = [{ tool = "write_file", args = { path = "greeting.txt", content = "hello\n" } }, { tool = "submit_work", args = { summary = "Done." } }]
"#;
    each_database(async |storage| {
        let house = House::playing(&storage, &[asks, &one_part(), WILLING], project()).await;
        let mut spec = house.small(SOLO);
        spec.squad.members[0].hosts = vec!["registry.example".into()];
        let run = house.run(spec).await;
        let asked: Vec<_> = run
            .events
            .iter()
            .filter_map(|event| match &event.body {
                EventBody::NetworkRequested { host, port, allowed, .. } => {
                    Some((host.as_str(), *port, *allowed))
                }
                _ => None,
            })
            .collect();
        assert_eq!(
            asked,
            [("elsewhere.example", 443, false)],
            "{} {:?}",
            run.story(),
            house.model.complaints()
        );
    })
    .await;
}
