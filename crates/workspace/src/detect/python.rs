use super::project::Project;
use super::{Detection, Ecosystem};

const MANIFESTS: &[&str] =
    &["pyproject.toml", "setup.py", "setup.cfg", "pytest.ini", "tox.ini", "conftest.py", "requirements.txt"];
const REQUIREMENTS: &[&str] = &[
    "requirements.txt",
    "requirements-dev.txt",
    "requirements-test.txt",
    "requirements_dev.txt",
    "dev-requirements.txt",
    "test-requirements.txt",
];
/// Extras and groups that projects use for what their tests need.
const TEST_EXTRAS: &[&str] = &["test", "tests", "testing", "dev"];

pub(super) fn detect(project: &Project<'_>, found: &mut Detection) {
    let tests = ["tests", "test", ""]
        .into_iter()
        .find(|folder| project.files(folder).iter().any(|name| is_test(name)));
    let Some(reason) = project.first(MANIFESTS).map(|name| format!("`{name}`")).or_else(|| {
        tests.map(|folder| {
            if folder.is_empty() { "`test_*.py` files".to_owned() } else { format!("the folder `{folder}`") }
        })
    }) else {
        return;
    };
    let path = import_path(project);
    if let Some((command, why)) = setup(project) {
        project.setup(found, Ecosystem::Python, command, why, Vec::<String>::new());
        // Where the setup could not run there is no such file, and the next candidate is tried.
        project.test(
            found,
            Ecosystem::Python,
            format!("{path}.venv/bin/python -m pytest -q"),
            format!("{reason}, after its setup"),
        );
    }
    project.test(found, Ecosystem::Python, format!("{path}python3 -m pytest -q"), reason.clone());
    let discover = match tests {
        Some("") | None => "discover".to_owned(),
        Some(folder) if project.has(&format!("{folder}/__init__.py")) => format!("discover -s {folder} -t ."),
        Some(folder) => format!("discover -s {folder}"),
    };
    project.test(
        found,
        Ecosystem::Python,
        format!("{path}python3 -m unittest {discover}"),
        format!("{reason}, for when pytest is missing"),
    );
}

fn is_test(name: &str) -> bool {
    name.strip_suffix(".py").is_some_and(|stem| stem.starts_with("test") || stem.ends_with("_test"))
}

/// With the `src` layout a package is not found unless it is installed or its folder is named.
fn import_path(project: &Project<'_>) -> &'static str {
    let source = project.files("src").iter().any(|name| name.ends_with(".py"));
    let packaged = project
        .folders("src")
        .iter()
        .any(|name| project.files(&format!("src/{name}")).iter().any(|file| file.ends_with(".py")));
    if source || packaged { "PYTHONPATH=src " } else { "" }
}

/// Everything goes into `.venv`, because the machine's own Python is read-only in the sandbox.
fn setup(project: &Project<'_>) -> Option<(String, String)> {
    let text = project.read("pyproject.toml").unwrap_or_default();
    let manifest: toml::Table = text.parse().unwrap_or_default();
    if project.has("uv.lock") {
        return Some(("uv sync --frozen".to_owned(), "`uv.lock`".to_owned()));
    }
    if project.has("poetry.lock") {
        return Some((
            "POETRY_VIRTUALENVS_IN_PROJECT=true poetry install".to_owned(),
            "`poetry.lock`".to_owned(),
        ));
    }
    let venv = "python3 -m venv .venv && .venv/bin/python -m pip install";
    let files: Vec<&str> = REQUIREMENTS.iter().copied().filter(|name| project.has(name)).collect();
    if !files.is_empty() {
        let list: Vec<String> = files.iter().map(|name| format!("-r {name}")).collect();
        return Some((format!("{venv} {} pytest", list.join(" ")), format!("`{}`", files.join("`, `"))));
    }
    let package = manifest.get("project").and_then(toml::Value::as_table);
    let extras = package.and_then(|table| table.get("optional-dependencies")).and_then(toml::Value::as_table);
    let extra = extras.and_then(|extras| TEST_EXTRAS.iter().find(|name| extras.contains_key(**name)));
    let listed = package.and_then(|table| table.get("dependencies")).and_then(toml::Value::as_array);
    let script = ["setup.py", "setup.cfg"]
        .iter()
        .any(|name| project.read(name).is_some_and(|text| text.contains("install_requires")));
    if extra.is_none() && listed.is_none_or(Vec::is_empty) && !script {
        return None;
    }
    let own = extra.map_or_else(|| "-e .".to_owned(), |extra| format!("-e '.[{extra}]'"));
    let reason = if script { "`install_requires`" } else { "`pyproject.toml` lists dependencies" };
    Some((format!("{venv} {own} pytest"), reason.to_owned()))
}
