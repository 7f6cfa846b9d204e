//! `squad completions`: for shells.

use crate::cli::Cli;
use crate::exit::Exit;
use crate::output;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

const EXAMPLES: &str = "\
Examples:
  squad completions bash > ~/.local/share/bash-completion/completions/squad
  squad completions zsh > ~/.zfunc/_squad
  squad completions fish > ~/.config/fish/completions/squad.fish";

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(crate) fn execute(self) -> Exit {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "squad", &mut script);
        output::print(&String::from_utf8_lossy(&script));
        Exit::Completed
    }
}
