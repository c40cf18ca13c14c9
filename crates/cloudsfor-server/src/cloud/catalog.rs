//! What the service offers: regions and public images.

use cloudsfor_types::{Coordinates, Distro, FieldFault, ImageType, Region};
use sha2::{Digest, Sha256};

use crate::compute::{Compute, PublicImage};

const COUNTRY: &str = "Russia";

/// Name, latitude, longitude and description of each region.
const REGIONS: &[(&str, f64, f64, &str)] = &[
    ("moscow_01", 55.7558, 37.6173, "Moscow, first site"),
    ("moscow_02", 55.7512, 37.6184, "Moscow, second site"),
    ("moscow_03", 55.7601, 37.6187, "Moscow, third site"),
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
pub fn distros(compute: &dyn Compute) -> Vec<Distro> {
    compute.images().iter().map(distro).collect()
}

/// A public image as the API shows it.
pub fn distro(image: &PublicImage) -> Distro {
    let image_type = if image.name.ends_with(".iso") {
        ImageType::Iso
    } else {
        ImageType::Template
    };
    Distro {
        id: image_id(&image.name),
        name: image.name.clone(),
        description: Some(image.description.clone()),
        image_type: Some(image_type),
        extra: Default::default(),
    }
}

/// The internal id: made from the identifier, so that it stays the same.
pub fn image_id(distro: &str) -> String {
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
pub fn image_fault(compute: &dyn Compute, name: &str) -> FieldFault {
    if let Some(how) = compute.how_to_get(name) {
        return FieldFault::new("image", format!("{name:?} is not here yet: {how}"));
    }
    let images = compute.images();
    let names: Vec<_> = images.iter().map(|image| image.name.as_str()).collect();
    not_offered("image", name, &names)
}

fn not_offered(field: &str, value: &str, offered: &[&str]) -> FieldFault {
    let message = format!(
        "{value:?} is not offered here; there are {}",
        offered.join(", ")
    );
    FieldFault::new(field, message)
}
