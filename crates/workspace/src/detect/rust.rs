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
        let git = |line: &&str| line.contains("\"git+") || line.contains("git = ");
        let sources: Vec<&str> = lock.as_deref().unwrap_or(&text).lines().filter(git).collect();
        let from_git = super::hosts::in_urls(&sources.join("\n"));
        let locked = if lock.is_some() { " --locked" } else { "" };
        project.setup(
            found,
            Ecosystem::Rust,
            format!("cargo fetch{locked}"),
            "`Cargo.toml` has dependencies",
            from_git,
        );
    }
}
