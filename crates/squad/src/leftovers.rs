//! What a worker leaves that is killed right after an execution has ended: its private clone and worktrees.

use squad_domain::execution::Status;
use squad_domain::ids::ExecutionId;
use squad_engine::Engine;
use std::path::Path;

/// Removes the files of executions that have completed. What still belongs to a worker is left to it.
pub(crate) async fn remove(engine: &Engine, data_dir: &Path) {
    let Ok(entries) = std::fs::read_dir(data_dir.join("executions")) else { return };
    for entry in entries.flatten() {
        let id = entry.file_name().to_str().and_then(|name| name.parse::<ExecutionId>().ok());
        let Some(id) = id else { continue };
        let Ok(Some(row)) = engine.storage().execution(id).await else { continue };
        let held = row.lease.is_some_and(|lease| lease.until > engine.clock().now());
        if row.status != Status::Completed || held {
            continue;
        }
        // Whoever comes next tries again.
        let _ = engine.remove_files(id).await;
    }
}
