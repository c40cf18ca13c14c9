//! `vm list`

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use cloudsfor_core::{Api, CallOptions, Error, ErrorKind, Page, PageRequest};
use cloudsfor_types::operations::{LIST_VMS, Operation};
use cloudsfor_types::{Vm, VmFilter, VmId, VmSelector, VmStatus};

use crate::args::{Global, label};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::kinds::list::{Listing, every, list as listed};
use crate::kinds::{Collection, Deletable, Findable, count};
use crate::output::Resource;
use crate::output::cell::age;
use crate::region::Regions;
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

    #[command(flatten)]
    listing: Listing,
}

/// The account's VMs that a filter of the server lets through.
#[derive(Default)]
pub(crate) struct Vms {
    filter: VmFilter,
}

impl Collection for Vms {
    type Item = Vm;

    fn operation(&self) -> Operation {
        LIST_VMS
    }

    fn none(&self) -> String {
        if self.filter == VmFilter::default() {
            "There is no VM yet. `cloudsfor vm create --help` says how to make one.".into()
        } else {
            "No VM matches.".into()
        }
    }

    async fn page(
        &self,
        api: &dyn Api,
        page: &PageRequest,
        call: &CallOptions,
    ) -> Result<Page<Vm>, Error> {
        api.list_vms(&self.filter, page, call).await
    }

    async fn each(
        &self,
        api: &dyn Api,
        call: &CallOptions,
        take: &mut (dyn FnMut(Vm) + Send),
    ) -> Result<(), Error> {
        api.each_vm(&self.filter, call, take).await
    }
}

impl Findable for Vms {
    type Id = VmId;
    type Selector = VmSelector;

    fn id(selector: &VmSelector) -> Option<&str> {
        match selector {
            VmSelector::Id(id) => Some(id.as_str()),
            VmSelector::Name(_) => None,
        }
    }

    async fn get(&self, api: &dyn Api, id: &VmId, call: &CallOptions) -> Result<Vm, Error> {
        api.get_vm(id, call).await
    }

    /// The server looks them up, whatever the case of letters.
    async fn named(&self, api: &dyn Api, name: &str, call: &CallOptions) -> Result<Vec<Vm>, Error> {
        let filter = VmFilter::default().with_name(name);
        let mut vms = every(&Self { filter }, api, call).await?;
        // A server that doesn't know the filter lists all.
        vms.retain(|vm| vm.name.eq_ignore_ascii_case(name));
        Ok(vms)
    }

    fn told_apart(vm: &Vm, now: jiff::Timestamp) -> String {
        let region = vm.region.as_ref().map_or("-", |region| &region.name);
        let age = age(&vm.created_at, now);
        format!("{}  created {age}  {region}  {}", vm.name, vm.status)
    }
}

impl Deletable for Vms {
    const WARNING: Option<&'static str> =
        Some("This deletes for good, with disks and backups; snapshots are kept:");

    async fn delete(&self, api: &dyn Api, vm: &Vm, call: &CallOptions) -> Result<(), Error> {
        api.delete_vm(&vm.id, call).await
    }

    fn losses(vm: &Vm, now: jiff::Timestamp) -> String {
        format!(
            "{}, {}, created {}: {} GB of disk, {}; kept: {}",
            vm.named(),
            vm.status,
            age(&vm.created_at, now),
            vm.disk,
            count(vm.backup_ids.len(), "backup"),
            count(vm.snapshot_ids.len(), "snapshot"),
        )
    }

    fn concerned(vm: &Vm, failure: Failure) -> Failure {
        failure.about(&vm.id)
    }
}

impl List {
    /// What the server can leave out already: `--filter` is looked at here too.
    fn filter(&self) -> VmFilter {
        let conditions = &self.listing.query;
        let given = |flag: &Option<String>, field| {
            let condition = conditions.required(field).filter(|value| !value.is_empty());
            flag.clone().or_else(|| condition.map(str::to_owned))
        };
        let mut filter = VmFilter::default();
        filter.name.clone_from(&self.name);
        filter.labels.clone_from(&self.labels);
        filter.status = given(&self.status, "status").map(|status| VmStatus::from(&*status));
        filter.region = given(&self.region, "region");
        filter
    }
}

pub(super) async fn list(
    api: &dyn Api,
    args: &List,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let vms = Vms {
        filter: args.filter(),
    };
    if let Some(region) = &vms.filter.region {
        check_region(api, region, global).await?;
    }
    listed(&vms, api, &args.listing, global, terminal).await
}

/// Fails for a region that the cloud doesn't offer and no VM is in: a slip in its name
/// shouldn't look like a region without VMs.
async fn check_region(api: &dyn Api, region: &str, global: &Global) -> Result<(), Failure> {
    let call = global.call();
    let failed = |error| Failure::of(&error, "the VMs can't be listed");
    let regions = match every(&Regions, api, &call).await {
        Ok(regions) => regions,
        // A cloud that tells no regions can still list VMs.
        Err(error) if error.kind() == &ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    if regions.iter().any(|known| known.name == region) {
        return Ok(());
    }
    let mut filter = VmFilter::default();
    filter.region = Some(region.to_owned());
    let left = every(&Vms { filter }, api, &call).await.map_err(failed)?;
    if left
        .iter()
        .any(|vm| vm.region.as_ref().is_some_and(|of| of.name == region))
    {
        return Ok(());
    }
    let known: Vec<_> = regions.iter().map(|known| known.name.as_str()).collect();
    let why = format!(
        "there is no region {region:?}; there are: {}",
        known.join(", ")
    );
    Err(Failure::new(Exit::Usage, "the VMs can't be listed", why)
        .next(global.command("region list")))
}
