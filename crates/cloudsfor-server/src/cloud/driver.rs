//! Which driver makes a cloud's machines. A data directory keeps to one: machines of
//! one kind are nothing to the other.

use std::io;
use std::path::Path;
use std::sync::Arc;

use cloudsfor_types::VmFeature;
use rusqlite::Connection;

use super::Parts;
use super::error::{CloudError, CloudResult};
use crate::compute::{Compute, RealOptions};
use crate::store::{make_private_dir, vms};

/// Where a data directory says which it is.
const FILE: &str = "compute";

/// A kind of machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Driver {
    /// Simulated ones.
    #[default]
    Simulator,
    /// Real ones, by QEMU.
    Qemu,
}

impl Driver {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Simulator, Self::Qemu];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Simulator => "simulator",
            Self::Qemu => "qemu",
        }
    }

    /// The driver with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|driver| driver.name() == name)
    }

    /// The driver of a data directory: the one that is asked for, or else the one
    /// that it had, or else the usual one.
    ///
    /// # Errors
    /// If what the directory says can't be read.
    pub fn of(data_dir: &Path, asked: Option<Self>) -> io::Result<Self> {
        if let Some(asked) = asked {
            return Ok(asked);
        }
        match std::fs::read_to_string(data_dir.join(FILE)) {
            Ok(name) => Self::named(name.trim()).ok_or_else(|| {
                let what = format!("the data directory is of another kind: {:?}", name.trim());
                io::Error::new(io::ErrorKind::InvalidData, what)
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// Has a data directory keep to this driver.
    ///
    /// # Errors
    /// If that can't be written down.
    pub fn keep(self, data_dir: &Path) -> io::Result<()> {
        make_private_dir(data_dir)?;
        let file = data_dir.join(FILE);
        if std::fs::read_to_string(&file).is_ok_and(|kept| kept.trim() == self.name()) {
            return Ok(());
        }
        // Another process may read it meanwhile, and must not find half of it.
        let new = data_dir.join(format!("{FILE}.{}", std::process::id()));
        std::fs::write(&new, self.name())?;
        std::fs::rename(new, file)
    }

    /// A cloud's parts with this driver, where `simulated` are those of a cloud of
    /// simulated machines, and `real` is what is decided of real ones.
    ///
    /// # Errors
    /// If the driver can't be had on this system, or its files can't be made.
    pub fn parts(self, data_dir: &Path, simulated: Parts, real: RealOptions) -> io::Result<Parts> {
        Ok(match self {
            Self::Simulator => simulated,
            Self::Qemu => Parts {
                compute: qemu(data_dir, real)?,
                ..simulated
            },
        })
    }
}

#[cfg(all(feature = "qemu", target_os = "linux"))]
fn qemu(data_dir: &Path, options: RealOptions) -> io::Result<Arc<dyn Compute>> {
    let driver = crate::compute::qemu::Qemu::new(data_dir)?;
    Ok(Arc::new(driver.with_options(options)))
}

#[cfg(not(all(feature = "qemu", target_os = "linux")))]
fn qemu(_data_dir: &Path, _options: RealOptions) -> io::Result<Arc<dyn Compute>> {
    let why = "real machines need Linux, and a build with the feature `qemu`";
    Err(io::Error::new(io::ErrorKind::Unsupported, why))
}

/// Refuses a store whose machines are of another kind than the driver's.
pub(super) fn check(connection: &Connection, compute: &dyn Compute) -> CloudResult<()> {
    let Some(features) = vms::any_features(connection)? else {
        return Ok(());
    };
    match (compute.is_real(), features.contains(&VmFeature::Simulated)) {
        (true, true) => Err(CloudError::OtherDriver {
            theirs: Driver::Simulator.name(),
        }),
        (false, false) => Err(CloudError::OtherDriver {
            theirs: Driver::Qemu.name(),
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_keeps_its_driver_unless_another_is_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        let of = |asked| Driver::of(dir.path(), asked).unwrap();
        assert_eq!(of(None), Driver::Simulator);
        Driver::Qemu.keep(dir.path()).unwrap();
        assert_eq!(of(None), Driver::Qemu);
        assert_eq!(of(Some(Driver::Simulator)), Driver::Simulator);
        std::fs::write(dir.path().join(FILE), "abacus").unwrap();
        assert!(Driver::of(dir.path(), None).is_err());
    }
}
