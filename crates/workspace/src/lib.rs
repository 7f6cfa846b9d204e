//! The repository on the host's side: private clones, worktrees, checkpoints, merges, file access and detection of commands.
