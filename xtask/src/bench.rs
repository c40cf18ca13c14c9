//! `cargo xtask bench`: the numbers that the design asks for, each as a ratio
//! beside its limit, measured in one run. A file for each part of the product.

mod cli;
mod fake;
mod measure;
mod sdk;
mod server;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use clap::Subcommand;

use measure::Report;

/// What is measured.
#[derive(Subcommand)]
pub(crate) enum Bench {
    /// The SDK: its own cost for a call, its backends, its decoding
    Sdk,
    /// The command line: how fast it starts, and what long lists cost
    Cli,
    /// The fake: how soon it is ready, and what a creation costs
    Fake,
    /// Run a command once, and say what CPU time and memory it took
    #[command(hide = true)]
    Cost {
        /// The command
        #[arg(required = true, last = true)]
        command: Vec<OsString>,
    },
    /// The service: reads, durable creations, many VMs, memory
    Server,
    /// Decode a list once, and say what time and memory that took
    #[command(hide = true)]
    Decode {
        /// What decodes it
        decoder: sdk::Decoder,
        /// The list
        file: PathBuf,
    },
}

/// Measures, and says whether every limit is kept.
pub(crate) fn run(bench: &Bench) -> Result<bool, Box<dyn std::error::Error>> {
    if cfg!(debug_assertions) {
        return in_release();
    }
    let report: Report = match bench {
        Bench::Sdk => sdk::measure()?,
        Bench::Cli => cli::measure()?,
        Bench::Fake => fake::measure()?,
        Bench::Cost { command } => {
            println!("{}", cli::run_and_tell(command)?);
            return Ok(true);
        }
        Bench::Server => server::measure()?,
        Bench::Decode { decoder, file } => {
            println!("{}", sdk::decode_and_tell(*decoder, file)?);
            return Ok(true);
        }
    };
    Ok(report.is_kept())
}

/// Runs the same command as a release build: nothing else is worth measuring.
fn in_release() -> Result<bool, Box<dyn std::error::Error>> {
    let status = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--release", "--package", "xtask", "--"])
        .args(std::env::args_os().skip(1))
        .status()?;
    Ok(status.success())
}
