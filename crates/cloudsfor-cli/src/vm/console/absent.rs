//! A build that makes no real VMs: none is on this machine.

use std::path::PathBuf;

use cloudsfor_types::Vm;

use super::failed;
use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::Terminal;

pub(super) async fn console(vm: &Vm, _: &Global, _: &mut Terminal) -> Result<Exit, Failure> {
    Err(absent(vm))
}

pub(super) fn display(vm: &Vm, _: &Global) -> Result<PathBuf, Failure> {
    Err(absent(vm))
}

fn absent(vm: &Vm) -> Failure {
    failed(vm, "this build of the program makes no real VMs")
        .next("ask on the machine that the VM runs on")
}
