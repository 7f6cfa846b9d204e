use super::project::Project;
use super::{Detection, Ecosystem};

pub(super) fn detect(project: &Project<'_>, found: &mut Detection) {
    if !project.has("mix.exs") {
        return;
    }
    project.test(found, Ecosystem::Elixir, "mix test", "`mix.exs`");
    if project.has("mix.lock") {
        let command = "mix local.hex --force --if-missing && mix deps.get";
        project.setup(found, Ecosystem::Elixir, command, "`mix.lock`", Vec::<String>::new());
    }
}
