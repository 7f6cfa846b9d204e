//! What people change while it goes on: models and budgets.

use crate::garbage::{WILLING, greeting, says, solo};
use crate::support::{House, end, of_kind};

#[test]
fn a_model_is_swapped_for_one_of_another_server() {
    let (house, other) = (House::playing(WILLING), House::playing(WILLING));
    let folder = greeting(&house, "shop");
    let config = format!(
        "[providers.openai-compatible]\nbase_url = \"{}\"\n\n[prices.\"openai-compatible/second\"]\ninput = 2\noutput = 8\n",
        other.model_url()
    );
    std::fs::write(house.folder().join("squad.toml"), config).unwrap();
    let waiting = end(&mut solo(&house, &folder, &["--approve", "always"]));
    assert_eq!(waiting.exit, 3, "{}", waiting.err);
    let before = house.requests();
    says(
        &end(&mut house.squad(&["swap", "--model", "openai-compatible/third"])),
        2,
        &["price", "was started with"],
    );
    says(
        &end(&mut house.squad(&["swap", "--member", "Zoe", "--model", "openai-compatible/second"])),
        2,
        &["Sam"],
    );
    let swapped = end(&mut house.squad(&["swap", "--model", "openai-compatible/second"]));
    assert!(
        swapped.exit == 0 && swapped.out.contains("everybody works with"),
        "{}{}",
        swapped.out,
        swapped.err
    );
    assert_eq!(end(&mut house.squad(&["approve"])).exit, 0);
    let done = end(&mut house.squad(&["resume", "--json"]));
    assert_eq!(done.exit, 0, "{}", done.err);
    assert_eq!(house.requests(), before, "the first model is asked no more");
    assert!(other.requests() > 0);
    let lines = done.json();
    let models = of_kind(&lines, "model_call_finished", "model");
    assert_eq!(models.first(), Some(&"scripted/demo"));
    assert_eq!(models.last(), Some(&"openai-compatible/second"));
}

#[test]
fn budgets_are_shown_and_set_for_everybody_and_for_one() {
    let house = House::playing(WILLING);
    let folder = greeting(&house, "shop");
    says(&end(&mut house.squad(&["budget"])), 2, &["nothing was started there yet"]);
    let set = end(&mut house.squad(&["budget", "--organization", "--set", "0.01"]));
    assert!(set.out.contains("organization") && set.out.contains("of $0.01"), "{}{}", set.out, set.err);
    says(&end(&mut house.squad(&["budget", "--set", "5"])), 2, &["--organization"]);
    says(
        &end(&mut house.squad(&["budget", "--squad", "solo", "--set", "5"])),
        2,
        &["has not worked here yet"],
    );
    says(&end(&mut house.squad(&["budget", "--squad", "solo", "--set", "lots"])), 2, &["--set"]);

    // The first call could cost more than a cent.
    let stopped = end(&mut solo(&house, &folder, &[]));
    assert_eq!(stopped.exit, 3, "{}{}", stopped.out, stopped.err);
    assert!(stopped.out.contains("squad budget --organization --set"), "{}", stopped.out);
    let id = end(&mut house.squad(&["list", "--json"])).json()[0]["short_id"].as_str().unwrap().to_owned();
    says(&end(&mut house.squad(&["approve", "--budget", "9"])), 2, &["squad budget"]);
    assert_eq!(end(&mut house.squad(&["budget", "--org", "--set", "none"])).exit, 0);
    assert_eq!(end(&mut house.squad(&["budget", "--squad", "Solo developer", "--set", "30"])).exit, 0);
    assert_eq!(end(&mut house.squad(&["budget", &id, "--set", "7"])).exit, 0);
    assert_eq!(end(&mut house.squad(&["budget", &id, "--member", "Sam", "--set", "3"])).exit, 0);
    assert_eq!(end(&mut house.squad(&["retry"])).exit, 0);
    let done = end(&mut house.squad(&["resume"]));
    assert_eq!(done.exit, 0, "{}{}", done.out, done.err);

    let limits = |args: &[&str]| -> Vec<(String, Option<f64>)> {
        let rows = end(&mut house.squad(args)).json();
        rows.iter()
            .map(|row| (row["scope"].as_str().unwrap().to_owned(), row["limit_usd"].as_f64()))
            .collect()
    };
    let named = |scope: &str, limit| (scope.to_owned(), limit);
    assert_eq!(limits(&["budget", "--json"]), [named("organization", None), named("squad", Some(30.0))]);
    assert_eq!(
        limits(&["budget", &id, "--json"]),
        [named("execution", Some(7.0)), named("member", Some(3.0))]
    );
    says(&end(&mut house.squad(&["budget", &id, "--set", "8"])), 2, &["it takes no more input"]);
}

#[test]
fn a_budget_is_raised_before_it_is_reached() {
    let house = House::playing(WILLING);
    let folder = greeting(&house, "shop");
    assert_eq!(end(&mut solo(&house, &folder, &["--approve", "always"])).exit, 3);
    let raised = end(&mut house.squad(&["approve", "--budget", "8"]));
    assert!(
        raised.exit == 0 && raised.out.contains("may spend $8.00 in all"),
        "{}{}",
        raised.out,
        raised.err
    );
    let shown = end(&mut house.squad(&["show"])).out;
    assert!(shown.contains("waits for approval"), "the plan is not approved by it: {shown}");
}
