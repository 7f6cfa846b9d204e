use serde_json::Value;

use super::project::Project;
use super::{Detection, Ecosystem};

pub(super) fn detect(project: &Project<'_>, found: &mut Detection) {
    let Some(text) = project.read("composer.json") else { return };
    let manifest: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    if !manifest["scripts"]["test"].is_null() {
        project.test(found, Ecosystem::Php, "composer test", "`composer.json` has a `test` script");
    }
    if let Some(name) = project.first(&["phpunit.xml", "phpunit.xml.dist"]) {
        project.test(found, Ecosystem::Php, "vendor/bin/phpunit", format!("`{name}`"));
    }
    project.setup(
        found,
        Ecosystem::Php,
        "composer install --no-interaction",
        "`composer.json`",
        Vec::<String>::new(),
    );
}
