use super::*;
use squad_domain::duty::Duty;

fn error(text: &str) -> String {
    parse("team.toml", "team.toml", text, &Prompts::embedded()).expect_err("an error").to_string()
}

#[test]
fn every_shipped_template_loads_and_can_work() {
    let shipped = shipped(&Prompts::embedded()).unwrap();
    assert_eq!(shipped.len(), TEMPLATES.len());
    for template in shipped {
        assert!(!template.description.is_empty(), "{}", template.key);
        for duty in [Duty::Analyze, Duty::Plan, Duty::Resolve] {
            assert!(template.squad.holder(duty, &Default::default()).is_some(), "{} {duty}", template.key);
        }
        assert_eq!(load(&template.key, &Prompts::embedded()).unwrap(), template);
    }
}

#[test]
fn every_template_file_is_shipped() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    files.sort();
    let mut shipped: Vec<&str> = TEMPLATES.iter().map(|(key, _)| *key).collect();
    shipped.sort_unstable();
    assert_eq!(files, shipped);
}

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
fn errors_name_the_line() {
    let head = "name = \"T\"\n[[members]]\nname = \"Bea\"\n";
    let starts = |rest: &str, expected: &str| {
        let error = error(&format!("{head}{rest}"));
        assert!(error.starts_with(expected), "{error}");
    };
    starts("role = \"wizard\"\n", "team.toml:4: `members[1].role`: unknown variant `wizard`");
    starts("role = \"designer\"\ncolour = 1\n", "team.toml:5: there is no setting `members[1].colour`");
    starts(
        "role = \"designer\"\nspecialization = \"pixels\"\n",
        "team.toml:5: the role `designer` has no specialization `pixels`; it has ",
    );
    starts("role = \"designer\"\ntools = [\"fly\"]\n", "team.toml:5: there is no tool `fly`");
    starts(
        "role = \"designer\"\nbudget = \"much\"\n",
        "team.toml:5: `members[1].budget`: `much` is not an amount",
    );
    starts(
        "role = \"designer\"\n[[members]]\nname = \"bea\"\nrole = \"designer\"\n",
        "team.toml:6: two members are called",
    );
    starts("role = designer\n", "team.toml:4: ");
    assert!(error("name = \"T\"\nmembers = []\n").contains("the squad has no members"));
}

#[test]
fn an_unknown_name_is_answered_with_the_known_ones() {
    let error = load("fullstack", &Prompts::embedded()).unwrap_err().to_string();
    assert!(error.contains("`default`, `solo`"), "{error}");
    assert!(matches!(load("./nope.toml", &Prompts::embedded()), Err(TemplateError::Read { .. })));
}
