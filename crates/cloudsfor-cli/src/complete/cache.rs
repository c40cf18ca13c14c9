//! What the cloud answered last, kept for the next Tab.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use etcetera::BaseStrategy;

use super::things::{Item, Kind};
use crate::args::Global;
use crate::settings::Environment;

/// How long an answer is as good as a new one.
const FRESH: Duration = Duration::from_secs(15);

/// The largest file that is read, in bytes.
const READ_AT_MOST: u64 = 16 << 20;

/// The answer of one cloud about one kind of thing.
pub(super) struct Cache {
    file: PathBuf,
}

impl Cache {
    /// The place for it, in the user's directory for caches.
    pub(super) fn of(kind: Kind, global: &Global, environment: &Environment) -> Option<Self> {
        let dir = etcetera::choose_base_strategy().ok()?.cache_dir();
        let cloud = format!("{:016x}", fnv(&cloud(global, environment)));
        let file = dir.join("cloudsfor").join("completion").join(cloud);
        Some(Self {
            file: file.join(format!("{}.json", kind.name())),
        })
    }

    /// What is kept, if it is new enough.
    pub(super) fn fresh(&self) -> Option<Vec<Item>> {
        let modified = fs::metadata(&self.file).ok()?.modified().ok()?;
        let age = SystemTime::now().duration_since(modified).ok()?;
        if age < FRESH { self.old() } else { None }
    }

    /// What is kept, however old.
    pub(super) fn old(&self) -> Option<Vec<Item>> {
        if fs::metadata(&self.file).ok()?.len() > READ_AT_MOST {
            return None;
        }
        serde_json::from_slice(&fs::read(&self.file).ok()?).ok()
    }

    /// Keeps it. That it can't be kept is no reason to fail.
    pub(super) fn keep(&self, items: &[Item]) {
        let _ = self.write(items);
    }

    fn write(&self, items: &[Item]) -> std::io::Result<()> {
        let dir = self.file.parent().unwrap_or(Path::new("."));
        make_private(dir)?;
        // Written aside and moved, so that another Tab never reads half of it.
        let aside = self
            .file
            .with_extension(format!("{}.new", std::process::id()));
        fs::write(&aside, serde_json::to_vec(items)?)?;
        fs::rename(aside, &self.file)
    }
}

/// Makes a directory that its owner alone can read: names may be private.
fn make_private(dir: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// Which cloud it is, and as whom, without a secret.
fn cloud(global: &Global, environment: &Environment) -> String {
    let variables = &environment.variables;
    format!(
        "{:?}",
        (
            global.local,
            environment.asked_profile(global),
            &global.data_dir.as_ref().or(environment.data_dir.as_ref()),
            global.endpoint.as_ref().or(variables.endpoint.as_ref()),
            global.email.as_ref().or(variables.email.as_ref()),
            // The profile in use may change.
            environment
                .config()
                .ok()
                .and_then(|c| c.in_use().ok().map(str::to_owned)),
        )
    )
}

/// The FNV-1a hash: a short name that is the same in every process.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_fresh_then_old() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache {
            file: dir.path().join("new").join("vm.json"),
        };
        assert_eq!((cache.fresh(), cache.old()), (None, None));
        let items = vec![Item::name("web")];
        cache.keep(&items);
        assert_eq!(cache.fresh(), Some(items.clone()));
        let before = SystemTime::now() - FRESH * 2;
        fs::File::options()
            .write(true)
            .open(&cache.file)
            .unwrap()
            .set_modified(before)
            .unwrap();
        assert_eq!((cache.fresh(), cache.old()), (None, Some(items)));
        fs::write(&cache.file, "damaged").unwrap();
        assert_eq!(cache.old(), None);
    }
}
