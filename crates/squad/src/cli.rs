//! The command line: what can be typed. Each command's own flags are in its own file.

use crate::commands;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// How every run ends, said once.
const EXIT_STATUS: &str = "\
Exit status:
  0  completed: the engine itself saw the tests pass
  1  failed
  2  wrong usage or configuration
  3  waits for a person
  4  cancelled";

/// Hire a squad of AI employees: it takes a task and a git repository, and hands back a branch whose tests pass.
///
/// The squad analyses, plans, delegates, writes code in a sandbox, reviews and tests. Your checkout is never touched:
/// the result is a new branch. Start with `squad demo`, which needs no key.
#[derive(Debug, Parser)]
#[command(name = "squad", version, after_help = EXIT_STATUS, propagate_version = true, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Global {
    /// The folder for the database and the workspaces [variable: SQUAD_DATA_DIR]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// `sqlite:<file>` or `postgres://…` instead of the data folder's own [variable: SQUAD_DATABASE_URL]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) database_url: Option<String>,
    /// Print JSON, one object per line
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// The commands, in the order in which people meet them.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(commands::demo::Demo),
    Run(Box<commands::run::Run>),
    Resume(commands::resume::Resume),
    List(commands::list::List),
    Show(commands::show::Show),
    Watch(commands::watch::Watch),
    Approve(commands::approve::Approve),
    Reject(commands::reject::Reject),
    Answer(commands::answer::Answer),
    Retry(commands::retry::Retry),
    Message(commands::message::Message),
    Budget(commands::budget::Budget),
    Swap(commands::swap::Swap),
    Pause(commands::pause::Pause),
    Cancel(commands::cancel::Cancel),
    Clean(commands::clean::Clean),
    Doctor(commands::doctor::Doctor),
    Templates(commands::templates::Templates),
    Config(commands::config::Config),
    Up(commands::up::Up),
    Serve(commands::serve::Serve),
    Worker(commands::worker::Worker),
    Migrate(commands::migrate::Migrate),
    Admin(commands::admin::Admin),
    Openapi(commands::openapi::OpenApi),
    Completions(commands::completions::Completions),
}

impl Command {
    /// Whether it follows an execution, and ends as that does.
    pub(crate) const fn follows(&self) -> bool {
        matches!(self, Self::Demo(_) | Self::Run(_) | Self::Resume(_) | Self::Watch(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    /// The help is what people have instead of a manual: a change of it is a change of the product.
    #[test]
    fn the_help_of_every_command() {
        let mut cli = Cli::command().term_width(100);
        cli.build();
        let mut names = vec![String::new()];
        names.extend(
            cli.get_subcommands().map(|command| command.get_name().to_owned()).filter(|name| name != "help"),
        );
        for name in names {
            let help = if name.is_empty() {
                cli.render_long_help()
            } else {
                cli.find_subcommand_mut(&name).expect("a command").render_long_help()
            };
            let snapshot = if name.is_empty() { "squad".to_owned() } else { name };
            insta::assert_snapshot!(format!("help_{snapshot}"), help.to_string());
        }
        let config = cli.find_subcommand_mut("config").expect("a command");
        let show = config.find_subcommand_mut("show").expect("a command").render_long_help();
        insta::assert_snapshot!("help_config_show", show.to_string());
    }

    #[test]
    fn every_command_has_an_example() {
        let mut cli = Cli::command();
        cli.build();
        for command in cli.get_subcommands().filter(|command| command.get_name() != "help") {
            let help = command.clone().render_long_help().to_string();
            assert!(help.contains("Examples:"), "{}", command.get_name());
        }
    }

    #[test]
    fn the_flags_of_the_contract_are_taken() {
        let line = "squad run --repo . --task x --squad solo --model a/b --base-url http://127.0.0.1:1/v1 --api-key-env K \
            --price 3/15 --budget 2.50 --approve never --test-command true --branch b --sandbox auto --data-dir d \
            --database-url sqlite:x --json --detach";
        assert!(Cli::try_parse_from(line.split_whitespace()).is_ok());
        for bad in ["--approve sometimes", "--price 3", "--budget lots", "--sandbox chroot", "--model gpt"] {
            let line = format!("squad run --repo . --task x {bad}");
            let error = Cli::try_parse_from(line.split_whitespace()).expect_err(bad);
            assert_eq!(error.exit_code(), 2, "{bad}");
        }
    }
}
