//! What is shown of a VM.

use std::borrow::Cow;

use cloudsfor_types::{Address, AddressType, Plan, Vm};

use crate::output::hosts::Host;
use crate::output::table::Column;
use crate::output::{Described, Details, Resource};

impl Resource for Vm {
    const NOUN: &'static str = "VM";

    const ATTRIBUTES: &'static [&'static str] = Vm::ATTRIBUTES;

    const WITHIN: &'static [&'static str] = &[
        "region.name",
        "region.country",
        "region.description",
        "region.coordinates",
        "region.coordinates.lat",
        "region.coordinates.lng",
        "image.id",
        "image.distro",
        "image.name",
        "labels.*",
        "networks.*",
    ];

    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("ID", |vm: &Self, cell| cell.text(vm.id.as_str())),
        Column::new("NAME", |vm: &Self, cell| {
            cell.host_in_both_forms(&vm.name, vm.name_unicode.as_deref());
        })
        .elastic(),
        Column::new("STATUS", |vm: &Self, cell| cell.text(vm.status.as_str())).status(),
        Column::new("MEMORY", |vm: &Self, cell| cell.gigabytes(vm.memory))
            .right()
            .rank(2),
        Column::new("VCPUS", |vm: &Self, cell| cell.number(vm.vcpus))
            .right()
            .rank(0),
        Column::new("DISK", |vm: &Self, cell| cell.whole_gigabytes(vm.disk))
            .right()
            .rank(1),
        Column::new("REGION", |vm: &Self, cell| {
            cell.optional_text(vm.region.as_ref().map(|region| region.name.as_str()));
        })
        .rank(3),
        Column::new("IP", |vm: &Self, cell| cell.optional_text(main_address(vm))).rank(5),
        Column::new("CREATED", |vm: &Self, cell| cell.time(&vm.created_at)).rank(4),
    ];

    fn id(&self) -> Cow<'_, str> {
        self.id.as_str().into()
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn host(&self) -> Option<Host<'_>> {
        let labels = self.labels.iter().flatten();
        Some(Host {
            name: &self.name,
            id: self.id.as_str(),
            address: main_address(self),
            ssh_port: ssh_port(self),
            region: self.region.as_ref().map(|region| region.name.as_str()),
            image: self
                .image
                .as_ref()
                .and_then(|image| image.distro.as_deref()),
            private_addresses: private_addresses(self),
            labels: labels.map(|(k, v)| (k.as_str(), v.as_str())).collect(),
        })
    }
}

impl Described for Vm {
    fn details(&self, details: &mut Details) {
        details.line("ID", |cell| cell.text(self.id.as_str()));
        details.line("Name", |cell| {
            cell.described(Some(&self.name), self.name_unicode.as_deref());
        });
        details.status("Status", self.status.as_str());
        details.line("Locked", |cell| cell.yes_or_no(self.locked));
        details.line("Memory", |cell| cell.gigabytes(self.memory));
        details.line("VCPUs", |cell| cell.number(self.vcpus));
        details.line("Disk", |cell| cell.whole_gigabytes(self.disk));
        details.line("Region", |cell| {
            let region = self.region.as_ref();
            cell.described(
                region.map(|region| region.name.as_str()),
                region.and_then(|region| region.description.as_deref()),
            );
        });
        details.line("Image", |cell| {
            let image = self.image.as_ref();
            cell.described(
                image.and_then(|image| image.distro.as_deref().or(image.id.as_deref())),
                image.and_then(|image| image.name.as_deref()),
            );
        });
        details.line("Plan", |cell| {
            let plan = self.plan.as_ref();
            cell.described(plan.map(Plan::as_str), plan.and_then(tariff));
        });
        details.line("Created", |cell| cell.time(&self.created_at));
        let networks = self.networks.as_ref();
        details.line("IPv4", |cell| {
            cell.list(networks.iter().flat_map(|n| &n.v4).map(address));
        });
        details.line("IPv6", |cell| {
            cell.list(networks.iter().flat_map(|n| &n.v6).map(address));
        });
        details.line("Features", |cell| {
            cell.list(self.features.iter().map(|feature| feature.as_str()));
        });
        details.line("Backups", |cell| {
            cell.list(self.backup_ids.iter().map(|id| id.as_str()));
        });
        details.line("Snapshots", |cell| {
            cell.list(self.snapshot_ids.iter().map(|id| id.as_str()));
        });
        details.line("Labels", |cell| {
            let labels = self.labels.iter().flatten();
            cell.list(labels.map(|(key, value)| format!("{key}={value}")));
        });
        details.line("Protected", |cell| {
            cell.yes_or_no(self.protected.unwrap_or_default());
        });
    }
}

/// Where people reach it: the public IPv4 address, else the first that it has.
pub(crate) fn main_address(vm: &Vm) -> Option<&str> {
    let networks = vm.networks.as_ref()?;
    let address = networks.public_v4().or_else(|| networks.iter().next())?;
    Some(&address.ip_address)
}

/// The port at that address that leads to its SSH, if the server says one.
pub(crate) fn ssh_port(vm: &Vm) -> Option<u16> {
    vm.networks.as_ref()?.public_v4()?.ssh_port
}

/// Its addresses in private networks.
fn private_addresses(vm: &Vm) -> Vec<&str> {
    let networks = vm.networks.as_ref().map(|networks| networks.iter());
    let private = networks.into_iter().flatten();
    let private = private.filter(|of| of.r#type == Some(AddressType::Private));
    private.map(|of| of.ip_address.as_str()).collect()
}

fn address(address: &Address) -> String {
    match &address.r#type {
        Some(kind) => match address.ssh_port {
            Some(port) => format!("{} ({kind}, SSH at port {port})", address.ip_address),
            None => format!("{} ({kind})", address.ip_address),
        },
        None => address.ip_address.clone(),
    }
}

fn tariff(plan: &Plan) -> Option<&'static str> {
    match plan {
        Plan::Fixed => Some("static"),
        Plan::Dynamic => Some("dynamic"),
        Plan::Unknown(_) => None,
    }
}
