//! VHD, which QEMU calls vpc: its last sector says what it is, and one that grows has a copy
//! of that as its first.

use super::{Contents, PARTIAL, number};

const MARK: &[u8] = b"conectix";

/// Where a footer says of which kind the disk is.
const KIND: usize = 60;

const FIXED: u64 = 2;
const DYNAMIC: u64 = 3;

pub(super) fn is_one(contents: &Contents<'_>) -> bool {
    contents.begins_with(MARK) || contents.tail.starts_with(MARK)
}

pub(super) fn check(contents: &Contents<'_>) -> Result<(), String> {
    if !contents.tail.starts_with(MARK) {
        return Err(
            "a part of it is missing: its end is not that of a VHD. Download it again".into(),
        );
    }
    let kind = number(&contents.tail, KIND, 4, true);
    let is_whole = match contents.begins_with(MARK) {
        true => kind == DYNAMIC && contents.be(KIND, 4) == DYNAMIC,
        false => kind == FIXED,
    };
    if is_whole {
        return Ok(());
    }
    Err(format!(
        "{PARTIAL}. It is a VHD of the kind {kind}, such as the difference to another VHD"
    ))
}
