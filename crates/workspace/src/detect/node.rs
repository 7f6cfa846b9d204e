use serde_json::Value;

use super::hosts;
use super::project::Project;
use super::{Detection, Ecosystem};

/// What `npm init` writes into a new `package.json`.
const PLACEHOLDER: &str = "no test specified";

struct Manager {
    lock: &'static str,
    run_test: &'static str,
    install: &'static str,
}

const MANAGERS: &[Manager] = &[
    Manager { lock: "package-lock.json", run_test: "npm test", install: "npm ci" },
    Manager { lock: "npm-shrinkwrap.json", run_test: "npm test", install: "npm ci" },
    Manager { lock: "pnpm-lock.yaml", run_test: "pnpm test", install: "pnpm install --frozen-lockfile" },
    Manager { lock: "yarn.lock", run_test: "yarn test", install: "yarn install --frozen-lockfile" },
    Manager { lock: "bun.lock", run_test: "bun run test", install: "bun install --frozen-lockfile" },
    Manager { lock: "bun.lockb", run_test: "bun run test", install: "bun install --frozen-lockfile" },
];
const UNLOCKED: Manager =
    Manager { lock: "package.json", run_test: "npm test", install: "npm install --no-package-lock" };

pub(super) fn detect(project: &Project<'_>, found: &mut Detection) {
    let Some(text) = project.read("package.json") else { return };
    let manifest: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    let manager = MANAGERS.iter().find(|manager| project.has(manager.lock)).unwrap_or(&UNLOCKED);
    let script = manifest["scripts"]["test"]
        .as_str()
        .filter(|script| !script.contains(PLACEHOLDER) && !script.trim().is_empty());
    match script {
        Some(script) => {
            // Both watch for changes for ever unless they are told that nobody is looking.
            let watches = script.contains("react-scripts") || script.contains("vitest");
            let quiet = if watches { "CI=true " } else { "" };
            let reason = format!("`package.json` has a `test` script (`{script}`)");
            project.test(found, Ecosystem::Node, format!("{quiet}{}", manager.run_test), reason);
        }
        None if has_test_files(project) => {
            project.test(
                found,
                Ecosystem::Node,
                "node --test",
                "`package.json` names no test script, but there are test files",
            );
        }
        None => {}
    }
    let needs = ["dependencies", "devDependencies", "optionalDependencies", "workspaces"];
    if needs
        .iter()
        .any(|key| manifest[*key].as_object().is_some_and(|map| !map.is_empty()) || manifest[*key].is_array())
    {
        let names = resolved_hosts(&project.read(manager.lock).unwrap_or_default());
        project.setup(
            found,
            Ecosystem::Node,
            manager.install,
            format!("`{}` lists dependencies", manager.lock),
            names,
        );
    }
}

/// Only lines that say where a package was resolved: lock files also hold links to home pages and sponsors.
fn resolved_hosts(lock: &str) -> Vec<String> {
    let lines: Vec<&str> = lock.lines().filter(|line| line.contains("resolved")).collect();
    hosts::in_urls(&lines.join("\n"))
}

/// The places where `node --test` looks.
fn has_test_files(project: &Project<'_>) -> bool {
    let code = |name: &str| [".js", ".mjs", ".cjs"].iter().any(|end| name.ends_with(end));
    let marked = |name: &String| {
        let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
        let ends = [".test", "-test", "_test"].iter().any(|end| stem.ends_with(end));
        code(name) && (ends || stem == "test" || stem.starts_with("test-"))
    };
    ["", "src", "lib"].iter().any(|folder| project.files(folder).iter().any(marked))
        || project.files("test").iter().any(|name| code(name))
        || project.files("tests").iter().any(marked)
}
