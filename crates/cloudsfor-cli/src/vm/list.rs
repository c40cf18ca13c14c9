//! `vm list`

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use cloudsfor_core::Api;
use cloudsfor_core::list::list_all_vms;
use cloudsfor_types::{VmFilter, VmStatus};

use crate::args::{Global, label};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lists::show;
use crate::terminal::Terminal;

/// Which VMs to list: those that match all of these.
#[derive(Args)]
pub(crate) struct List {
    /// Only VMs of this name
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    name: Option<String>,

    /// Only VMs with this label; may be repeated
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,

    /// Only VMs of this status: new, running, stopped, errored
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    status: Option<String>,

    /// Only VMs in this region
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    region: Option<String>,
}

impl List {
    fn filter(&self) -> VmFilter {
        let mut filter = VmFilter::default();
        filter.name.clone_from(&self.name);
        filter.labels.clone_from(&self.labels);
        filter.status = self.status.as_deref().map(VmStatus::from);
        filter.region.clone_from(&self.region);
        filter
    }
}

pub(super) async fn list(
    api: &dyn Api,
    args: &List,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let filter = args.filter();
    let vms = list_all_vms(api, &filter, &global.call())
        .await
        .map_err(|error| {
            Failure::of(&error, "the VMs can't be listed").naming(|field| format!("--{field}"))
        })?;
    let empty = if filter == VmFilter::default() {
        "There is no VM yet. `cloudsfor vm create --help` says how to make one."
    } else {
        "No VM matches."
    };
    show(&vms, empty, global, terminal)
}
