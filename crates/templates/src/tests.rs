use super::*;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use squad_agents::Prompts;
use squad_domain::duty::Duty;
use squad_domain::ids::SquadId;
use squad_domain::member::Member;
use squad_domain::model::{ModelRef, Purpose, RoutingProfile};
use squad_domain::money::MicroUsd;
use squad_domain::role::Role;
use squad_domain::squad::Squad;
use squad_domain::tool::ToolName;
use std::collections::BTreeSet;
use std::path::Path;

fn error(text: &str) -> String {
    parse(text, &Prompts::embedded()).expect_err("an error").to_string()
}

#[test]
fn every_shipped_template_loads_and_can_work() {
    let shipped = shipped(&Prompts::embedded()).unwrap();
    assert_eq!(shipped.iter().map(|template| template.key).collect::<Vec<_>>(), KEYS);
    for Template { key, definition } in shipped {
        assert!(!definition.description.is_empty(), "{key}");
        let squad = Squad {
            id: SquadId(uuid::Uuid::nil()),
            name: definition.name.clone(),
            members: definition.members.clone(),
        };
        for duty in [Duty::Analyze, Duty::Plan, Duty::Resolve] {
            assert!(squad.holder(duty, &BTreeSet::new()).is_some(), "{key} {duty}");
        }
        assert_eq!(template(key, &Prompts::embedded()).unwrap(), Some(definition));
    }
    assert_eq!(template("fullstack", &Prompts::embedded()), Ok(None));
}

#[test]
fn every_template_file_is_shipped() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    files.sort();
    let mut shipped = KEYS.to_vec();
    shipped.sort_unstable();
    assert_eq!(files, shipped);
}

#[test]
fn errors_name_the_line() {
    let head = "name = \"T\"\n[[members]]\nname = \"Bea\"\n";
    let starts = |rest: &str, expected: &str| {
        let error = error(&format!("{head}{rest}"));
        assert!(error.starts_with(expected), "{error}");
    };
    starts("role = \"wizard\"\n", "line 4: `members[1].role`: unknown variant `wizard`");
    starts("role = \"designer\"\ncolour = 1\n", "line 5: there is no setting `members[1].colour`");
    starts(
        "role = \"designer\"\nspecialization = \"pixels\"\n",
        "line 5: the role `designer` has no specialization `pixels`; it has ",
    );
    starts("role = \"designer\"\ntools = [\"fly\"]\n", "line 5: there is no tool `fly`");
    starts(
        "role = \"designer\"\nbudget = \"much\"\n",
        "line 5: `members[1].budget`: `much` is not an amount",
    );
    starts("role = \"designer\"\nmax_turns = 0\n", "line 5: a member without a turn");
    starts(
        "role = \"designer\"\n[[members]]\nname = \"bea\"\nrole = \"designer\"\n",
        "line 6: two members are called",
    );
    starts("role = designer\n", "line 4: ");
    assert!(error("name = \"T\"\nmembers = []\n").contains("the squad has no members"));
}

fn model() -> impl Strategy<Value = ModelRef> {
    ("[a-z-]{1,8}", "[a-z0-9./:-]{1,12}").prop_map(|(provider, model)| ModelRef { provider, model })
}

fn profile() -> impl Strategy<Value = RoutingProfile> {
    let purpose = select(vec![Purpose::Plan, Purpose::Code, Purpose::Review, Purpose::Embed]);
    let purposes = btree_map(purpose, vec(model(), 0..3), 0..3);
    (vec(model(), 1..3), purposes, vec(model(), 0..2))
        .prop_map(|(default, purposes, escalation)| RoutingProfile { default, purposes, escalation })
}

/// Any member that can work alone. Its name is given to it later.
fn member() -> impl Strategy<Value = Member> {
    let role = select(Role::ALL).prop_flat_map(|role| {
        let known = Prompts::embedded().specializations(role);
        let some = if known.is_empty() { Just(None).boxed() } else { option::of(select(known)).boxed() };
        (Just(role), some)
    });
    let needed = ["submit_analysis", "submit_plan", "submit_work", "mcp__docs__*"];
    let tools = btree_set(select(ToolName::ALL).prop_map(|tool| tool.slug().to_owned()), 0..4)
        .prop_map(move |some| some.into_iter().chain(needed.map(str::to_owned)).collect());
    let lists = (vec(".{0,12}", 0..3), vec("[a-z.]{1,12}", 0..3));
    let limits = (option::of(any::<u64>().prop_map(MicroUsd::from_micros)), 1..=100_000_u32);
    let texts = option::of("(.|\r|\n|\u{0}|\"\"\"|'''){0,24}");
    (role, option::of(profile()), option::of(tools), lists, limits, texts).prop_map(
        |((role, specialization), profile, tools, (allowed_paths, hosts), (budget, max_turns), prompt)| {
            Member {
                specialization,
                profile,
                tools,
                allowed_paths,
                hosts,
                budget,
                max_turns,
                prompt,
                ..Member::new("Bea", role)
            }
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read_again_as_it_was(
        name in "(.|\n|\r){0,12}",
        description in "(.|\n|\r|'''){0,24}",
        members in vec(member(), 1..4),
    ) {
        let named = members.into_iter().zip(["Bea", "ben-2", "Ünal O"]);
        let members = named.map(|(member, name)| Member { name: name.into(), ..member }).collect::<Vec<_>>();
        let text = to_toml(&name, &description, &members);
        let read = parse(&text, &Prompts::embedded());
        prop_assert_eq!(read, Ok(Definition { name, description, members }), "{}", text);
    }
}
