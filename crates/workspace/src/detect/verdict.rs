//! Telling "the tests failed" from "the tests cannot run on this machine".

use serde::{Deserialize, Serialize};

use super::Ecosystem;

/// What the end of a test command means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Tests ran; the exit status is their result.
    Ran,
    /// No test ran, for this reason: try the next candidate, or run the setup.
    CannotRun(String),
}

struct Sign {
    ecosystem: Ecosystem,
    /// All of these stand in the output.
    words: &'static [&'static str],
    reason: &'static str,
}

/// Words of the tools themselves. A missing module of the project's own is no such sign: a test may well be written
/// before what it tests.
const SIGNS: &[Sign] = &[
    Sign {
        ecosystem: Ecosystem::Python,
        words: &["No module named pytest"],
        reason: "pytest is not installed",
    },
    Sign {
        ecosystem: Ecosystem::Python,
        words: &["No module named 'pytest'"],
        reason: "pytest is not installed",
    },
    Sign {
        ecosystem: Ecosystem::Python,
        words: &["error: unrecognized arguments: --"],
        reason: "a plugin of pytest is not installed",
    },
    Sign { ecosystem: Ecosystem::Python, words: &["\nRan 0 tests"], reason: "no tests were found" },
    Sign {
        ecosystem: Ecosystem::Node,
        words: &["Missing script: \"test\""],
        reason: "there is no `test` script",
    },
    Sign {
        ecosystem: Ecosystem::Node,
        words: &["# tests 0\n", "# pass 0\n", "# fail 0\n"],
        reason: "no tests were found",
    },
    Sign {
        ecosystem: Ecosystem::Node,
        words: &["ℹ tests 0\n", "ℹ pass 0\n", "ℹ fail 0\n"],
        reason: "no tests were found",
    },
    Sign {
        ecosystem: Ecosystem::Node,
        words: &["Error [ERR_MODULE_NOT_FOUND]: Cannot find package '"],
        reason: "packages are not installed",
    },
    Sign { ecosystem: Ecosystem::Rust, words: &["offline mode"], reason: "dependencies are not fetched" },
    Sign {
        ecosystem: Ecosystem::Rust,
        words: &["--offline was specified"],
        reason: "dependencies are not fetched",
    },
    Sign {
        ecosystem: Ecosystem::Rust,
        words: &["error: toolchain '", "is not installed"],
        reason: "the toolchain that the project asks for is not installed",
    },
    Sign {
        ecosystem: Ecosystem::Rust,
        words: &["error: linker `", "not found"],
        reason: "there is no linker",
    },
    Sign { ecosystem: Ecosystem::Go, words: &["missing go.sum entry"], reason: "modules are not downloaded" },
    Sign { ecosystem: Ecosystem::Go, words: &["dial tcp"], reason: "modules are not downloaded" },
    Sign {
        ecosystem: Ecosystem::Go,
        words: &["toolchain not available"],
        reason: "the toolchain that the project asks for is not installed",
    },
    Sign { ecosystem: Ecosystem::Go, words: &["matched no packages"], reason: "no tests were found" },
    Sign {
        ecosystem: Ecosystem::Make,
        words: &["No rule to make target"],
        reason: "make knows no such target",
    },
    Sign {
        ecosystem: Ecosystem::Jvm,
        words: &["No cached version of", "offline mode"],
        reason: "dependencies are not downloaded",
    },
    Sign {
        ecosystem: Ecosystem::Jvm,
        words: &["in offline mode and the artifact", "has not been downloaded"],
        reason: "dependencies are not downloaded",
    },
    Sign {
        ecosystem: Ecosystem::Jvm,
        words: &["UnknownHostException"],
        reason: "the build tool is not downloaded",
    },
    Sign { ecosystem: Ecosystem::Jvm, words: &["JAVA_HOME is not set"], reason: "there is no Java" },
    Sign {
        ecosystem: Ecosystem::Php,
        words: &["autoload.php", "Failed to open stream"],
        reason: "packages are not installed",
    },
    Sign {
        ecosystem: Ecosystem::Elixir,
        words: &["Unchecked dependencies for environment"],
        reason: "dependencies are not fetched",
    },
    Sign { ecosystem: Ecosystem::Ruby, words: &["Bundler::GemNotFound"], reason: "gems are not installed" },
    Sign {
        ecosystem: Ecosystem::Ruby,
        words: &["Could not find", "in locally installed gems"],
        reason: "gems are not installed",
    },
];

pub(super) fn of(ecosystem: Ecosystem, exit_code: i32, output: &str) -> Verdict {
    let cannot = |reason: &str| Verdict::CannotRun(reason.to_owned());
    match exit_code {
        126 | 127 => return Verdict::CannotRun(missing_program(output)),
        // https://docs.pytest.org/en/stable/reference/exit-codes.html
        5 if ecosystem == Ecosystem::Python => return cannot("no tests were found"),
        _ => {}
    }
    if ecosystem == Ecosystem::Make && output.contains("Error 127") {
        return Verdict::CannotRun(missing_program(output));
    }
    if ecosystem == Ecosystem::Go && exit_code == 0 && only_untested_packages(output) {
        return cannot("no tests were found");
    }
    // Tests that pass have run, whatever they print.
    let empty = |sign: &&Sign| exit_code != 0 || sign.reason == "no tests were found";
    let signs = SIGNS.iter().filter(|sign| sign.ecosystem == ecosystem).filter(empty);
    match { signs }.find(|sign| sign.words.iter().all(|word| output.contains(word))) {
        Some(sign) => cannot(sign.reason),
        None => Verdict::Ran,
    }
}

/// The shell's own line about the program that it did not find.
fn missing_program(output: &str) -> String {
    let line = output.lines().rev().find(|line| {
        line.contains("not found") || line.contains("No such file") || line.contains("ermission denied")
    });
    match line {
        Some(line) => format!("a program is missing ({})", line.trim()),
        None => "a program is missing".to_owned(),
    }
}

fn only_untested_packages(output: &str) -> bool {
    let mut lines = output.lines().filter(|line| !line.trim().is_empty()).peekable();
    lines.peek().is_some() && lines.all(|line| line.contains("[no test files]"))
}
