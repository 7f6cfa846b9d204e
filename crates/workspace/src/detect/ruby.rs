use super::project::Project;
use super::{Detection, Ecosystem};

pub(super) fn detect(project: &Project<'_>, found: &mut Detection) {
    let bundled = project.has("Gemfile");
    let prefix = if bundled { "bundle exec " } else { "" };
    let specs = project.has(".rspec") || project.has("spec/spec_helper.rb");
    if specs {
        project.test(found, Ecosystem::Ruby, format!("{prefix}rspec"), "the folder `spec`");
    }
    let rakefile = project.first(&["Rakefile", "rakefile", "Rakefile.rb"]);
    let task = |text: String| {
        text.contains("TestTask")
            || text.contains("task :test")
            || text.contains("task test")
            || text.contains("task default: :test")
            || text.contains("load_tasks")
    };
    if let Some(name) = rakefile.filter(|name| project.read(name).is_some_and(task)) {
        project.test(
            found,
            Ecosystem::Ruby,
            format!("{prefix}rake test"),
            format!("`{name}` has a `test` task"),
        );
    }
    if bundled {
        let command = "bundle config set --local path vendor/bundle && bundle install";
        project.setup(found, Ecosystem::Ruby, command, "`Gemfile`", Vec::<String>::new());
    }
}
