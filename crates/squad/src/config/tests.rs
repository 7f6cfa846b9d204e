use super::*;
use std::path::PathBuf;

struct Place {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Place {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("project/.git")).unwrap();
        std::fs::create_dir_all(folder.path().join("project/deep/down")).unwrap();
        std::fs::create_dir_all(folder.path().join("user")).unwrap();
        for (path, text) in files {
            std::fs::write(folder.path().join(path), text).unwrap();
        }
        Self { folder, variables: Vec::new() }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn load(&self, flags: Vec<Flag>) -> Result<Loaded, ConfigError> {
        let places = Places {
            current: &self.folder.path().join("project/deep/down"),
            user: Some(&self.folder.path().join("user")),
            variables: self.variables.clone(),
        };
        load(&places, flags)
    }

    /// The error without the folder's random name.
    fn error(&self, flags: Vec<Flag>) -> String {
        let error = self.load(flags).expect_err("an error").to_string();
        error.replace(&*self.folder.path().to_string_lossy(), "")
    }

    fn shown(&self, flags: Vec<Flag>, key: &str) -> (Option<String>, String) {
        let settings = self.load(flags).unwrap().settings();
        let setting = settings.into_iter().find(|setting| setting.key == key).expect("a setting");
        (setting.value, setting.source.replace(&*self.folder.path().to_string_lossy(), ""))
    }
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn each_later_layer_wins_and_says_where_a_value_is_from() {
    let user = ("user/squad.toml", "budget = 1\nmodel = \"openai/user\"\n");
    let project = ("project/squad.toml", "# ours\nbudget = 2.5\n");
    let key = "budget";
    assert_eq!(Place::new(&[]).shown(vec![], key), (None, "not set".to_owned()));
    assert_eq!(Place::new(&[user]).shown(vec![], key), (some("\"1.00\""), "/user/squad.toml:1".to_owned()));
    let both = Place::new(&[user, project]);
    assert_eq!(both.shown(vec![], key), (some("\"2.50\""), "/project/squad.toml:2".to_owned()));
    assert_eq!(both.shown(vec![], "model").1, "/user/squad.toml:2", "what the project does not say stays");
    let both = both.with("SQUAD_BUDGET", "3");
    assert_eq!(both.shown(vec![], key), (some("\"3.00\""), "SQUAD_BUDGET".to_owned()));
    let flag = vec![Flag::new("--budget", "budget", "4")];
    assert_eq!(both.shown(flag, key), (some("\"4.00\""), "--budget".to_owned()));
}

#[test]
fn the_nearest_file_counts_and_none_above_the_repository() {
    let place = Place::new(&[
        ("squad.toml", "budget = 9\n"),
        ("project/squad.toml", "budget = 2\n"),
        ("project/deep/squad.toml", "budget = 3\n"),
    ]);
    assert_eq!(place.shown(vec![], "budget").0, some("\"3.00\""));
    let above = Place::new(&[("squad.toml", "budget = 9\n")]);
    assert_eq!(above.shown(vec![], "budget").0, None);
}

#[test]
fn errors_name_file_line_and_key() {
    let error = |text: &str| Place::new(&[("project/squad.toml", text)]).error(vec![]);
    assert_eq!(
        error("model = \"a/b\"\nbudget = \"lots\"\n"),
        "/project/squad.toml:2: `budget`: `lots` is not an amount in US dollars; write for example `2.50`"
    );
    assert_eq!(
        error("\n[limits]\nreview_round = 2\n"),
        "/project/squad.toml:3: there is no setting `limits.review_round`; `squad config show --help` lists those there are"
    );
    assert!(
        error("\n\n[limits]\nreview_rounds = \"x\"\n")
            .starts_with("/project/squad.toml:4: `limits.review_rounds`: ")
    );
    assert!(
        error("[prices.\"a/b\"]\ninput = 1\noutput = -2\n")
            .starts_with("/project/squad.toml:3: `prices.\"a/b\".output`: ")
    );
    assert!(error("a = \n").starts_with("/project/squad.toml:1: "));
    assert!(
        error("model = \"gpt\"\n").starts_with("/project/squad.toml:1: `model`: `gpt` does not name a model")
    );
}

#[test]
fn a_repository_cannot_send_keys_or_work_elsewhere() {
    for (text, key) in [
        ("[providers.anthropic]\nbase_url = \"https://elsewhere.example\"\n", "providers.anthropic.base_url"),
        ("[providers.lab]\napi_key_env = \"AWS_SECRET_ACCESS_KEY\"\n", "providers.lab.api_key_env"),
        ("database_url = \"postgres://elsewhere.example/x\"\n", "database_url"),
    ] {
        let error = Place::new(&[("project/squad.toml", text)]).error(vec![]);
        assert!(error.contains(&format!("`{key}` is not taken from a file in a repository")), "{error}");
        assert!(Place::new(&[("user/squad.toml", text)]).load(vec![]).is_ok(), "the user's own file may");
    }
}

#[test]
fn errors_of_variables_and_flags_name_them() {
    let error = Place::new(&[]).with("SQUAD_LIMITS__REVIEW_ROUNDS", "many").error(vec![]);
    assert!(error.starts_with("SQUAD_LIMITS__REVIEW_ROUNDS: "), "{error}");
    let error = Place::new(&[]).error(vec![Flag::new("--budget", "budget", "much")]);
    assert!(error.starts_with("--budget: `much` is not an amount"), "{error}");
}

#[test]
fn variables_reach_numbers_lists_and_nested_keys() {
    let place = Place::new(&[])
        .with("SQUAD_LIMITS__REVIEW_ROUNDS", "5")
        .with("SQUAD_PROFILE__REVIEW", "a/b, c/d")
        .with("SQUAD_PROVIDERS__LAB__BASE_URL", "http://127.0.0.1:1/v1")
        .with("SQUAD_BUDGTE", "2");
    let loaded = place.load(vec![]).unwrap();
    assert_eq!(loaded.config.limits.review_rounds, 5);
    assert_eq!(loaded.config.profile.review.len(), 2);
    assert_eq!(loaded.config.providers["lab"].base_url.as_deref(), Some("http://127.0.0.1:1/v1"));
    assert_eq!(loaded.ignored, ["SQUAD_BUDGTE"], "a slip of the pen is told");
    assert_eq!(place.shown(vec![], "limits.fix_rounds").1, "default");
}

#[test]
fn whoever_names_one_model_means_it_for_everything() {
    let place = Place::new(&[("project/squad.toml", "model = \"a/b\"\n[profile]\nreview = [\"c/d\"]\n")]);
    assert_eq!(place.load(vec![]).unwrap().config.profile.review.len(), 1);
    let loaded = place.load(vec![Flag::new("--model", "model", "x/y")]).unwrap();
    assert!(loaded.config.profile.review.is_empty());
}

#[test]
fn no_isolation_is_only_ever_a_flag() {
    let place = Place::new(&[("project/squad.toml", "sandbox = \"none\"\n")]);
    assert!(place.error(vec![]).contains("only be given by the flag"));
    assert!(
        Place::new(&[]).with("SQUAD_SANDBOX", "none").error(vec![]).contains("only be given by the flag")
    );
    assert!(Place::new(&[]).load(vec![Flag::new("--sandbox", "sandbox", "none")]).is_ok());
}

#[test]
fn passwords_are_never_shown() {
    let place = Place::new(&[]).with("SQUAD_DATABASE_URL", "postgres://ada:hunter2@db/squad");
    assert_eq!(place.shown(vec![], "database_url").0, some("\"postgres://ada:***@db/squad\""));
}

#[test]
fn paths_in_a_file_are_meant_from_where_it_is() {
    let place = Place::new(&[("project/squad.toml", "data_dir = \"state\"\nsquad = \"team.toml\"\n")]);
    let config = place.load(vec![]).unwrap().config;
    let home = place.folder.path().join("project");
    assert_eq!(config.data_dir, Some(home.join("state")));
    assert_eq!(config.squad.map(PathBuf::from), Some(home.join("team.toml")));
}

#[test]
fn models_come_from_the_choice_or_else_from_the_keys() {
    let none = |_: &str| None;
    let groq = |name: &str| (name == "GROQ_API_KEY").then(|| "key".to_owned());
    let config = Place::new(&[]).load(vec![]).unwrap().config;
    assert!(matches!(config.models(&none), Err(ConfigError::NoModel)));
    assert_eq!(config.models(&groq).unwrap().profile.default[0].provider, "groq");
    let text = "model = \"a/b\"\n[profile]\nfallback = [\"c/d\"]\nescalation = [\"e/f\"]\n[prices.\"a/b\"]\ninput = 0.5\noutput = \"1.5\"\n";
    let config = Place::new(&[("project/squad.toml", text)]).load(vec![]).unwrap().config;
    let models = config.models(&groq).unwrap();
    assert_eq!(models.profile.default, ["a/b".parse().unwrap(), "c/d".parse().unwrap()]);
    assert_eq!(models.profile.escalation, ["e/f".parse().unwrap()]);
    assert_eq!(models.prices[&"a/b".parse().unwrap()].output.micros(), 1_500_000);
}

#[test]
fn every_key_is_documented_and_every_documented_key_exists() {
    let table = toml::Table::try_from(Config {
        data_dir: Some("x".into()),
        database_url: Some("x".into()),
        squad: Some("x".into()),
        model: Some("a/b".parse().unwrap()),
        budget: Some(Dollars("1".parse().unwrap())),
        test_command: Some("x".into()),
        setup_command: Some("x".into()),
        prompts: Some("x".into()),
        sandbox_image: Some("x".into()),
        ..Config::default()
    })
    .unwrap();
    let mut documented: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
    documented.sort_unstable();
    let mut there: Vec<&str> = table.keys().map(String::as_str).collect();
    there.sort_unstable();
    assert_eq!(documented, there);
    assert!(KEYS.iter().all(|key| !key.about.trim().is_empty()));
}
