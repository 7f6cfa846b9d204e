//! Seeds: thousands of worlds in which anything may go wrong.

use super::disk::{Files, diff};
use super::play::{Ending, Setting};
use super::plot::PLOTS;
use squad_domain::execution::Status;
use std::collections::BTreeMap;

/// How many seeds are played where nobody says.
pub(super) const SEEDS: u64 = 2_000;

/// How many seeds are played.
pub(super) fn count() -> u64 {
    variable("SQUAD_SIM_SEEDS").unwrap_or(SEEDS)
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("it is a number"))
}

/// What is wrong with how it went, given the files that the plot ends with.
fn wrong(setting: &Setting, ending: &Ending, files: &Files) -> Vec<String> {
    let mut wrong = ending.wrong.clone();
    let may_end = setting.weather.ends;
    match ending.state.status {
        Status::Completed if ending.files != *files => {
            wrong.push(format!("it ends with other files than undisturbed: {}", diff(files, &ending.files)));
        }
        Status::Completed => {}
        Status::Failed | Status::Cancelled if may_end => {}
        // A fault before anything was prepared ends it: nothing was paid for yet.
        Status::Failed if ending.state.prepared.is_none() => {}
        other => wrong.push(format!("it ends {other}: {}", ending.state.reason)),
    }
    wrong
}

/// Plays the seed again with its story told.
fn tell(seed: u64) {
    let told = Setting { told: true, ..Setting::of(seed) }.play();
    println!("{}\n", told.story.join("\n"));
}

fn undisturbed(plot: u64) -> Files {
    let ending = Setting { told: true, ..Setting::calm(plot) }.play();
    if !ending.wrong.is_empty() {
        println!("{}\n", ending.story.join("\n"));
    }
    assert_eq!(ending.wrong, Vec::<String>::new(), "plot {plot}");
    assert_eq!(ending.state.status, Status::Completed, "plot {plot}: {}", ending.state.reason);
    ending.files
}

#[test]
fn whatever_goes_wrong_it_ends_as_if_nothing_had() {
    let one = variable("SQUAD_SIM_SEED");
    let seeds = match one {
        Some(seed) => seed..seed + 1,
        None => 0..count(),
    };
    let mut files: BTreeMap<u64, Files> = BTreeMap::new();
    let mut repeated = 0;
    for seed in seeds {
        let setting = Setting::of(seed);
        let files = files.entry(setting.plot).or_insert_with(|| undisturbed(setting.plot));
        let ending = setting.play();
        let wrong = wrong(&setting, &ending, files);
        repeated += ending.repeated;
        if one.is_some() || !wrong.is_empty() {
            tell(seed);
        }
        assert!(
            wrong.is_empty(),
            "seed {seed}: {wrong:#?}\n\nplay it again: SQUAD_SIM_SEED={seed} cargo nextest run -p squad-engine sim::seeds --no-capture"
        );
    }
    assert!(one.is_some() || repeated > 0, "no effect was ever cut off between its end and its outcome");
}

#[test]
fn a_seed_always_plays_the_same() {
    for seed in 0..30 {
        let setting = Setting { told: true, ..Setting::of(seed) };
        let (first, second) = (setting.play(), setting.play());
        assert_eq!(first.story.join("\n"), second.story.join("\n"), "seed {seed}");
    }
}

#[test]
fn undisturbed_every_plot_is_delivered() {
    for plot in 0..PLOTS {
        undisturbed(plot);
    }
}
