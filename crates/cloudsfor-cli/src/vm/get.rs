//! `vm get`

use clap::Args;
use cloudsfor_core::Api;
use cloudsfor_types::VmSelector;

use super::find::find;
use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::terminal::Terminal;

/// Which VM to show.
#[derive(Args)]
pub(crate) struct Get {
    /// The VM's name or id; `name:` and `id:` before it say which
    vm: VmSelector,
}

pub(super) async fn get(
    api: &dyn Api,
    args: &Get,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let vm = find(api, &args.vm, global, "can't show the VM").await?;
    output::one(terminal, global.output, &vm)?;
    Ok(Exit::Done)
}
