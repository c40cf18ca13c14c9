//! `cargo xtask fixtures`: the documented samples as valid JSON, and exchanges
//! recorded from the service.

mod exchanges;
mod repair;

use std::error::Error;
use std::fs;

use crate::generated::{Generated, workspace};

/// Makes all fixtures.
pub(crate) fn generate() -> Result<Generated, Box<dyn Error>> {
    let mut files = Generated::default();
    documented(&mut files)?;
    exchanges::record(&mut files)?;
    Ok(files)
}

/// Repairs each published body (`*-body.txt`) into a `.json` beside it.
fn documented(files: &mut Generated) -> Result<(), Box<dyn Error>> {
    let folder = workspace().join("tests/fixtures/documented");
    files.own(&folder, ".json");
    let mut bodies = 0;
    let entries = fs::read_dir(&folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = entries.collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    for path in paths {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if !name.ends_with("-body.txt") {
            continue;
        }
        bodies += 1;
        let published = fs::read_to_string(&path)?;
        let repaired = repair::repair(&published).map_err(|error| format!("{name}: {error}"))?;
        for repair in &repaired.repairs {
            files.note(format!("{name}: {repair}"));
        }
        if repaired.repairs.is_empty() {
            files.note(format!("{name}: valid as published"));
        }
        files.add(path.with_extension("json"), repaired.text);
    }
    if bodies == 0 {
        return Err(format!("there are no samples in {}", folder.display()).into());
    }
    Ok(())
}
