//! What the service offers: regions and public images.

use cloudsfor_types::{Coordinates, Distro, FieldFault, ImageType, Region};
use sha2::{Digest, Sha256};

const COUNTRY: &str = "Russia";

/// Name, latitude, longitude and description of each region.
const REGIONS: &[(&str, f64, f64, &str)] = &[
    ("moscow_01", 55.7558, 37.6173, "Moscow, first site"),
    ("moscow_02", 55.7512, 37.6184, "Moscow, second site"),
    ("moscow_03", 55.7601, 37.6187, "Moscow, third site"),
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

/// All regions.
pub fn regions() -> Vec<Region> {
    REGIONS.iter().map(described_region).collect()
}

/// The names of all regions.
pub fn region_names() -> impl Iterator<Item = &'static str> {
    REGIONS.iter().map(|(name, ..)| *name)
}

/// The region with this name; one that is no longer offered keeps its name.
pub fn region(name: &str) -> Region {
    let entry = REGIONS.iter().find(|(offered, ..)| *offered == name);
    entry.map_or_else(|| Region::named(name), described_region)
}

fn described_region((name, lat, lng, description): &(&str, f64, f64, &str)) -> Region {
    Region {
        country: Some(COUNTRY.into()),
        description: Some((*description).into()),
        coordinates: Some(Coordinates {
            lat: Some(*lat),
            lng: Some(*lng),
            extra: Default::default(),
        }),
        ..Region::named(*name)
    }
}

/// All public images.
pub fn distros() -> Vec<Distro> {
    IMAGES.iter().map(described_image).collect()
}

/// The identifiers of all public images.
pub fn distro_names() -> impl Iterator<Item = &'static str> {
    IMAGES.iter().map(|(name, _)| *name)
}

/// The public image with this identifier.
pub fn distro(name: &str) -> Option<Distro> {
    let entry = IMAGES.iter().find(|(offered, _)| *offered == name);
    entry.map(described_image)
}

fn described_image((name, description): &(&str, &str)) -> Distro {
    let image_type = if name.ends_with(".iso") {
        ImageType::Iso
    } else {
        ImageType::Template
    };
    Distro {
        id: image_id(name),
        name: (*name).into(),
        description: Some((*description).into()),
        image_type: Some(image_type),
        extra: Default::default(),
    }
}

/// The internal id: made from the identifier, so that it stays the same.
fn image_id(distro: &str) -> String {
    let digest = Sha256::digest(distro);
    digest[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// What is wrong with a region's name, if anything.
pub fn region_fault(name: &str) -> Option<FieldFault> {
    let names: Vec<_> = region_names().collect();
    (!names.contains(&name)).then(|| not_offered("region", name, &names))
}

/// The fault of naming an image that there isn't.
pub fn image_fault(name: &str) -> FieldFault {
    let names: Vec<_> = distro_names().collect();
    not_offered("image", name, &names)
}

fn not_offered(field: &str, value: &str, offered: &[&str]) -> FieldFault {
    let message = format!(
        "{value:?} is not offered here; there are {}",
        offered.join(", ")
    );
    FieldFault::new(field, message)
}
