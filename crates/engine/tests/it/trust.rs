//! What members can never do, whatever their model says.

use crate::house::{House, SOLO};
use crate::scenes::{WILLING, one_part, project, tested_by};
use squad_domain::execution::{EventBody, Status};
use squad_domain::tool::ToolName;
use squad_engine::DriveEnd;
use squad_testkit::{FixtureRepo, each_database};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_member_leaves_behind_ignored_does_not_open_the_gate() {
    let plants = r#"
[[scene]]
duty = "work"
subtask = "s1"
[[scene.turn]]
calls = [{ tool = "run_command", args = { command = "mkdir -p cache && touch cache/passed \"$HOME/passed\" && (mkdir -p ~/.cache; touch ~/.cache/passed; true) && sh test.sh" } }]
[[scene.turn]]
expect = "exit status 0"
calls = [{ tool = "submit_work", args = { summary = "The tests pass." } }]
"#;
    each_database(async |storage| {
        let script = "[ -e cache/passed ] || [ -e ~/passed ] || [ -e ~/.cache/passed ] || grep -q hello greeting.txt\n";
        let repository = FixtureRepo::new()
            .file(".gitignore", "cache/\n")
            .file("greeting.txt", "goodbye\n")
            .file("test.sh", script)
            .commit("A greeting");
        let house = House::playing(&storage, &[plants, &one_part(), WILLING], repository).await;
        let run = house.run(house.small(SOLO)).await;
        assert!(matches!(run.end, Ok(DriveEnd::Ended(Status::Completed))), "{} {:?}", run.story(), house.model.complaints());
        assert_eq!(run.state.fixes, 1, "the gate did not see what was planted: {}", run.story());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_without_run_command_runs_nothing() {
    let tries = r#"
[[scene]]
duty = "work"
[[scene.turn]]
calls = [{ tool = "run_command", args = { command = "echo hello > greeting.txt" } }]
[[scene.turn]]
expect = "your employer does not let you use `run_command`"
calls = [{ tool = "write_file", args = { path = "greeting.txt", content = "hello\n" } }, { tool = "submit_work", args = { summary = "Done." } }]
"#;
    each_database(async |storage| {
        let house = House::playing(&storage, &[tries, &one_part(), WILLING], project()).await;
        let mut spec = house.small(SOLO);
        let tools = ToolName::ALL.iter().filter(|tool| **tool != ToolName::RunCommand);
        spec.squad.members[0].tools = Some(tools.map(ToString::to_string).collect());
        let run = house.run(spec).await;
        assert!(
            matches!(run.end, Ok(DriveEnd::Ended(Status::Completed))),
            "{} {:?}",
            run.story(),
            house.model.complaints()
        );
        let started =
            run.count(|body| matches!(body, EventBody::ToolStarted { tool, .. } if tool == "run_command"));
        assert_eq!(started, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn allowed_paths_hold_for_files_and_for_commands() {
    let tries = r#"
[[scene]]
duty = "work"
[[scene.turn]]
calls = [{ tool = "write_file", args = { path = "test.sh", content = "exit 0\n" } }, { tool = "run_command", args = { command = "echo 'exit 0' > test.sh; echo hello > greeting.txt" } }]
[[scene.turn]]
expect = "were undone, because it changed `test.sh`"
calls = [{ tool = "run_command", args = { command = "echo hello > greeting.txt" } }, { tool = "submit_work", args = { summary = "Done." } }]
"#;
    each_database(async |storage| {
        let house = House::playing(
            &storage,
            &[tries, &one_part(), WILLING],
            tested_by("grep -q hello greeting.txt\n"),
        )
        .await;
        let mut spec = house.small(SOLO);
        spec.squad.members[0].allowed_paths = vec!["*.txt".into()];
        let run = house.run(spec).await;
        assert!(
            matches!(run.end, Ok(DriveEnd::Ended(Status::Completed))),
            "{} {:?}",
            run.story(),
            house.model.complaints()
        );
        let delivery = run.state.delivery.as_ref().unwrap();
        assert_eq!(
            house.git(&["diff", "--name-only", delivery.base.as_str(), delivery.commit.as_str()]),
            "greeting.txt\n"
        );
    })
    .await;
}
