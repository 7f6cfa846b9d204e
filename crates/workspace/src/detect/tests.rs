use super::*;

/// Detects in a folder with these files and gives the test and the setup commands.
async fn check(files: &[(&str, &str)], tests: &[&str], setups: &[&str]) -> Detection {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let found = detect(folder.path()).await.unwrap();
    assert_eq!(found.tests.iter().map(|test| test.command.as_str()).collect::<Vec<_>>(), tests, "{files:?}");
    assert_eq!(
        found.setups.iter().map(|setup| setup.command.as_str()).collect::<Vec<_>>(),
        setups,
        "{files:?}"
    );
    found
}

const SCRIPT: &str = r#"{"scripts": {"test": "jest"}, "devDependencies": {"jest": "1"}}"#;

#[tokio::test]
async fn node_by_script_and_lock_file() {
    let lock = r#"{"packages": {"x": {"resolved": "https://npm.corp.example/x.tgz", "funding": "https://sponsor.example"}}}"#;
    let found = check(
        &[("package.json", SCRIPT), ("package-lock.json", &lock.replace(", \"funding", ",\n\"funding"))],
        &["npm test"],
        &["npm ci"],
    )
    .await;
    assert_eq!(found.setups[0].hosts, ["npm.corp.example"]);
    assert!(found.tests[0].reason.contains("jest"));
    check(
        &[("package.json", SCRIPT), ("pnpm-lock.yaml", "")],
        &["pnpm test"],
        &["pnpm install --frozen-lockfile"],
    )
    .await;
    check(
        &[("package.json", SCRIPT), ("yarn.lock", "")],
        &["yarn test"],
        &["yarn install --frozen-lockfile"],
    )
    .await;
    check(
        &[("package.json", SCRIPT), ("bun.lock", "")],
        &["bun run test"],
        &["bun install --frozen-lockfile"],
    )
    .await;
    check(&[("package.json", r#"{"scripts": {"test": "vitest"}}"#)], &["CI=true npm test"], &[]).await;
    let placeholder = r#"{"scripts": {"test": "echo \"Error: no test specified\" && exit 1"}}"#;
    check(&[("package.json", placeholder), ("test/cart.test.mjs", "")], &["node --test"], &[]).await;
    check(&[("package.json", "{}"), ("src/cart.test.js", "")], &["node --test"], &[]).await;
    check(&[("package.json", "{}"), ("latest.js", "")], &[], &[]).await;
    check(&[("package.json", "not json")], &[], &[]).await;
}

#[tokio::test]
async fn rust_with_and_without_dependencies() {
    check(&[("Cargo.toml", "[package]\nname = \"x\"")], &["cargo test --offline"], &[]).await;
    let lock = "[[package]]\nname = \"serde\"\nsource = \"registry+https://example.org/index\"\n";
    check(
        &[("Cargo.toml", "[workspace]"), ("Cargo.lock", lock)],
        &["cargo test --offline --workspace"],
        &["cargo fetch --locked"],
    )
    .await;
    let git = check(
        &[("Cargo.toml", "[dependencies]\nx = { git = \"https://code.example/x\" }")],
        &["cargo test --offline"],
        &["cargo fetch"],
    )
    .await;
    assert_eq!(git.setups[0].hosts.last().unwrap(), "code.example");
}

#[tokio::test]
async fn python_in_its_many_layouts() {
    let pytest = "python3 -m pytest -q";
    check(&[("tests/test_a.py", "")], &[pytest, "python3 -m unittest discover -s tests"], &[]).await;
    check(
        &[("tests/test_a.py", ""), ("tests/__init__.py", "")],
        &[pytest, "python3 -m unittest discover -s tests -t ."],
        &[],
    )
    .await;
    check(&[("pytest.ini", ""), ("test_a.py", "")], &[pytest, "python3 -m unittest discover"], &[]).await;
    let src = [("pyproject.toml", "[project]\nname = \"x\""), ("src/x/core.py", ""), ("tests/test_x.py", "")];
    check(
        &src,
        &["PYTHONPATH=src python3 -m pytest -q", "PYTHONPATH=src python3 -m unittest discover -s tests"],
        &[],
    )
    .await;
    let found = check(
        &[("requirements.txt", "flask"), ("requirements-dev.txt", "")],
        &[".venv/bin/python -m pytest -q", pytest, "python3 -m unittest discover"],
        &["python3 -m venv .venv && .venv/bin/python -m pip install -r requirements.txt -r requirements-dev.txt pytest"],
    )
    .await;
    assert!(found.setups[0].hosts.is_empty(), "nothing in the repository names one");
    let extras = "[project]\nname = \"x\"\ndependencies = [\"a\"]\n[project.optional-dependencies]\ndev = [\"pytest\"]\n";
    let found = check(
        &[("pyproject.toml", extras)],
        &[".venv/bin/python -m pytest -q", pytest, "python3 -m unittest discover"],
        &["python3 -m venv .venv && .venv/bin/python -m pip install -e '.[dev]' pytest"],
    )
    .await;
    assert_eq!(found.tests[1].reason, "`pyproject.toml`");
}

#[tokio::test]
async fn the_other_ecosystems() {
    check(&[("go.mod", "module x\nrequire a v1\n")], &["go test ./..."], &["go mod download"]).await;
    check(&[("Makefile", "test := 1\nbuild: x\n\ttest:\n")], &[], &[]).await;
    check(&[("Makefile", ".PHONY: test\nlint test: build\n\tx\n")], &["make test"], &[]).await;
    check(&[("justfile", "test:\n  x\n")], &["just test"], &[]).await;
    check(
        &[("build.gradle.kts", ""), ("gradlew", "")],
        &["sh ./gradlew --offline --no-daemon test"],
        &["sh ./gradlew --no-daemon testClasses"],
    )
    .await;
    check(&[("pom.xml", "")], &["mvn -B -o test"], &["mvn -B -q test-compile dependency:go-offline"]).await;
    check(
        &[("composer.json", "{}"), ("phpunit.xml.dist", "")],
        &["vendor/bin/phpunit"],
        &["composer install --no-interaction"],
    )
    .await;
    check(&[("mix.exs", "")], &["mix test"], &[]).await;
    check(
        &[("Gemfile", ""), (".rspec", ""), ("Rakefile", "Rake::TestTask.new")],
        &["bundle exec rspec", "bundle exec rake test"],
        &["bundle config set --local path vendor/bundle && bundle install"],
    )
    .await;
    check(&[("README.md", "")], &[], &[]).await;
}

#[tokio::test]
async fn several_kinds_come_in_order_and_folders_below_are_found() {
    check(
        &[("package.json", SCRIPT), ("Cargo.toml", ""), ("Makefile", "test:\n")],
        &["npm test", "cargo test --offline", "make test"],
        &["npm install --no-package-lock"],
    )
    .await;
    let found = check(
        &[("api/go.mod", "module x"), ("it's here/Makefile", "test:\n"), (".hidden/go.mod", "")],
        &["cd api && go test ./...", r"cd './it'\''s here' && make test"],
        &[],
    )
    .await;
    assert_eq!(found.tests[0].reason, "`go.mod` in `api`");
}

#[test]
fn what_cannot_run_is_told_from_what_fails() {
    let verdict = |ecosystem, code, output| {
        TestCommand { command: String::new(), reason: String::new(), ecosystem }.verdict(code, output)
    };
    let cannot = [
        (Ecosystem::Node, 127, "sh: 1: jest: not found", "jest: not found"),
        (Ecosystem::Python, 1, "/usr/bin/python3: No module named pytest", "pytest is not installed"),
        (Ecosystem::Python, 5, "no tests ran in 0.01s", "no tests"),
        (Ecosystem::Python, 0, "\n-----\nRan 0 tests in 0.000s\n\nOK", "no tests"),
        (Ecosystem::Python, 4, "error: unrecognized arguments: --cov=x", "plugin"),
        (Ecosystem::Rust, 101, "As a reminder, you're using offline mode (--offline)", "not fetched"),
        (Ecosystem::Go, 0, "?   \tx\t[no test files]\n", "no tests"),
        (
            Ecosystem::Make,
            2,
            "make: jest: No such file or directory\nmake: *** [Makefile:2: test] Error 127",
            "jest",
        ),
    ];
    for (ecosystem, code, output, word) in cannot {
        assert!(
            matches!(verdict(ecosystem, code, output), Verdict::CannotRun(reason) if reason.contains(word)),
            "{output}"
        );
    }
    let ran = [
        (Ecosystem::Python, 1, "1 failed, 2 passed"),
        (Ecosystem::Python, 2, "ModuleNotFoundError: No module named 'shop.cart'"),
        (Ecosystem::Python, 0, "test prints: No module named pytest\n1 passed"),
        (Ecosystem::Node, 1, "Error: Cannot find module './cart'"),
        (Ecosystem::Rust, 101, "test result: FAILED. 1 passed; 1 failed"),
        (Ecosystem::Go, 1, "FAIL\tx\n?   \ty\t[no test files]"),
        (Ecosystem::Make, 2, "make: *** [Makefile:2: test] Error 1"),
    ];
    for (ecosystem, code, output) in ran {
        assert_eq!(verdict(ecosystem, code, output), Verdict::Ran, "{output}");
    }
}
