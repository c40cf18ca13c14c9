//! VMDK: a description in text that names extents, which may be in the same file.
//!
//! Two kinds have all in one file, `monolithicSparse` and `streamOptimized`. QEMU reads the
//! description of such a file at its second sector, and takes the file for a mere
//! description if its header has no capacity.

use super::{Contents, PARTIAL, SECTOR};

/// QEMU reads no longer descriptions.
const DESCRIPTION_MAX: u64 = 20 * SECTOR;

/// The kinds that have all in one file.
const WHOLE: [&str; 2] = ["monolithicSparse", "streamOptimized"];

/// The parent of an image that has none.
const NO_PARENT: &str = "ffffffff";

/// Whether the bytes are those of a mere description, by QEMU's own rule: after comments
/// and blank lines, it says its version.
pub(super) fn is_text(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let mut lines = text
        .trim_start_matches('\u{feff}')
        .lines()
        .map(str::trim_start);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
    let is_said = |word: &str| {
        let text = text.to_ascii_lowercase();
        text.trim_start().starts_with('#') && text.contains(word)
    };
    first.is_some_and(|line| line.to_ascii_lowercase().starts_with("version="))
        || is_said("disk descriptorfile")
}

/// Checks a file that begins as one with sparse extents.
pub(super) fn check(contents: &Contents<'_>) -> Result<(), String> {
    if contents.le(12, 8) == 0 {
        return Err(format!(
            "{PARTIAL}. It is a VMDK that only describes others"
        ));
    }
    // In sectors. No program writes the description elsewhere than QEMU reads it.
    let (offset, length) = (contents.le(28, 8), contents.le(36, 8));
    if offset != 1 || length == 0 {
        return Err(format!(
            "{PARTIAL}. It is a VMDK without a description of its own, as parts of a VMDK in \
             several files are"
        ));
    }
    let length = length.saturating_mul(SECTOR).min(DESCRIPTION_MAX);
    let (start, end) = (SECTOR as usize, (SECTOR + length) as usize);
    let description = contents.head.get(start..end).unwrap_or_default();
    let description = String::from_utf8_lossy(description);
    described(description.split('\0').next().unwrap_or_default())
}

fn described(text: &str) -> Result<(), String> {
    let value = |name: &str| {
        let values = text.lines().filter_map(|line| {
            let (found, value) = line.split_once('=')?;
            let is_it = found.trim().eq_ignore_ascii_case(name);
            is_it.then(|| value.trim().trim_matches('"'))
        });
        values.collect::<Vec<_>>()
    };
    match value("createType")[..] {
        [kind] if WHOLE.contains(&kind) => {}
        [kind] => {
            return Err(format!(
                "{PARTIAL}. It is a VMDK of the kind {kind:?}, and only {} have all in one file",
                WHOLE.join(" and ")
            ));
        }
        _ => return Err("it is a VMDK that doesn't say of which kind it is".into()),
    }
    let has_parent = value("parentCID")
        .iter()
        .any(|parent| !parent.eq_ignore_ascii_case(NO_PARENT));
    if has_parent || text.to_ascii_lowercase().contains("parentfilenamehint") {
        return Err(format!("{PARTIAL}. It is the difference to another VMDK"));
    }
    let mut extents = text.lines().map(str::trim_start).filter(|line| {
        let access = line.split_whitespace().next().unwrap_or_default();
        ["RW", "RDONLY", "NOACCESS"].contains(&access)
    });
    let is_own = |line: &str| line.split_whitespace().nth(2) == Some("SPARSE");
    if !extents.next().is_some_and(is_own) || extents.next().is_some() {
        return Err(format!(
            "{PARTIAL}. It is a VMDK with more than its own extent"
        ));
    }
    Ok(())
}
