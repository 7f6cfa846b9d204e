//! Wrong usage and configuration: exit status 2, and a sentence that says what to do.

use crate::support::{House, end};

#[test]
fn what_cannot_be_used_ends_with_2_and_says_why() {
    let house = House::new();
    for (more, said) in [
        (&["--squad", "fullstack"][..], "there is no squad template `fullstack`"),
        (&["--squad", "nowhere.toml"], "cannot read the squad file"),
        (&["--price", "3"], "write `input/output`"),
        (&["--base-url", "not a url"], "is not the address of `scripted`"),
        (&["--sandbox", "chroot"], "is no sandbox tier"),
        (&["--sandbox", "kubernetes"], "is not available in this build"),
        (&["--branch", "two words"], "cannot be a branch name"),
        (&["--branch", "main"], "branch `main` exists already"),
        (&["--repo", "."], "is not in a git repository"),
    ] {
        let done = end(&mut house.run(more));
        assert_eq!(done.exit, 2, "{more:?}: {}", done.err);
        assert!(done.err.contains(said), "{more:?}: {}", done.err);
        assert_eq!(done.out, "", "{more:?}");
    }
    let late = house.run(&["--budget", "1", "--price", "0/0", "--squad", "fullstack"]).output().unwrap();
    assert!(
        String::from_utf8_lossy(&late.stderr).contains("fullstack"),
        "a flag given again counts the last time"
    );
    let nowhere = end(&mut house.squad(&["run", "--repo", "nowhere", "--task", "x", "--model", "ollama/x"]));
    assert_eq!(nowhere.exit, 2, "{}", nowhere.err);
    let no_model = end(&mut house.squad(&["run", "--repo", "shop", "--task", "x"]));
    assert_eq!(no_model.exit, 2);
    assert!(no_model.err.contains("ANTHROPIC_API_KEY"), "{}", no_model.err);
    let unpriced = end(&mut house.squad(&["run", "--repo", "shop", "--task", "x", "--model", "openai/odd"]));
    assert_eq!(unpriced.exit, 2, "{}", unpriced.err);
    assert!(unpriced.err.contains("--price"), "{}", unpriced.err);
    let unknown = end(&mut house.squad(&["show", "deadbeef"]));
    assert_eq!(unknown.exit, 2);
    assert!(unknown.err.contains("`squad list`"), "{}", unknown.err);
}

#[test]
fn a_broken_file_is_named_by_line_for_every_command() {
    let house = House::new();
    std::fs::write(house.repository().join("../squad.toml"), "budget = 2\nlimit = 3\n").unwrap();
    for command in [&["list"][..], &["config", "show"], &["doctor"]] {
        let done = end(&mut house.squad(command));
        assert_eq!(done.exit, 2, "{command:?}");
        assert!(done.err.contains("squad.toml:2: there is no setting `limit`"), "{}", done.err);
    }
}

#[test]
fn what_needs_no_configuration_works_without_any() {
    let house = House::new();
    let templates = end(&mut house.squad(&["templates", "--json"])).json();
    assert!(templates.iter().any(|template| template["template"] == "solo"));
    let shown = end(&mut house.squad(&["config", "show", "--json"])).json();
    let data = shown.iter().find(|setting| setting["key"] == "data_dir").unwrap();
    assert_eq!(data["source"], "SQUAD_DATA_DIR");
    let completions = end(&mut house.squad(&["completions", "bash"]));
    assert!(completions.out.contains("complete -F _squad"));
    let empty = end(house.squad(&["list"]).env_remove("SQUAD_DATA_DIR").env("XDG_DATA_HOME", house.data()));
    assert!(empty.exit == 0 && empty.out.contains("squad demo"), "{}{}", empty.out, empty.err);
    assert!(!house.data().exists());
    let checks = end(&mut house.squad(&["doctor", "--json"])).json();
    assert!(checks.iter().any(|check| check["name"] == "database" && check["health"] == "good"));
}
