//! `squad templates`: who can be hired.

use crate::cli::Global;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::{self, clean, json, style};
use crate::squads;
use clap::Args;
use serde_json::json;

const EXAMPLES: &str = "\
Examples:
  squad templates
  squad run --repo . --task @ticket.md --squad pair
  squad run --repo . --task @ticket.md --squad ./our-team.toml";

/// List the squads that come with the program
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Templates {}

impl Templates {
    pub(crate) fn execute(self, global: &Global) -> Result<Exit, CliError> {
        let context = Context::new(global, Vec::new())?;
        for template in squads::shipped(&context.prompts()?)? {
            let members: Vec<String> = template
                .squad
                .members
                .iter()
                .map(|member| format!("{} {}", member.name, member.role.initials()))
                .collect();
            if context.json {
                output::print(&json::line(&json!({
                    "template": template.key,
                    "name": template.squad.name,
                    "description": template.description,
                    "members": template.squad.members,
                })));
                continue;
            }
            output::print(&format!(
                "{}  {}\n          {}\n",
                style::paint(style::STRONG, &clean::pad(&template.key, 8)),
                template.description,
                style::paint(style::QUIET, &members.join(" · ")),
            ));
        }
        Ok(Exit::Completed)
    }
}
