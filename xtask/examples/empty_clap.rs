//! The least that a command line with clap can be: what `cloudsfor --version` is
//! measured against.

use clap::Parser;

#[derive(Parser)]
#[command(name = "empty", version)]
struct Empty {}

fn main() {
    Empty::parse();
}
