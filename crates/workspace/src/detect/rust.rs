use super::hosts::CARGO;
use super::project::Project;
use super::{Detection, Ecosystem};

pub(super) fn detect(project: &Project<'_>, found: &mut Detection) {
    let Some(text) = project.read("Cargo.toml") else { return };
    let manifest: toml::Table = text.parse().unwrap_or_default();
    let whole = if manifest.contains_key("workspace") { " --workspace" } else { "" };
    project.test(found, Ecosystem::Rust, format!("cargo test --offline{whole}"), "`Cargo.toml`");
    let lock = project.read("Cargo.lock");
    let foreign = match &lock {
        Some(lock) => lock.contains("\nsource = "),
        None => text.contains("dependencies"),
    };
    if foreign {
        let git = lock.as_deref().unwrap_or(&text);
        let from_git = super::hosts::in_urls(
            &git.lines().filter(|line| line.contains("git")).collect::<Vec<_>>().join("\n"),
        );
        let from_git = from_git.into_iter().filter(|_| git.contains("\"git+") || text.contains("git ="));
        let locked = if lock.is_some() { " --locked" } else { "" };
        let hosts = CARGO.iter().map(ToString::to_string).chain(from_git);
        project.setup(
            found,
            Ecosystem::Rust,
            format!("cargo fetch{locked}"),
            "`Cargo.toml` has dependencies",
            hosts,
        );
    }
}
