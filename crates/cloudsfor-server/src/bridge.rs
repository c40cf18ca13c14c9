//! A bridge of this host that real VMs' public interfaces are on, with addresses of its
//! network that are the service's to give.
//!
//! It is the operator's choice, in the data directory's `bridge.toml`. New VMs are on it,
//! each of which keeps what the file said when it was made: so its addresses are always
//! those that it is told to have, whatever the file says later.

use std::io;
use std::net::Ipv4Addr;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Where a data directory says which bridge it is.
const FILE: &str = "bridge.toml";

/// The longest name of an interface that Linux takes.
const NAME_MAX: usize = 15;

/// Of which private networks are.
const PRIVATE: (Ipv4Addr, u8) = (Ipv4Addr::new(10, 0, 0, 0), 8);

/// A bridge, and what VMs on it are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bridge {
    /// Its name on the host.
    pub name: String,
    /// The first address that VMs get.
    pub first: Ipv4Addr,
    /// The last one.
    pub last: Ipv4Addr,
    /// How many bits of an address are the network's.
    pub prefix: u8,
    /// What leads out of the network.
    pub gateway: Ipv4Addr,
    /// What VMs ask for names.
    #[serde(default)]
    pub name_servers: Vec<Ipv4Addr>,
}

/// Why the operator's bridge can't be used.
#[derive(Debug, thiserror::Error)]
pub enum BridgeError {
    /// The file can't be read.
    #[error("{file}: {source}")]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What it says can't be.
    #[error("{file} describes no bridge for VMs: {why}")]
    Form {
        /// The file.
        file: PathBuf,
        /// Why.
        why: String,
    },
}

impl Bridge {
    /// The bridge of a data directory, if it has one.
    ///
    /// # Errors
    /// If its file can't be read, or what it says can't be.
    pub fn of(data_dir: &Path) -> Result<Option<Self>, BridgeError> {
        let file = data_dir.join(FILE);
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(BridgeError::File { file, source }),
        };
        match Self::parse(&text) {
            Ok(bridge) => Ok(Some(bridge)),
            Err(why) => Err(BridgeError::Form { file, why }),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let bridge: Self = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        bridge.check().map(|()| bridge)
    }

    fn check(&self) -> Result<(), String> {
        let Self { name, prefix, .. } = self;
        let may_be_in_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.is_empty()
            || name.len() > NAME_MAX
            || name.starts_with('.')
            || !name.chars().all(may_be_in_name)
        {
            return Err(format!("{name:?} is no name of an interface"));
        }
        if !(1..=30).contains(prefix) {
            return Err(format!("the prefix must be 1 to 30 bits, not {prefix}"));
        }
        let (first, last, gateway) = (self.first, self.last, self.gateway);
        if first > last {
            return Err(format!(
                "the first address, {first}, is after the last, {last}"
            ));
        }
        let network = self.network();
        let broadcast = network | !u32::from(self.netmask());
        for address in [first, last, gateway] {
            let is_of_a_host = (network + 1..broadcast).contains(&u32::from(address));
            if !is_of_a_host {
                let network = Ipv4Addr::from(network);
                return Err(format!(
                    "{address} is no host's address in {network}/{prefix}"
                ));
            }
        }
        if (first..=last).contains(&gateway) {
            return Err(format!(
                "the gateway, {gateway}, is among the VMs' addresses, {first} to {last}"
            ));
        }
        let (private, bits) = PRIVATE;
        if *prefix <= bits && self.overlaps(private, bits) {
            return Err(format!(
                "all of {private}/{bits} is in its network, and private networks are of that"
            ));
        }
        Ok(())
    }

    /// The addresses that VMs get, as numbers.
    pub fn hosts(&self) -> Range<u32> {
        self.first.into()..u32::from(self.last) + 1
    }

    /// The network's mask.
    pub fn netmask(&self) -> Ipv4Addr {
        mask(self.prefix)
    }

    fn network(&self) -> u32 {
        u32::from(self.first & self.netmask())
    }

    /// Whether the network has addresses of another one.
    pub fn overlaps(&self, other: Ipv4Addr, prefix: u8) -> bool {
        let mask = mask(self.prefix.min(prefix));
        self.first & mask == other & mask
    }
}

fn mask(prefix: u8) -> Ipv4Addr {
    Ipv4Addr::from(!(u32::MAX >> prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\
        name = \"br0\"\n\
        first = \"192.0.2.100\"\n\
        last = \"192.0.2.199\"\n\
        prefix = 24\n\
        gateway = \"192.0.2.1\"\n";

    #[test]
    fn a_bridge_is_what_its_file_says() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Bridge::of(dir.path()).unwrap(), None);
        std::fs::write(dir.path().join(FILE), GOOD).unwrap();
        let bridge = Bridge::of(dir.path()).unwrap().unwrap();
        assert_eq!(bridge.hosts().len(), 100);
        assert_eq!(bridge.netmask(), Ipv4Addr::new(255, 255, 255, 0));
        assert!(bridge.overlaps([192, 0, 0, 0].into(), 16));
        assert!(!bridge.overlaps([192, 0, 3, 0].into(), 24));
        std::fs::write(dir.path().join(FILE), "name = 1").unwrap();
        let error = Bridge::of(dir.path()).unwrap_err().to_string();
        assert!(error.contains(FILE), "{error}");
    }

    #[test]
    fn what_can_not_be_is_refused() {
        let wrong = [
            ("br0", "../br0", "no name of an interface"),
            ("br0", "a-name-that-is-long", "no name of an interface"),
            ("= 24", "= 31", "1 to 30"),
            ("= 24", "= 0", "1 to 30"),
            ("2.100", "2.200", "after the last"),
            ("2.199", "2.255", "192.0.2.255 is no host's address"),
            ("2.100", "2.0", "192.0.2.0 is no host's address"),
            ("2.199", "3.199", "192.0.3.199 is no host's address"),
            ("2.1\"", "3.1\"", "192.0.3.1 is no host's address"),
            ("2.1\"", "2.150\"", "is among the VMs' addresses"),
            ("prefix", "bits", "unknown field"),
        ];
        assert!(Bridge::parse(GOOD).is_ok());
        for (good, bad, why) in wrong {
            let error = Bridge::parse(&GOOD.replacen(good, bad, 1)).unwrap_err();
            assert!(error.contains(why), "{bad}: {error}");
        }
        let ten = GOOD.replace("192.0.2", "10.0.0");
        assert!(Bridge::parse(&ten).is_ok());
        let error = Bridge::parse(&ten.replace("= 24", "= 8")).unwrap_err();
        assert!(error.contains("private networks"), "{error}");
    }
}
