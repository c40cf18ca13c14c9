//! What the service offers: regions and images.

use cloudsfor_types::{Coordinates, FieldFault, Region, VmImage};
use sha2::{Digest, Sha256};

struct RegionEntry {
    name: &'static str,
    country: &'static str,
    latitude: f64,
    longitude: f64,
    description: &'static str,
}

const REGIONS: &[RegionEntry] = &[
    RegionEntry {
        name: "moscow_01",
        country: "Russia",
        latitude: 55.7558,
        longitude: 37.6173,
        description: "Moscow, first site",
    },
    RegionEntry {
        name: "moscow_02",
        country: "Russia",
        latitude: 55.7512,
        longitude: 37.6184,
        description: "Moscow, second site",
    },
    RegionEntry {
        name: "moscow_03",
        country: "Russia",
        latitude: 55.7601,
        longitude: 37.6187,
        description: "Moscow, third site",
    },
];

/// Identifier and description of each public image.
const IMAGES: &[(&str, &str)] = &[
    ("fedora-19", "Fedora 19"),
    ("fedora-43", "Fedora 43"),
    ("debian-12", "Debian 12 (bookworm)"),
    ("debian-13", "Debian 13 (trixie)"),
    ("ubuntu-24.04", "Ubuntu 24.04 LTS"),
    ("almalinux-9", "AlmaLinux 9"),
    (
        "CentOS-6.6-x86_64-minimal.iso",
        "CentOS 6.6, minimal installation medium",
    ),
    (
        "windows-server-2008-r2-dc-en",
        "Windows Server 2008 R2 Datacenter, English",
    ),
];

/// The region with this name.
pub fn region(name: &str) -> Option<Region> {
    let entry = REGIONS.iter().find(|entry| entry.name == name)?;
    let mut region = Region::named(entry.name);
    region.country = Some(entry.country.into());
    region.description = Some(entry.description.into());
    region.coordinates = Some(Coordinates {
        lat: entry.latitude,
        lng: entry.longitude,
        extra: Default::default(),
    });
    Some(region)
}

/// The image with this identifier, as a VM shows it.
pub fn image(distro: &str) -> Option<VmImage> {
    let (distro, name) = IMAGES
        .iter()
        .find(|(identifier, _)| *identifier == distro)?;
    Some(VmImage {
        id: Some(image_id(distro)),
        distro: Some((*distro).into()),
        name: Some((*name).into()),
        extra: Default::default(),
    })
}

/// The internal id: made from the identifier, so that it stays the same.
fn image_id(distro: &str) -> String {
    let digest = Sha256::digest(distro);
    digest[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// What a create request names and the service doesn't offer.
pub fn faults(region_name: &str, distro: &str) -> Vec<FieldFault> {
    let mut faults = Vec::new();
    if region(region_name).is_none() {
        let names: Vec<_> = REGIONS.iter().map(|entry| entry.name).collect();
        faults.push(unknown("region", region_name, &names));
    }
    if image(distro).is_none() {
        let names: Vec<_> = IMAGES.iter().map(|(identifier, _)| *identifier).collect();
        faults.push(unknown("image", distro, &names));
    }
    faults
}

fn unknown(field: &str, value: &str, offered: &[&str]) -> FieldFault {
    let message = format!(
        "{value:?} is not offered here; there are {}",
        offered.join(", ")
    );
    FieldFault::new(field, message)
}
