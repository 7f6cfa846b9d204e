//! Which paths a member may change, judged on paths as git names them.

use std::sync::LazyLock;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use squad_sandbox::WORKSPACE_INSIDE;

/// What counts as a test file or its fixture, by the conventions of the ecosystems, as in a `.gitignore`.
const TEST_PATHS: &[&str] = &[
    // Folders
    "test/",
    "tests/",
    "__tests__/",
    "__mocks__/",
    "__snapshots__/",
    "__fixtures__/",
    "spec/",
    "testdata/",
    "test-data/",
    "test_data/",
    "e2e/",
    "cypress/",
    "playwright/",
    "integration-tests/",
    "integration_tests/",
    "/fixtures/",
    "*.Tests/",
    "*.Test/",
    "*Tests/",
    "androidTest/",
    "testFixtures/",
    "test-utils/",
    // JavaScript, TypeScript
    "*.test.*",
    "*.spec.*",
    "*.e2e.*",
    "*.cy.*",
    "*-test.js",
    "*-test.ts",
    "*.snap",
    // Python
    "test_*.py",
    "*_test.py",
    "conftest.py",
    "tests.py",
    // Go, Rust, C, C++, Zig
    "*_test.go",
    "tests.rs",
    "*_test.rs",
    "*_tests.rs",
    "*_test.c",
    "*_test.cc",
    "*_test.cpp",
    "test_*.c",
    "test_*.cpp",
    "*_unittest.cc",
    // JVM
    "*Test.java",
    "*Tests.java",
    "*IT.java",
    "*Test.kt",
    "*Tests.kt",
    "*Spec.groovy",
    "*Spec.scala",
    "*Test.scala",
    "*Suite.scala",
    // .NET, Swift, Dart, PHP
    "*Test.cs",
    "*Tests.cs",
    "*Tests.swift",
    "*Test.swift",
    "*_test.dart",
    "*Test.php",
    // Ruby, Elixir, Erlang, Clojure, Perl, shell, Lua, R, Haskell
    "*_spec.rb",
    "*_test.rb",
    "*_test.exs",
    "*_SUITE.erl",
    "*_tests.erl",
    "*_test.clj",
    "*.t",
    "*.bats",
    "*_spec.lua",
    "test-*.R",
    "*Spec.hs",
    // Behaviour in words
    "*.feature",
];

/// Whether a path is a test file or a fixture of one.
pub(super) fn is_test_path(path: &str) -> bool {
    static PATTERNS: LazyLock<Gitignore> =
        LazyLock::new(|| matcher(TEST_PATHS).expect("the patterns are constants, compiled in a test"));
    covers(&PATTERNS, path)
}

/// Globs as the file tools read them, for changes that a command made.
pub(super) fn matcher<T: AsRef<str>>(patterns: &[T]) -> Result<Gitignore, ignore::Error> {
    let mut builder = GitignoreBuilder::new(".");
    for pattern in patterns {
        builder.add_line(None, pattern.as_ref())?;
    }
    builder.build()
}

pub(super) fn covers(patterns: &Gitignore, path: &str) -> bool {
    patterns.matched_path_or_any_parents(path, false).is_ignore()
}

/// A path as git names it: relative to the root, without `.` and `..`. `None` where it leads out of the workspace; the
/// file tools then say so.
pub(super) fn normal(path: &str) -> Option<String> {
    let mut inner = path.trim();
    if let Some(rest) = inner.strip_prefix(WORKSPACE_INSIDE)
        && (rest.is_empty() || rest.starts_with('/'))
    {
        inner = rest.trim_start_matches('/');
    }
    // No path of any system holds a NUL, and no program can be handed one.
    if inner.starts_with('/') || inner.contains('\0') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in inner.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_files_are_known_by_the_conventions_of_their_ecosystem() {
        for path in [
            "test/cart.js",
            "src/cart.test.ts",
            "web/src/__tests__/App.tsx",
            "tests/test_api.py",
            "app/tests.py",
            "conftest.py",
            "pkg/store/store_test.go",
            "crates/x/tests/it.rs",
            "crates/x/src/parser/tests.rs",
            "src/test/java/shop/CartTest.java",
            "Shop.Tests/CartTests.cs",
            "spec/models/cart_spec.rb",
            "internal/testdata/golden.json",
            "Sources/ShopTests/CartTests.swift",
            "t/basic.t",
        ] {
            assert!(is_test_path(path), "{path}");
        }
        for path in [
            "src/cart.js",
            "src/contest.py",
            "latest/index.js",
            "src/testing.rs",
            "package.json",
            "Cargo.toml",
            "app/fixtures/products.json",
            "attestation/key.go",
            "src/inspect.ts",
        ] {
            assert!(!is_test_path(path), "{path}");
        }
    }

    #[test]
    fn a_path_is_judged_where_it_leads() {
        assert_eq!(normal("test/../src/a.js").as_deref(), Some("src/a.js"));
        assert_eq!(normal("/workspace/./src//a.js").as_deref(), Some("src/a.js"));
        assert_eq!(normal("test/../../x"), None);
        assert_eq!(normal("/etc/passwd"), None);
    }
}
