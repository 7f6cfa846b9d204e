//! Credential files in toolchain folders, which must not be seen.

use std::fs;
use std::path::{Path, PathBuf};

/// Names that are credentials wherever they are.
const ALWAYS: [&str; 28] = [
    ".docker",
    ".env",
    ".git-credentials",
    ".gem",
    ".gnupg",
    ".my.cnf",
    ".netrc",
    ".npmrc",
    ".pgpass",
    ".pypirc",
    ".ssh",
    ".terraformrc",
    ".vault-token",
    ".yarnrc",
    ".yarnrc.yml",
    "_netrc",
    "auth.json",
    "auth.toml",
    "credentials",
    "credentials.json",
    "credentials.tfrc.json",
    "credentials.toml",
    "hosts.yml",
    "id_ecdsa",
    "id_ed25519",
    "id_rsa",
    "settings-security.xml",
    "settings.xml",
];

/// Names that often hold settings only: covered when they mention a secret.
const WHEN_SECRET: [&str; 10] = [
    ".condarc",
    ".gemrc",
    "config",
    "config.json",
    "config.toml",
    "gradle.properties",
    "init.gradle",
    "npmrc",
    "pip.conf",
    "rc",
];

const SECRET_WORDS: [&str; 6] = ["token", "password", "passwd", "secret", "_auth", "api_key"];

/// Below these there are thousands of files of packages, and nothing that a person configured.
const PACKAGES: [&str; 12] = [
    "cache",
    "downloads",
    "git",
    "lib",
    "node_modules",
    "pkg",
    "registry",
    "repository",
    "share",
    "src",
    "toolchains",
    "versions",
];

/// How deep people put settings below a toolchain's home.
const DEPTH: usize = 3;

/// An end for folders that nobody expected.
const ENTRIES: usize = 20_000;

/// The credential files and folders below `root`.
pub(crate) fn find(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![(root.to_path_buf(), 0)];
    let mut entries = 0;
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            entries += 1;
            if entries > ENTRIES {
                tracing::warn!(root = %root.display(), "toolchain folder too large to look through for credentials");
                return found;
            }
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            if is_credential(name, &entry.path()) {
                found.push(entry.path());
            } else if depth + 1 < DEPTH
                && !PACKAGES.contains(&name)
                && entry.file_type().is_ok_and(|kind| kind.is_dir())
            {
                folders.push((entry.path(), depth + 1));
            }
        }
    }
    found
}

fn is_credential(name: &str, path: &Path) -> bool {
    let lower = name.to_ascii_lowercase();
    ALWAYS.contains(&lower.as_str()) || (WHEN_SECRET.contains(&lower.as_str()) && mentions_secret(path))
}

/// Whether a settings file may hold a secret; one that cannot be read is taken for it.
pub(crate) fn mentions_secret(path: &Path) -> bool {
    if path.is_dir() {
        return false;
    }
    let Ok(text) = fs::read_to_string(path) else { return true };
    let text = text.to_ascii_lowercase();
    let password_in_url = || {
        text.split("://").skip(1).any(|rest| {
            let authority = rest.split(['/', '"', '\'', ' ', '\n']).next().unwrap_or_default();
            authority.contains('@')
        })
    };
    SECRET_WORDS.iter().any(|word| text.contains(word)) || password_in_url()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_found_and_settings_only_when_they_hold_a_secret() {
        let root = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        put("credentials.toml", "");
        put(".npmrc", "//registry/:_authToken=x");
        put("etc/pip.conf", "index-url = https://ada:pw@pypi.example/simple");
        put("conf/gradle.properties", "org.gradle.jvmargs=-Xmx2g");
        put("config.toml", "[build]\njobs = 2");
        put("node_modules/a/credentials", "a package's own file");

        let mut found = find(root.path());
        found.sort();
        let expected = [".npmrc", "credentials.toml", "etc/pip.conf"].map(|path| root.path().join(path));
        assert_eq!(found, expected);
    }
}
