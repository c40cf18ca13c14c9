//! Which public images can be had, and from where: data that an operator can
//! replace.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The list that comes with the program.
const SHIPPED: &str = include_str!("index.toml");

/// The operator's own, in the data directory.
const OWN: &str = "images.toml";

/// An image that can be had.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its identifier.
    pub name: String,
    /// For people.
    pub description: String,
    /// Where it is.
    pub url: String,
    /// Its SHA-256 or SHA-512, in hex.
    pub checksum: Option<String>,
    /// Where the publisher lists checksums, if it isn't fixed.
    pub checksums: Option<String>,
    /// Whether whoever wrote the entry has tried it.
    #[serde(default)]
    pub verified: bool,
}

/// Why the operator's list can't be used.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// It can't be read.
    #[error("{file}: {source}")]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no list of images.
    #[error("{file} is no list of images: {why}")]
    Form {
        /// The file.
        file: PathBuf,
        /// Why.
        why: String,
    },
}

/// The images that can be had.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    #[serde(rename = "image")]
    entries: Vec<Entry>,
}

impl Index {
    /// The operator's list in this data directory, if there is one, and the one
    /// that comes with the program.
    ///
    /// # Errors
    /// If the operator's can't be used.
    pub fn of(data_dir: &Path) -> Result<Self, IndexError> {
        let shipped = toml::from_str::<Self>(SHIPPED).expect("the shipped list is one");
        let file = data_dir.join(OWN);
        let own = match std::fs::read_to_string(&file) {
            Ok(text) => toml::from_str::<Self>(&text).map_err(|error| IndexError::Form {
                file,
                why: error.to_string(),
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(shipped),
            Err(source) => return Err(IndexError::File { file, source }),
        };
        let mut entries = own.entries;
        entries.extend(shipped.entries);
        Ok(Self { entries })
    }

    /// All entries, the operator's first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The first entry of this name.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }
}

/// The checksum of a file in a publisher's list: lines of `sum  file`, or of
/// `SHA256 (file) = sum`.
pub fn listed_checksum(list: &str, file: &str) -> Option<String> {
    let sums = list.lines().filter_map(|line| {
        if let Some((before, sum)) = line.split_once(" = ") {
            let (_, name) = before.split_once(" (")?;
            return (name.strip_suffix(')')? == file).then_some(sum);
        }
        let (sum, name) = line.split_once(char::is_whitespace)?;
        (name.trim_start().trim_start_matches('*') == file).then_some(sum)
    });
    let is_sum = |sum: &&str| {
        [64, 128].contains(&sum.len()) && sum.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    sums.map(str::trim).find(is_sum).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operators_entries_come_first() {
        let dir = tempfile::tempdir().unwrap();
        let shipped = Index::of(dir.path()).unwrap();
        assert!(shipped.get("debian-13").unwrap().checksums.is_some());
        let own = "[[image]]\nname = \"debian-13\"\ndescription = \"Ours\"\n\
                   url = \"https://mirror.example.com/d.qcow2\"\n";
        std::fs::write(dir.path().join(OWN), own).unwrap();
        let index = Index::of(dir.path()).unwrap();
        assert_eq!(index.get("debian-13").unwrap().description, "Ours");
        assert_eq!(index.entries().len(), shipped.entries().len() + 1);
        std::fs::write(dir.path().join(OWN), "[[image]]\nnmae = \"x\"").unwrap();
        assert!(Index::of(dir.path()).is_err());
    }

    #[test]
    fn every_shipped_image_has_its_checksum_looked_up_or_fixed() {
        let dir = tempfile::tempdir().unwrap();
        for entry in Index::of(dir.path()).unwrap().entries() {
            assert!(entry.url.starts_with("https://"), "{entry:?}");
            let sums = entry.checksums.as_deref().unwrap_or("https://");
            assert!(sums.starts_with("https://"), "{entry:?}");
            assert!(entry.checksum.is_some() || entry.checksums.is_some());
        }
    }

    #[test]
    fn checksums_are_found_in_both_forms_of_lists() {
        let (a, b) = ("a".repeat(64), "b".repeat(128));
        let list = format!(
            "# comment\n{a} *one.img\n{b}  two.img\nSHA256 (three.img) = {a}\nshort  four.img\n"
        );
        let found = |file| listed_checksum(&list, file);
        assert_eq!(found("one.img"), Some(a.clone()));
        assert_eq!(found("two.img"), Some(b));
        assert_eq!(found("three.img"), Some(a));
        assert_eq!(found("four.img"), None);
        assert_eq!(found("img"), None);
    }
}
