//! VHDX: among its metadata is whether it has a parent. The places are by Microsoft's
//! specification ([MS-VHDX], 2.2.3 and 2.6).

use std::io;

use super::{Contents, PARTIAL, number};

/// The two copies of the table of regions.
const REGION_TABLES: [u64; 2] = [192 << 10, 256 << 10];

/// No table has more entries.
const ENTRIES_MAX: u64 = 2047;

/// The region of metadata, and two of its items, as they are on the disk.
const METADATA: [u8; 16] = guid(0x8b7c_a206, 0x4790, 0x4b9a, 0xb8fe_575f_050f_886e);
const FILE_PARAMETERS: [u8; 16] = guid(0xcaa1_6737, 0xfa36, 0x4d43, 0xb3b6_33f0_aa44_e76b);
const PARENT_LOCATOR: [u8; 16] = guid(0xa8d3_5f2d, 0xb30b, 0x454d, 0xabf7_d3d8_4834_ab0c);

const HAS_PARENT: u64 = 1 << 1;

const fn guid(a: u32, b: u16, c: u16, d: u64) -> [u8; 16] {
    let ([a0, a1, a2, a3], [b0, b1]) = (a.to_le_bytes(), b.to_le_bytes());
    let ([c0, c1], [d0, d1, d2, d3, d4, d5, d6, d7]) = (c.to_le_bytes(), d.to_be_bytes());
    [
        a0, a1, a2, a3, b0, b1, c0, c1, d0, d1, d2, d3, d4, d5, d6, d7,
    ]
}

/// Checks both copies, of which QEMU takes the first that it can read.
pub(super) fn check(contents: &Contents<'_>) -> io::Result<Result<(), String>> {
    let mut is_read = false;
    for table in REGION_TABLES {
        let Some(metadata) = metadata(contents, table)? else {
            continue;
        };
        is_read = true;
        if has_parent(contents, metadata)? {
            let why = format!("{PARTIAL}. It is the difference to another VHDX");
            return Ok(Err(why));
        }
    }
    Ok(match is_read {
        true => Ok(()),
        false => Err("it is a VHDX without metadata: a part of it is missing".into()),
    })
}

/// Where the region of metadata is, by a table of regions.
fn metadata(contents: &Contents<'_>, table: u64) -> io::Result<Option<u64>> {
    let head = contents.bytes(table, 16)?;
    if !head.starts_with(b"regi") {
        return Ok(None);
    }
    let entries = number(&head, 8, 4, false).min(ENTRIES_MAX);
    let entries = contents.bytes(table + 16, entries as usize * 32)?;
    let mut entries = entries.chunks_exact(32);
    let found = entries.find(|entry| entry.starts_with(&METADATA));
    Ok(found.map(|entry| number(entry, 16, 8, false)))
}

fn has_parent(contents: &Contents<'_>, metadata: u64) -> io::Result<bool> {
    let head = contents.bytes(metadata, 32)?;
    if !head.starts_with(b"metadata") {
        return Ok(false);
    }
    let entries = number(&head, 10, 2, false).min(ENTRIES_MAX);
    let entries = contents.bytes(metadata.saturating_add(32), entries as usize * 32)?;
    for entry in entries.chunks_exact(32) {
        if entry.starts_with(&PARENT_LOCATOR) {
            return Ok(true);
        }
        if entry.starts_with(&FILE_PARAMETERS) {
            let at = metadata.saturating_add(number(entry, 16, 4, false));
            let parameters = contents.bytes(at, 8)?;
            if number(&parameters, 4, 4, false) & HAS_PARENT != 0 {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
