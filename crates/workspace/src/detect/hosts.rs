//! The hosts that a repository itself names. Which index its packages come from by default is not written there: a
//! mirror may stand in its place, and a person grants hosts by name anyway.

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
