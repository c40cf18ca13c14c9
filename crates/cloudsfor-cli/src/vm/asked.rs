//! What the verbs that start an action take, and what they ask for.

use clap::{ArgGroup, Args};
use cloudsfor_types::{ActionType, Vm, VmSelector, VmStatus};
use serde_json::{Value, json};

use super::list::Vms;
use crate::args::{Waiting, number};
use crate::kinds::Findable;
use crate::kinds::get::One;
use crate::kinds::targets::{Target, Targets};

/// On which VMs, and how long to wait.
#[derive(Args)]
pub(crate) struct OnVms {
    #[command(flatten)]
    targets: Targets<VmSelector>,

    #[command(flatten)]
    waiting: Waiting,
}

/// Which VMs to bring into a state, where some may be in it already.
#[derive(Args)]
pub(crate) struct Power {
    #[command(flatten)]
    on: OnVms,

    /// End with exit code 10 if all of them are as they should be already
    #[arg(long)]
    detailed_exit_code: bool,
}

/// What sizes to give to which VMs.
#[derive(Args)]
#[command(group = ArgGroup::new("sizes").required(true).multiple(true))]
pub(crate) struct Resize {
    #[command(flatten)]
    on: OnVms,

    /// Memory in GB: 0.25 to 1024 in steps of 0.25
    #[arg(long, value_name = "GB", value_parser = number, allow_negative_numbers = true,
          group = "sizes")]
    size: Option<f64>,

    /// Virtual processors: 1 to 128
    #[arg(long, value_name = "N", value_parser = number, allow_negative_numbers = true,
          group = "sizes")]
    cpu: Option<f64>,

    /// Disk in GB: at least what it has, at most 65536
    #[arg(long, value_name = "GB", value_parser = number, allow_negative_numbers = true,
          group = "sizes")]
    disk_size: Option<f64>,
}

/// What to call which VM.
#[derive(Args)]
pub(crate) struct Rename {
    #[command(flatten)]
    one: One<VmSelector>,

    /// The new name, which is its hostname too
    #[arg(value_name = "NEW")]
    new_name: String,

    #[command(flatten)]
    waiting: Waiting,
}

/// What to call the snapshots of which VMs.
#[derive(Args)]
pub(crate) struct Snapshot {
    #[command(flatten)]
    on: OnVms,

    /// The snapshot's name
    #[arg(long)]
    name: String,
}

/// What to put onto which VMs' disks.
#[derive(Args)]
pub(crate) struct Restore {
    #[command(flatten)]
    on: OnVms,

    /// The id of a snapshot or backup
    #[arg(long, value_name = "ID")]
    image: String,

    /// Don't ask
    #[arg(short, long)]
    yes: bool,
}

/// What to make which VMs of.
#[derive(Args)]
pub(crate) struct Rebuild {
    #[command(flatten)]
    on: OnVms,

    /// The image to make them of: fedora-19, or a snapshot's id
    #[arg(long)]
    image: String,

    /// Don't ask
    #[arg(short, long)]
    yes: bool,
}

/// An action as it was asked for.
pub(super) struct Asked<'a> {
    pub(super) targets: Vec<Target<VmSelector>>,
    pub(super) waiting: &'a Waiting,
    /// The request's body, unchecked.
    pub(super) body: Value,
    /// What a person is asked about, if anything is lost by it.
    pub(super) loss: Option<Loss>,
    /// The status that the action brings about, and whether to tell by the exit code
    /// that all VMs had it.
    pub(super) goal: Option<(VmStatus, bool)>,
}

/// What an action does to what is on a disk.
#[derive(Clone, Copy)]
pub(super) struct Loss {
    /// What isn't done without a yes: `nothing was restored`.
    pub(super) undone: &'static str,
    /// `Restore`
    pub(super) verb: &'static str,
    pub(super) warning: &'static str,
}

impl Loss {
    /// The VM, with what is lost of it.
    pub(super) fn of(vm: &Vm, now: jiff::Timestamp) -> String {
        let told = Vms::told_apart(vm, now);
        format!("{} ({}): {} GB of disk", told, vm.id, vm.disk)
    }
}

impl OnVms {
    /// An action that needs nothing but the VM.
    pub(super) fn asked(&self, action: &ActionType) -> Asked<'_> {
        self.with(json!({"type": action.as_str()}))
    }

    fn with(&self, body: Value) -> Asked<'_> {
        Asked {
            targets: self.targets.named.clone(),
            waiting: &self.waiting,
            body,
            loss: None,
            goal: None,
        }
    }
}

impl Power {
    /// An action that brings VMs into this status.
    pub(super) fn asked(&self, action: &ActionType, status: VmStatus) -> Asked<'_> {
        Asked {
            goal: Some((status, self.detailed_exit_code)),
            ..self.on.asked(action)
        }
    }
}

impl Resize {
    pub(super) fn asked(&self) -> Asked<'_> {
        let (size, cpu, disk_size) = (self.size, self.cpu, self.disk_size);
        let body = json!({"type": "resize", "size": size, "cpu": cpu, "disk_size": disk_size});
        self.on.with(body)
    }
}

impl Rename {
    pub(super) fn asked(&self) -> Asked<'_> {
        Asked {
            targets: vec![Target::One(self.one.which.clone())],
            waiting: &self.waiting,
            body: json!({"type": "rename", "name": self.new_name}),
            loss: None,
            goal: None,
        }
    }
}

impl Snapshot {
    pub(super) fn asked(&self) -> Asked<'_> {
        self.on.with(json!({"type": "snapshot", "name": self.name}))
    }
}

impl Restore {
    pub(super) fn asked(&self) -> Asked<'_> {
        let loss = Loss {
            undone: "nothing was restored",
            verb: "Restore",
            warning: "This puts the disk back: what was written since is lost for good:",
        };
        let asked = self
            .on
            .with(json!({"type": "restore", "image": self.image}));
        Asked {
            loss: (!self.yes).then_some(loss),
            ..asked
        }
    }
}

impl Rebuild {
    pub(super) fn asked(&self) -> Asked<'_> {
        let loss = Loss {
            undone: "nothing was rebuilt",
            verb: "Rebuild",
            warning: "This makes the disk anew: all that is on it is lost for good:",
        };
        let asked = self
            .on
            .with(json!({"type": "rebuild", "image": self.image}));
        Asked {
            loss: (!self.yes).then_some(loss),
            ..asked
        }
    }
}
