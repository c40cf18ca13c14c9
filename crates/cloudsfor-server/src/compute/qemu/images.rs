//! Public images on this host: files that the operator installed, which machines
//! stand on and never write to.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use cloudsfor_types::rules;
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use super::checksum::checksum_of;
use super::disks::{self, GB};
use super::host::room_for_images;
use super::image_file::{Examined, examine};
use super::machine::remove_file;
use super::places::Places;
use crate::compute::{ComputeError, PublicImage};

/// The longest identifier of an image.
const NAME_MAX: usize = 64;

/// An image that is installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstalledImage {
    /// Its identifier.
    #[serde(skip)]
    pub name: String,
    /// For people.
    pub description: String,
    /// The least disk that it needs, in GB.
    pub min_disk: u32,
    /// The SHA-256 of what it was made from, in hex.
    pub sha256: String,
    /// Where that came from.
    pub source: String,
}

/// Why something can't be done with images.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The identifier can't be one.
    #[error(
        "{0:?} can't be the name of an image: it must be 1 to 64 letters, digits, dots, hyphens \
         and underscores, and begin with a letter or digit"
    )]
    Name(String),
    /// There is no such image.
    #[error("there is no image {0:?} on this host")]
    NotFound(String),
    /// It isn't what it was said to be.
    #[error("{file} is not what was asked for: its SHA-256 is {found}, not {expected}")]
    Digest {
        /// The file.
        file: PathBuf,
        /// What it should be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// It can't be an image of a disk.
    #[error("{file} can't be used: {why}")]
    Unusable {
        /// The file.
        file: PathBuf,
        /// Why.
        why: String,
    },
    /// A file can't be read or written.
    #[error("{file}: {source}")]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// qemu-img failed.
    #[error(transparent)]
    Tool(#[from] ComputeError),
}

/// The images of a data directory.
#[derive(Debug, Clone)]
pub struct Images {
    dir: PathBuf,
}

impl Images {
    /// The images of this data directory, which is made if need be.
    ///
    /// # Errors
    /// If the directory can't be made.
    pub fn open(data_dir: &Path) -> Result<Self, ImageError> {
        let places = Places::new(data_dir).map_err(|source| ImageError::File {
            file: data_dir.to_owned(),
            source,
        })?;
        Ok(Self::at(&places))
    }

    pub(super) fn at(places: &Places) -> Self {
        Self {
            dir: places.images(),
        }
    }

    /// What is installed, by name. What can't be read is left out.
    pub fn list(&self) -> Vec<InstalledImage> {
        let entries = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| {
            let file = entry.file_name().into_string().ok()?;
            file.strip_suffix(".toml").map(str::to_owned)
        });
        let mut images: Vec<_> = names.filter_map(|name| self.get(&name)).collect();
        images.sort_by(|a, b| a.name.cmp(&b.name));
        images
    }

    /// The image with this identifier.
    pub fn get(&self, name: &str) -> Option<InstalledImage> {
        let text = fs::read_to_string(self.description(name)?).ok()?;
        let image: InstalledImage = toml::from_str(&text).ok()?;
        self.disk(name)?.exists().then(|| InstalledImage {
            name: name.to_owned(),
            ..image
        })
    }

    /// The file that machines stand on.
    pub(super) fn disk(&self, name: &str) -> Option<PathBuf> {
        is_name(name).then(|| self.dir.join(format!("{name}.qcow2")))
    }

    fn description(&self, name: &str) -> Option<PathBuf> {
        is_name(name).then(|| self.dir.join(format!("{name}.toml")))
    }

    /// Where a download of an image is kept until it is whole.
    ///
    /// # Errors
    /// If the name can't be one.
    pub fn download(&self, name: &str) -> Result<PathBuf, ImageError> {
        if is_name(name) {
            Ok(self.dir.join(format!("{name}.download")))
        } else {
            Err(ImageError::Name(name.into()))
        }
    }

    /// Installs a file as an image, in place of one of the same name; machines
    /// that stand on that one keep it. If `sha256` is given, the file must have it.
    ///
    /// # Errors
    /// If it can't be one, or can't be copied.
    pub async fn install(
        &self,
        name: &str,
        description: &str,
        file: &Path,
        source: &str,
        sha256: Option<&str>,
    ) -> Result<InstalledImage, ImageError> {
        let (Some(disk), Some(about)) = (self.disk(name), self.description(name)) else {
            return Err(ImageError::Name(name.into()));
        };
        let unusable = |why: String| ImageError::Unusable {
            file: file.to_owned(),
            why,
        };
        let opened = open_file(file)?;
        let found = checksum_of(&opened).map_err(at(file))?;
        if let Some(expected) = sha256.filter(|expected| !expected.eq_ignore_ascii_case(&found)) {
            return Err(ImageError::Digest {
                file: file.to_owned(),
                expected: expected.to_owned(),
                found,
            });
        }
        let examined = examine(&opened, &file.display().to_string()).map_err(at(file))?;
        let examined = Examined::new(&opened, examined.map_err(unusable)?);
        let info = examined.info().await?.map_err(unusable)?;
        examined.check().await?.map_err(unusable)?;
        let min_disk = min_disk(info.virtual_size).map_err(unusable)?;
        let image = InstalledImage {
            name: name.to_owned(),
            description: description.to_owned(),
            min_disk,
            sha256: found,
            source: source.to_owned(),
        };
        let new = self.dir.join(format!("{name}.new"));
        create_file(&new)?;
        let room = room_for_images(&self.dir).map_err(at(&self.dir))?;
        let converted = examined.convert(&new, room).await;
        if !matches!(converted, Ok(Ok(()))) {
            // What there is of it takes room, perhaps the last.
            remove_file(&new)?;
        }
        converted?.map_err(unusable)?;
        disks::put(&new, &disk)?;
        let text = toml::to_string(&image).expect("texts and numbers are TOML");
        let new = self.dir.join(format!("{name}.toml.new"));
        let mut file = create_file(&new)?;
        file.write_all(text.as_bytes()).map_err(at(&new))?;
        disks::put(&new, &about)?;
        Ok(image)
    }

    /// Opens the file that a download is kept in, to go on at its end; makes it, if it isn't
    /// there.
    ///
    /// # Errors
    /// If the name can't be one; if the file is a link, which could lead anywhere, or can't
    /// be opened.
    pub fn open_download(&self, name: &str) -> Result<File, ImageError> {
        let file = self.download(name)?;
        let mut options = OpenOptions::new();
        options.append(true).read(true).mode(0o600);
        options.custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
        let opened = match options.open(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                options.create_new(true).open(&file)
            }
            opened => opened,
        };
        let opened = opened.map_err(at(&file))?;
        let metadata = opened.metadata().map_err(at(&file))?;
        if !metadata.is_file() || metadata.nlink() > 1 {
            return Err(ImageError::Unusable {
                file,
                why: "it is kept for downloads, and is no file of its own: remove it".into(),
            });
        }
        Ok(opened)
    }

    /// How many bytes an image may take here: what is free, but for what the store keeps.
    ///
    /// # Errors
    /// If that can't be told.
    pub fn room(&self) -> Result<u64, ImageError> {
        room_for_images(&self.dir).map_err(at(&self.dir))
    }

    /// Removes an image. Machines that stand on it keep it.
    ///
    /// # Errors
    /// If there is none, or it can't be removed.
    pub fn remove(&self, name: &str) -> Result<(), ImageError> {
        let missing = || ImageError::NotFound(name.into());
        let (about, disk) = (self.description(name), self.disk(name));
        let (about, disk) = about.zip(disk).ok_or_else(missing)?;
        match fs::remove_file(&about) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(missing()),
            removed => removed.map_err(at(&about))?,
        }
        fs::remove_file(&disk).map_err(at(&disk))
    }
}

impl From<InstalledImage> for PublicImage {
    fn from(image: InstalledImage) -> Self {
        Self {
            name: image.name,
            description: image.description,
            min_disk: image.min_disk,
        }
    }
}

/// Whether a text can be an image's name: none leads out of the directory.
/// Opens a file that is to become an image. Only a regular file is one: others never end,
/// or wait.
fn open_file(file: &Path) -> Result<File, ImageError> {
    let metadata = fs::metadata(file).map_err(at(file))?;
    if !metadata.is_file() {
        return Err(ImageError::Unusable {
            file: file.to_owned(),
            why: "it is no regular file".into(),
        });
    }
    File::open(file).map_err(at(file))
}

/// Makes a file in place of what is there under its name, which is never followed.
fn create_file(file: &Path) -> Result<File, ImageError> {
    remove_file(file)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options.open(file).map_err(at(file))
}

/// The least disk of a VM of such an image, in GB.
fn min_disk(virtual_size: u64) -> Result<u32, String> {
    if virtual_size == 0 {
        return Err("it is empty: its disk has no bytes".into());
    }
    let gigabytes = virtual_size.div_ceil(GB);
    rules::disk(gigabytes as f64)
        .map_err(|rule| format!("its disk is larger than that of a VM can be: it {rule}"))
}

fn is_name(text: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    text.len() <= NAME_MAX
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(inside)
}

fn at(file: &Path) -> impl Fn(io::Error) -> ImageError {
    let file = file.to_owned();
    move |source| ImageError::File {
        file: file.clone(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_never_lead_out_of_the_directory() {
        for good in ["debian-13", "CentOS-6.6-x86_64-minimal.iso", "a"] {
            assert!(is_name(good), "{good}");
        }
        let long = "a".repeat(NAME_MAX + 1);
        for bad in ["", ".", "..", "../a", "a/b", "-a", "a,b", "a b", &long] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
