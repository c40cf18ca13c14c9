//! Files that are made by a program and checked in.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use similar::TextDiff;

/// Whether to write files or only to compare them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Write what differs, and remove what should not be there.
    Write,
    /// Write nothing; any difference is an error.
    Check,
}

/// What should be in some folders.
#[derive(Debug, Default)]
pub(crate) struct Generated {
    /// Folders in which every file with the ending is one of ours.
    owned: Vec<(PathBuf, &'static str)>,
    files: BTreeMap<PathBuf, String>,
    notes: Vec<String>,
}

impl Generated {
    /// Declares that every file in `folder` that ends in `ending` is made here.
    pub(crate) fn own(&mut self, folder: &Path, ending: &'static str) {
        self.owned.push((folder.to_owned(), ending));
    }

    /// Adds a file.
    pub(crate) fn add(&mut self, path: PathBuf, text: String) {
        self.files.insert(path, text);
    }

    /// Adds a line to the report.
    pub(crate) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// Writes or compares; says what was done, or what differs.
    pub(crate) fn apply(self, mode: Mode) -> Result<String, Box<dyn Error>> {
        let mut differences = String::new();
        let mut changed = 0;
        for (path, text) in &self.files {
            let present = fs::read_to_string(path).unwrap_or_default();
            if present == *text && path.exists() {
                continue;
            }
            changed += 1;
            let name = path.display().to_string();
            let diff = TextDiff::from_lines(&present, text);
            write!(
                differences,
                "{}",
                diff.unified_diff().header(&name, "as it should be")
            )?;
            if mode == Mode::Write {
                if let Some(folder) = path.parent() {
                    fs::create_dir_all(folder)?;
                }
                fs::write(path, text)?;
            }
        }
        for path in self.strays()? {
            changed += 1;
            writeln!(differences, "{} should not be there", path.display())?;
            if mode == Mode::Write {
                fs::remove_file(path)?;
            }
        }
        let mut report = self.notes.join("\n");
        write!(report, "\n{} files, {changed} differ", self.files.len())?;
        if mode == Mode::Check && changed > 0 {
            return Err(format!(
                "{differences}{changed} files differ: run the same command without --check, \
                 look at what changes, and check it in"
            )
            .into());
        }
        Ok(report)
    }

    fn strays(&self) -> Result<Vec<PathBuf>, Box<dyn Error>> {
        let mut strays = Vec::new();
        for (folder, ending) in &self.owned {
            if !folder.exists() {
                continue;
            }
            for entry in fs::read_dir(folder)? {
                let path = entry?.path();
                let ours = path.to_string_lossy().ends_with(ending);
                if ours && !self.files.contains_key(&path) {
                    strays.push(path);
                }
            }
        }
        Ok(strays)
    }
}

/// The workspace's top folder.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_fails_on_what_differs_is_missing_or_is_too_much() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.json");
        let files = || {
            let mut files = Generated::default();
            files.own(dir.path(), ".json");
            files.add(path.clone(), "new\n".into());
            files
        };
        assert!(files().apply(Mode::Check).is_err());
        files().apply(Mode::Write).unwrap();
        files().apply(Mode::Check).unwrap();

        fs::write(&path, "old\n").unwrap();
        let difference = files().apply(Mode::Check).unwrap_err().to_string();
        assert!(
            difference.contains("-old") && difference.contains("+new"),
            "{difference}"
        );
        files().apply(Mode::Write).unwrap();

        fs::write(dir.path().join("b.json"), "").unwrap();
        assert!(files().apply(Mode::Check).is_err());
        files().apply(Mode::Write).unwrap();
        files().apply(Mode::Check).unwrap();
    }
}
