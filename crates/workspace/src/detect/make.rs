use super::project::Project;
use super::{Detection, Ecosystem};

pub(super) fn detect(project: &Project<'_>, found: &mut Detection) {
    // The order in which GNU make looks for them.
    if let Some(name) = project.first(&["GNUmakefile", "makefile", "Makefile"])
        && project.read(name).is_some_and(|text| has_target(&text))
    {
        project.test(found, Ecosystem::Make, "make test", format!("`{name}` has a `test` target"));
    }
    if let Some(name) = project.first(&["justfile", "Justfile", ".justfile"])
        && project.read(name).is_some_and(|text| has_target(&text))
    {
        project.test(found, Ecosystem::Make, "just test", format!("`{name}` has a `test` recipe"));
    }
}

/// A rule named `test`, alone or among others (`test check: build`), but no variable `test := …`.
fn has_target(text: &str) -> bool {
    text.lines().filter(|line| !line.starts_with(['\t', ' ', '#', '.'])).any(|line| {
        match line.split_once(':') {
            Some((targets, rest)) => {
                !rest.starts_with(['=', ':'])
                    && !targets.contains('=')
                    && targets.split_whitespace().next().is_some_and(|first| first != "set")
                    && targets.split_whitespace().any(|target| target == "test")
            }
            None => false,
        }
    })
}
