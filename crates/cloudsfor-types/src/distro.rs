//! Distros: the public images that VMs are made of.

use crate::lenient::{OneOrMany, Text};
use crate::object::object;
use crate::open_enum::open_enum;
use crate::page::{Links, Meta};

open_enum! {
    /// What kind of image it is.
    pub enum ImageType {
        /// A disk with an installed system.
        Template = "template",
        /// An installation medium.
        Iso = "iso",
    }
}

object! {
    /// A public image.
    pub struct Distro {
        /// Its internal id.
        required id: String as Text;
        /// What a create request's `image` takes: `fedora-19`.
        required name: String;
        /// A description for people.
        optional description: Option<String>;
        /// What kind of image it is.
        optional image_type: Option<ImageType>;
    }
}

object! {
    /// The answer to a list of distros.
    pub struct DistroList {
        /// The images.
        required distros: Vec<Distro> as OneOrMany<Distro>;
        /// The pages around this one.
        optional links: Option<Links>;
        /// The total over all pages.
        optional meta: Option<Meta>;
    }
}
