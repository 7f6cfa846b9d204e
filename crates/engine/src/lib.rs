//! Drives executions: commands, driver, planning, delegation, collaboration and recovery.
