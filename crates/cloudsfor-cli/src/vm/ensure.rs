//! `vm create --ensure`: a VM only if there is none of that name yet.

use cloudsfor_core::Api;
use cloudsfor_types::{CreateVm, Vm, VmFeature};

use super::list::Vms;
use crate::args::Global;
use crate::exit::Exit;
use crate::failure::{Candidate, Failure};
use crate::kinds::Findable;

/// Finds the VM that is asked for, if it is there already.
pub(super) async fn existing(
    api: &dyn Api,
    request: &CreateVm,
    global: &Global,
) -> Result<Option<Vm>, Failure> {
    let name = &request.name;
    let what = || format!("the VM {name} was not created");
    let found = Vms::default().named(api, name, &global.call()).await;
    let mut found = found.map_err(|error| Failure::of(&error, what()))?;
    if found.len() > 1 {
        let why = format!("{} VMs have the name already:", found.len());
        let mut failure = Failure::new(Exit::Conflict, what(), why)
            .next("delete or rename all but one, or leave --ensure out");
        failure.facts.candidates = found.into_iter().map(Candidate::of::<Vms>).collect();
        return Err(failure);
    }
    let Some(vm) = found.pop() else {
        return Ok(None);
    };
    let differences = differences(&vm, request);
    if differences.is_empty() {
        return Ok(Some(vm));
    }
    let told: Vec<_> = differences.iter().map(Difference::told).collect();
    let why = format!("there is one that differs: {}", told.join("; "));
    let look = global.command(&format!("vm get {}", vm.id));
    Err(Failure::new(Exit::Conflict, what(), why)
        .next(format!("to look at it: {look}"))
        .next("ask for what there is, change that one, or use another name")
        .about(&vm.id))
}

/// What a VM is, and what it was asked to be.
#[derive(Debug, PartialEq)]
pub(crate) struct Difference {
    pub(crate) attribute: &'static str,
    pub(crate) is: String,
    pub(crate) wanted: String,
}

impl Difference {
    /// `memory is 1 GB, not 2 GB`
    pub(crate) fn told(&self) -> String {
        format!("{} is {}, not {}", self.attribute, self.is, self.wanted)
    }
}

/// How a VM differs from what a request asks for, as far as that can be seen: keys
/// and user data can't.
pub(crate) fn differences(vm: &Vm, request: &CreateVm) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut compare = |attribute, is: String, wanted: String| {
        if is != wanted {
            differences.push(Difference {
                attribute,
                is,
                wanted,
            });
        }
    };
    let gigabytes = |size: &dyn std::fmt::Display| format!("{size} GB");
    let missing = || "unknown".to_owned();
    let region = vm.region.as_ref().map(|region| region.name.to_string());
    compare(
        "region",
        region.unwrap_or_else(missing),
        request.region.to_string(),
    );
    let image = vm.image.as_ref();
    let image = image.and_then(|image| image.distro.clone().or_else(|| image.id.clone()));
    compare(
        "image",
        image.unwrap_or_else(missing),
        request.image.clone(),
    );
    compare("memory", gigabytes(&vm.memory), gigabytes(&request.size));
    compare("vcpus", vm.vcpus.to_string(), request.cpu.to_string());
    compare("disk", gigabytes(&vm.disk), gigabytes(&request.disk_size));
    if let (Some(is), Some(wanted)) = (&vm.plan, &request.plan) {
        compare("plan", is.to_string(), wanted.to_string());
    }
    // What isn't asked for may be there all the same.
    for (attribute, feature, wanted) in [
        ("backups", VmFeature::Backups, request.backups),
        ("ipv6", VmFeature::Ipv6, request.ipv6),
        (
            "private_networking",
            VmFeature::PrivateNetworking,
            request.private_networking,
        ),
    ] {
        if wanted && !vm.features.contains(&feature) {
            compare(attribute, "off".into(), "on".into());
        }
    }
    let labels = vm.labels.as_ref();
    for (key, wanted) in &request.labels {
        let is = labels.and_then(|labels| labels.get(key));
        let is = is.map_or("missing", String::as_str);
        if is != wanted {
            differences.push(Difference {
                attribute: "labels",
                is: format!("{key}={is}"),
                wanted: format!("{key}={wanted}"),
            });
        }
    }
    if request.protected && !vm.protected.unwrap_or_default() {
        differences.push(Difference {
            attribute: "protected",
            is: "false".into(),
            wanted: "true".into(),
        });
    }
    differences
}
