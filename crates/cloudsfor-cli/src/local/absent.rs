//! A build without the service: there is no cloud on this machine.

use std::path::{Path, PathBuf};

use cloudsfor_core::{Credentials, Endpoint};

use crate::args::Global;
use crate::connect::Connection;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::Terminal;
use crate::wire::Wire;

/// There is none.
pub(crate) enum Embedded {}

impl Embedded {
    pub(crate) async fn close(self, _in_a_hurry: bool) {
        match self {}
    }
}

pub(crate) async fn connect(
    _data_dir: Option<&Path>,
    _global: &Global,
    _wire: Wire,
    _terminal: &mut Terminal,
) -> Result<Connection, Failure> {
    Err(absent())
}

pub(crate) fn profile(
    _data_dir: Option<&Path>,
) -> Result<(Endpoint, Credentials, Option<PathBuf>), Failure> {
    Err(absent())
}

fn absent() -> Failure {
    Failure::new(
        Exit::Usage,
        "there is no cloud on this machine",
        "this build of the program is without the service",
    )
    .next("name a server with --endpoint")
}
