//! Measures whole runs. `make bench` calls it.
//!
//! Everything is measured from outside where that is possible: a turn is the time between two requests that reach a
//! model which answers at once, so the same clock serves other people's systems.

use clap::{Parser, Subcommand};
use squad_bench::{crowd, large, sandbox, start, stats, turns, workspace};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
#[command(about = "Measures whole runs of squad")]
struct Cli {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// What one turn of a member costs, over a long lane, beside a bare commit and (with `--peer`) LangGraph
    Turns {
        /// Turns of the lane.
        #[arg(long, default_value_t = 1000)]
        turns: usize,
        /// Interleaved runs.
        #[arg(long, default_value_t = 5)]
        runs: usize,
        /// A Python interpreter that has LangGraph, to run it in turn with ours.
        #[arg(long)]
        peer: Option<PathBuf>,
        /// Turns of the peer: its cost grows with the history.
        #[arg(long, default_value_t = 400)]
        peer_turns: usize,
    },
    /// A thousand executions that wait and two hundred that work, in one process
    Crowd {
        /// How many wait for a person.
        #[arg(long, default_value_t = 1000)]
        waiting: usize,
        /// How many work.
        #[arg(long, default_value_t = 200)]
        active: usize,
        /// Turns of each of those.
        #[arg(long, default_value_t = 20)]
        turns: usize,
    },
    /// From the start of a command to its first output, per tier
    Sandbox {
        /// Interleaved runs.
        #[arg(long, default_value_t = 30)]
        runs: usize,
    },
    /// How soon a workspace is ready, and what a checkpoint after one edit takes
    Workspace {
        /// Interleaved runs.
        #[arg(long, default_value_t = 5)]
        runs: usize,
    },
    /// Memory and time of a whole run on 100,000 files, and on a file of 2 GB
    Large {
        /// The binary.
        #[arg(long, default_value = "target/release/squad")]
        squad: PathBuf,
    },
    /// `squad --help`, the first request of `squad run`, memory at rest, size of the binary
    Start {
        /// Interleaved runs.
        #[arg(long, default_value_t = 15)]
        runs: usize,
        /// The binary.
        #[arg(long, default_value = "target/release/squad")]
        squad: PathBuf,
    },
}

fn main() -> ExitCode {
    // This process may be a sandbox's launcher.
    if let Some(code) = squad_sandbox::launcher_main() {
        return code;
    }
    let bench = Cli::parse().bench;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = runtime.map_err(anyhow::Error::from).and_then(|runtime| {
        runtime.block_on(async {
            match bench {
                Bench::Turns { turns, runs, peer, peer_turns } => {
                    turns::measure(turns, runs, peer.as_deref(), peer_turns).await
                }
                Bench::Crowd { waiting, active, turns } => crowd::measure(waiting, active, turns).await,
                Bench::Sandbox { runs } => sandbox::measure(runs).await,
                Bench::Workspace { runs } => workspace::measure(runs).await,
                Bench::Large { squad } => large::measure(&squad).await,
                Bench::Start { runs, squad } => start::measure(runs, &squad).await,
            }
        })
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            stats::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
