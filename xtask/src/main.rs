//! Chores of the workspace. `cargo xtask fixtures`, `openapi`, `man`, `docs` and
//! `completions` write files that are checked in; with `--check` they only compare,
//! and fail if those differ. `cargo xtask bench` measures; `cargo xtask
//! test-image` makes the disk image for the tests of real VMs.

mod bench;
mod cli;
mod fixtures;
mod generated;
mod openapi;
mod soak;
mod test_image;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use generated::{Generated, Mode};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Chores of the CloudsFor workspace")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Repair the documented samples and record exchanges with the service
    Fixtures {
        /// Write nothing; fail if what is checked in differs
        #[arg(long)]
        check: bool,
    },
    /// Write the API's description, tests/fixtures/openapi.json
    Openapi {
        /// Write nothing; fail if what is checked in differs
        #[arg(long)]
        check: bool,
    },
    /// Write the command line's manual pages, crates/cloudsfor-cli/man
    Man {
        /// Write nothing; fail if what is checked in differs
        #[arg(long)]
        check: bool,
    },
    /// Write the command line's reference, crates/cloudsfor-cli/docs/reference.md
    Docs {
        /// Write nothing; fail if what is checked in differs
        #[arg(long)]
        check: bool,
    },
    /// Write the shells' completion scripts, crates/cloudsfor-cli/completions
    Completions {
        /// Write nothing; fail if what is checked in differs
        #[arg(long)]
        check: bool,
    },
    /// Make the disk image for the tests of real VMs, and say where it is
    TestImage,
    /// Measure, and fail if a limit isn't kept
    Bench {
        #[command(subcommand)]
        bench: bench::Bench,
    },
    /// Run for hours what proves most when it runs long: crashes, fuzzing, benches
    Soak,
}

fn main() -> ExitCode {
    let Arguments { chore } = Arguments::parse();
    let (files, check) = match chore {
        Chore::Bench { bench } => return measured(&bench),
        Chore::Soak => return soaked(),
        Chore::TestImage => return imaged(),
        Chore::Fixtures { check } => (fixtures::generate(), check),
        Chore::Openapi { check } => (Ok(openapi::generate()), check),
        Chore::Man { check } => (cli::man(), check),
        Chore::Docs { check } => (Ok(cli::docs()), check),
        Chore::Completions { check } => (Ok(cli::completions()), check),
    };
    let mode = if check { Mode::Check } else { Mode::Write };
    match files.and_then(|files: Generated| files.apply(mode)) {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn soaked() -> ExitCode {
    match soak::run() {
        Ok(failed) if failed.is_empty() => ExitCode::SUCCESS,
        Ok(failed) => {
            eprintln!("error: these failed: {}", failed.join(", "));
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn imaged() -> ExitCode {
    match test_image::make() {
        Ok(image) => {
            println!("{}", image.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measured(bench: &bench::Bench) -> ExitCode {
    match bench::run(bench) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
