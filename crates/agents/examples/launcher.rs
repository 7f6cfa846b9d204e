//! The sandbox launcher for this crate's tests, which run commands in the real sandbox.

use std::process::ExitCode;

fn main() -> ExitCode {
    squad_sandbox::launcher_main().unwrap_or_else(|| ExitCode::from(2))
}
