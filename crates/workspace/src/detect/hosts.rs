//! The public hosts that package managers talk to by default, as their documentation names them. A member or a setup
//! command reaches a host only when a person grants it; these are what is proposed.

pub(super) const NPM: &[&str] = &["npm.example"];
pub(super) const YARN: &[&str] = &["yarn.example", "npm.example"];
pub(super) const CARGO: &[&str] = &["crates.example", "packages.example"];
pub(super) const PYTHON: &[&str] = &["python.example", "files.example"];
pub(super) const GO: &[&str] = &["go-proxy.example", "go-sum.example"];
pub(super) const GRADLE: &[&str] = &["services-gradle.example", "plugins-gradle.example", "maven.example"];
pub(super) const MAVEN: &[&str] = &["maven.example"];
pub(super) const COMPOSER: &[&str] = &["composer.example", "api.github.com", "codeload.github.com"];
pub(super) const HEX: &[&str] = &["repo-hex.example", "builds-hex.example"];
pub(super) const RUBY: &[&str] = &["ruby.example", "ruby.example"];

/// The hosts of all URLs in a lock file, which names where each package really comes from.
pub(super) fn in_urls(text: &str) -> Vec<String> {
    let mut hosts: Vec<String> = text
        .split("https://")
        .skip(1)
        .filter_map(|rest| rest.split(|c: char| !(c.is_ascii_alphanumeric() || ".-".contains(c))).next())
        .filter(|host| host.contains('.'))
        .map(str::to_ascii_lowercase)
        .collect();
    hosts.sort();
    hosts.dedup();
    hosts
}
