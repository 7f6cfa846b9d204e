use super::*;

#[test]
fn a_file_says_all_that_an_employer_can_say() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("team.toml");
    let text = r#"
name = "Careful"
[[members]]
name = "Bea"
role = "backend_developer"
specialization = "rust_axum"
model = "anthropic/claude-sonnet-4-5"
tools = ["read_file", "edit_file", "submit_analysis", "submit_plan", "submit_work", "mcp__tracker__search"]
allowed_paths = ["src/**"]
hosts = ["packages.example"]
budget = 1.50
max_turns = 12
prompt = "Prefer small changes."
"#;
    std::fs::write(&path, text).unwrap();
    let squad = load(&path.to_string_lossy(), &Prompts::embedded()).unwrap().squad;
    let bea = &squad.members[0];
    assert_eq!(bea.budget.unwrap().micros(), 1_500_000);
    assert_eq!((bea.max_turns, bea.may_use("run_command")), (12, false));
    assert_eq!(bea.profile.as_ref().unwrap().default[0].provider, "anthropic");
    let again = load(&path.to_string_lossy(), &Prompts::embedded()).unwrap().squad;
    assert_eq!(squad.id, again.id, "the same file is the same squad");
}

#[test]
fn errors_name_the_file_and_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("team.toml").to_string_lossy().into_owned();
    std::fs::write(&path, "name = \"T\"\n[[members]]\nname = \"Bea\"\nrole = \"wizard\"\n").unwrap();
    let error = load(&path, &Prompts::embedded()).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{path}:4: `members[1].role`: unknown variant `wizard`")), "{error}");
}

#[test]
fn an_unknown_name_is_answered_with_the_known_ones() {
    let error = load("fullstack", &Prompts::embedded()).unwrap_err().to_string();
    assert!(error.contains("`default`, `solo`"), "{error}");
    assert!(matches!(load("./nope.toml", &Prompts::embedded()), Err(TemplateError::Read { .. })));
}
