//! The setup command: run once on the base, handed on to whoever works and to the gate.

use crate::house::{House, SOLO};
use crate::scenes::{WILLING, one_part};
use squad_domain::execution::Status;
use squad_engine::DriveEnd;
use squad_testkit::{FixtureRepo, each_database};

fn needs_setup() -> FixtureRepo {
    FixtureRepo::new()
        .file(".gitignore", "deps/\n")
        .file("greeting.txt", "goodbye\n")
        .file(
            "test.sh",
            "[ -e deps/ready ] || { echo 'deps are missing'; exit 2; }\ngrep -q hello greeting.txt\n",
        )
        .commit("A greeting that needs its dependencies")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_setup_left_is_there_for_members_and_for_the_gate() {
    let tests = r#"
[[scene]]
duty = "work"
[[scene.turn]]
calls = [{ tool = "write_file", args = { path = "greeting.txt", content = "hello\n" } }, { tool = "run_command", args = { command = "sh test.sh" } }]
[[scene.turn]]
expect = "exit status 0"
calls = [{ tool = "submit_work", args = { summary = "It says hello." } }]
"#;
    each_database(async |storage| {
        let house = House::playing(&storage, &[tests, &one_part(), WILLING], needs_setup()).await;
        let mut spec = house.small(SOLO);
        spec.setup_command = Some("mkdir -p deps && touch deps/ready".into());
        let run = house.run(spec).await;
        let completed = matches!(run.end, Ok(DriveEnd::Ended(Status::Completed)));
        assert!(completed, "{} {:?}", run.story(), house.model.complaints());
        assert_eq!(run.state.fixes, 0, "{}", run.story());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setup_that_fails_ends_the_execution_before_anything_is_paid_and_says_what_to_do() {
    each_database(async |storage| {
        let house = House::playing(&storage, &[&one_part(), WILLING], needs_setup()).await;
        let mut spec = house.small(SOLO);
        spec.setup_command = Some("echo 'could not resolve the registry'; exit 7".into());
        let run = house.run(spec).await;
        assert!(matches!(run.end, Ok(DriveEnd::Ended(Status::Failed))), "{}", run.story());
        for part in ["exit status 7", "could not resolve the registry", "setup_hosts"] {
            assert!(run.state.reason.contains(part), "{part}: {}", run.state.reason);
        }
        assert_eq!(house.model.request_count(), 0);
    })
    .await;
}
