//! `cloudsfor`: see the library for everything.

use std::process::ExitCode;

fn main() -> ExitCode {
    cloudsfor_cli::run()
}
