use super::project::Project;
use super::{Detection, Ecosystem};

pub(super) fn detect(project: &Project<'_>, found: &mut Detection) {
    let Some(text) = project.read("go.mod") else { return };
    project.test(found, Ecosystem::Go, "go test ./...", "`go.mod`");
    if text.contains("require") && !project.has("vendor/modules.txt") {
        project.setup(
            found,
            Ecosystem::Go,
            "go mod download",
            "`go.mod` requires modules",
            Vec::<String>::new(),
        );
    }
}
