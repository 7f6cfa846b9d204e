//! The first step: import the repository and look at it.

use super::{Outcome, Surroundings};
use crate::workspaces::BASE;
use squad_agents::mcp::Listing;
use squad_domain::execution::{EventBody, ExecutionState, NewEvent};
use squad_domain::ids::CommitId;
use squad_domain::mcp::McpName;
use squad_domain::tests_run::{CommandSource, TestCommand};

/// Bytes that the outline of the repository may have in a brief.
const MAP_BYTES: usize = 12_000;

pub(crate) async fn prepare(around: Surroundings, state: &ExecutionState) -> Outcome {
    // Before anything that takes time: a server that is away is something for the person to mend first.
    let listings = around.mcp.list().await?;
    let import = around.workspaces.import().await?;
    let base = CommitId(import.base.to_string());
    around.workspaces.ready().await?;
    let workspace = around.workspaces.open(BASE, &base, None).await?;
    let map = squad_workspace::map::map(&workspace.path(), MAP_BYTES).await?;
    let guidance = squad_workspace::map::guidance(&workspace.path()).await?;
    let mut notes = import.notes.clone();
    if state.spec.setup_command.is_none() {
        let found = squad_workspace::detect::detect(&workspace.path()).await?;
        for setup in found.setups {
            notes.push(format!(
                "`{}` may be needed first ({}); it was not run, because nobody asked for it: set `setup_command` to run it",
                setup.command, setup.reason
            ));
        }
    }
    let given = state.spec.test_command.clone();
    let found = |(server, listing): (McpName, Listing)| {
        let Listing { tools, left_out } = listing;
        NewEvent::engine(EventBody::McpToolsFound { server, tools, left_out })
    };
    let mut events: Vec<NewEvent> = listings.into_iter().map(found).collect();
    events.push(NewEvent::engine(EventBody::WorkspacePrepared {
        base,
        base_branch: import.branch.clone(),
        tier: around.workspaces.sandbox().tier().to_string(),
        test_command: given.map(|command| TestCommand { command, source: CommandSource::Person }),
        guidance,
        map: map.to_string(),
        notes,
    }));
    Ok(events)
}
