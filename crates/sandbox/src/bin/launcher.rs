//! The sandbox launcher as a program of its own, for tests and for embedding without the `squad` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    squad_sandbox::launcher_main().unwrap_or_else(|| ExitCode::from(2))
}
