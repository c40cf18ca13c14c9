//! Regions: where VMs run.

use std::fmt;

use serde::de::{Error, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};

use crate::lenient::{OneOrMany, Real};
use crate::object::object;
use crate::page::{Links, Meta};

object! {
    /// A region's place on the globe, in degrees.
    pub struct Coordinates {
        /// Latitude, north positive.
        optional lat: Option<f64> as Real;
        /// Longitude, east positive.
        optional lng: Option<f64> as Real;
    }
}

object! {
    /// A region, with whatever the answer said of it.
    ///
    /// VMs and snapshots carry the whole object, actions the name alone; the
    /// client accepts both everywhere (the contract's decision), so a region
    /// that came as a bare name has nothing but its name.
    pub struct Region {
        /// What a create request's `region` takes: `moscow_01`.
        required name: String;
        /// The country, in words.
        optional country: Option<String>;
        /// The place on the globe.
        optional coordinates: Option<Coordinates>;
        /// A description for people.
        optional description: Option<String>;
    }
}

object! {
    /// The answer to a list of regions.
    pub struct RegionList {
        /// The regions.
        required regions: Vec<Region> as OneOrMany<Region>;
        /// The pages around this one.
        optional links: Option<Links>;
        /// The total over all pages.
        optional meta: Option<Meta>;
    }
}

impl Region {
    /// A region of which only the name is known.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            country: None,
            coordinates: None,
            description: None,
            extra: Default::default(),
        }
    }
}

/// Reads a region from its object or from its bare name.
pub(crate) struct RegionRef(Region);

impl From<RegionRef> for Region {
    fn from(region: RegionRef) -> Self {
        region.0
    }
}

/// Reads a region's name, alone or from its object.
pub(crate) struct RegionName(String);

impl From<RegionName> for String {
    fn from(region: RegionName) -> Self {
        region.0
    }
}

impl<'de> Deserialize<'de> for RegionName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        RegionRef::deserialize(deserializer).map(|region| Self(region.0.name))
    }
}

impl<'de> Deserialize<'de> for RegionRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RegionVisitor;

        impl<'de> Visitor<'de> for RegionVisitor {
            type Value = RegionRef;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a region object or a region's name")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<RegionRef, E> {
                Ok(RegionRef(Region::named(name)))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RegionRef, A::Error> {
                Region::deserialize(MapAccessDeserializer::new(map)).map(RegionRef)
            }
        }

        deserializer.deserialize_any(RegionVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_an_object_or_a_name() {
        let by_name: RegionRef = serde_json::from_str("\"moscow_01\"").unwrap();
        assert_eq!(by_name.0, Region::named("moscow_01"));
        let whole: RegionRef = serde_json::from_str(
            r#"{"name":"moscow_01","country":"Russia","coordinates":{"lat":"55.75","lng":37.62},"tier":3}"#,
        )
        .unwrap();
        assert_eq!(whole.0.coordinates.as_ref().unwrap().lat, Some(55.75));
        assert_eq!(whole.0.extra["tier"], 3);
    }
}
