//! What a file is that is to become an image, told from its own bytes.
//!
//! `qemu-img` finds out the format of a file by itself, and some formats name other files,
//! which it then opens: any file of this host could become part of an image. So the
//! format is determined here, from an allow-list, and a file that refers to another one is
//! refused before `qemu-img` sees it. `qemu-img` is then told the format, and gets the
//! file as an open one, not by its name: what was examined is what is converted.
//!
//! `Images::install` is the only caller; `image import` and `image pull` both go through it.

mod convert;
mod packed;
mod vhd;
mod vhdx;
mod vmdk;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

pub(super) use convert::Examined;
use packed::packing;

/// The bytes of the beginning that are looked at: all headers that are not at the end.
const HEAD: usize = 64 << 10;

/// A sector, the unit of all disks here.
const SECTOR: u64 = 512;

/// How a refusal begins of a file that is only a part of a disk.
const PARTIAL: &str = "it refers to another file, and an image must be one file that stands alone";

/// A format that is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Qcow2,
    Raw,
    Vdi,
    Vhd,
    Vhdx,
    Vmdk,
}

impl Format {
    /// What QEMU calls it.
    pub(super) fn driver(self) -> &'static str {
        match self {
            Self::Qcow2 => "qcow2",
            Self::Raw => "raw",
            Self::Vdi => "vdi",
            Self::Vhd => "vpc",
            Self::Vhdx => "vhdx",
            Self::Vmdk => "vmdk",
        }
    }

    /// Whether an image of it can have a backing file.
    pub(super) fn has_backing(self) -> bool {
        matches!(self, Self::Qcow2 | Self::Vmdk)
    }
}

/// The parts of a file that say what it is.
pub(super) struct Contents<'a> {
    file: &'a File,
    length: u64,
    head: Vec<u8>,
    /// The last sector.
    tail: Vec<u8>,
}

impl<'a> Contents<'a> {
    pub(super) fn read(file: &'a File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        let mut contents = Self {
            file,
            length,
            head: Vec::new(),
            tail: Vec::new(),
        };
        contents.head = contents.bytes(0, HEAD)?;
        contents.tail = contents.bytes(length.saturating_sub(SECTOR), SECTOR as usize)?;
        Ok(contents)
    }

    /// Up to `length` bytes at an offset: fewer, if the file ends before.
    fn bytes(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        let mut have = 0;
        while have < length {
            match self
                .file
                .read_at(&mut bytes[have..], offset + have as u64)?
            {
                0 => break,
                read => have += read,
            }
        }
        bytes.truncate(have);
        Ok(bytes)
    }

    fn begins_with(&self, magic: &[u8]) -> bool {
        self.head.starts_with(magic)
    }

    /// A number in the head, the highest byte first; 0 behind the end.
    fn be(&self, offset: usize, bytes: usize) -> u64 {
        number(&self.head, offset, bytes, true)
    }

    /// A number in the head, the lowest byte first; 0 behind the end.
    fn le(&self, offset: usize, bytes: usize) -> u64 {
        number(&self.head, offset, bytes, false)
    }
}

fn number(bytes: &[u8], offset: usize, length: usize, highest_first: bool) -> u64 {
    let bytes = bytes.get(offset..offset + length).unwrap_or_default();
    let join = |all: u64, byte: &u8| all << 8 | u64::from(*byte);
    match highest_first {
        true => bytes.iter().fold(0, join),
        false => bytes.iter().rev().fold(0, join),
    }
}

/// The format of a file, or why it can't be an image; `name` is what its owner calls it.
///
/// # Errors
/// If the file can't be read.
pub(super) fn examine(file: &File, name: &str) -> io::Result<Result<Format, String>> {
    let contents = Contents::read(file)?;
    if contents.length == 0 {
        return Ok(Err("it is empty".into()));
    }
    if let Some(packing) = packing(&contents.head) {
        return Ok(Err(packing.refusal(name)));
    }
    let format = match known(&contents) {
        Some(format) => format,
        None => Ok(Format::Raw),
    };
    let whole = |format| match format {
        Format::Qcow2 => qcow2(&contents),
        Format::Raw => raw(&contents),
        Format::Vdi => vdi(&contents),
        Format::Vhd => vhd::check(&contents),
        Format::Vmdk => vmdk::check(&contents),
        Format::Vhdx => Ok(()),
    };
    let checked = format.and_then(|format| whole(format).map(|()| format));
    if checked == Ok(Format::Vhdx) {
        return Ok(vhdx::check(&contents)?.map(|()| Format::Vhdx));
    }
    Ok(checked)
}

/// The format that a file's bytes name, accepted or not.
fn known(contents: &Contents<'_>) -> Option<Result<Format, String>> {
    const VDI: u64 = 0xbeda_107f;
    let other = |format: &str| Some(Err(not_accepted(format)));
    let qcow_version = contents.be(4, 4);
    match () {
        () if contents.begins_with(b"QFI\xfb") && qcow_version == 1 => other("qcow"),
        () if contents.begins_with(b"QFI\xfb") => Some(Ok(Format::Qcow2)),
        () if contents.begins_with(b"KDMV") => Some(Ok(Format::Vmdk)),
        () if contents.begins_with(b"COWD") => Some(Err(format!("{PARTIAL} (VMDK of ESX)"))),
        () if contents.begins_with(b"vhdxfile") => Some(Ok(Format::Vhdx)),
        () if contents.le(0x40, 4) == VDI => Some(Ok(Format::Vdi)),
        () if vhd::is_one(contents) => Some(Ok(Format::Vhd)),
        () if contents.begins_with(b"QED\0") => other("qed"),
        () if contents.begins_with(b"WithoutFreeSpace") => other("parallels"),
        () if contents.begins_with(b"WithouFreSpacExt") => other("parallels"),
        () if contents.begins_with(b"Bochs Virtual HD Image") => other("bochs"),
        () if contents.begins_with(b"LUKS\xba\xbe") => other("luks"),
        () if contents.begins_with(b"CRYPT") => other("encrypted"),
        () if contents.tail.starts_with(b"koly") => other("dmg"),
        () if vmdk::is_text(&contents.head) => Some(Err(format!(
            "{PARTIAL}. It is the description of a VMDK whose contents are in other files; if \
             it comes from a source that you trust, make one file of it with `qemu-img convert \
             -O qcow2`"
        ))),
        () => None,
    }
}

fn not_accepted(format: &str) -> String {
    format!(
        "it is of the format {format}. Images can be qcow2, raw, vmdk, vdi, vhdx or vhd files; if \
         it comes from a source that you trust, convert it with `qemu-img convert -f {format} -O \
         qcow2`"
    )
}

/// A qcow2 has neither a backing file nor a file of its own for the data, and isn't
/// encrypted.
fn qcow2(contents: &Contents<'_>) -> Result<(), String> {
    const EXTERNAL_DATA_FILE: u64 = 1 << 2;
    let version = contents.be(4, 4);
    if ![2, 3].contains(&version) {
        return Err(format!("it is a qcow of version {version}, not 2 or 3"));
    }
    if contents.be(8, 8) != 0 {
        return Err(format!(
            "{PARTIAL}. It has a backing file; if both come from a source that you trust, make \
             one file of them with `qemu-img convert -O qcow2`"
        ));
    }
    let features = if version == 3 { contents.be(72, 8) } else { 0 };
    if features & EXTERNAL_DATA_FILE != 0 || names_data_file(contents) {
        return Err(format!(
            "{PARTIAL}. Its data is in a file of its own; if both come from a source that you \
             trust, make one file of them with `qemu-img convert -O qcow2`"
        ));
    }
    if contents.be(32, 4) != 0 {
        return Err("it is encrypted, and VMs have no key for it".into());
    }
    Ok(())
}

/// Whether a header extension of a qcow2 names a file for the data.
fn names_data_file(contents: &Contents<'_>) -> bool {
    const DATA_FILE: u64 = 0x4441_5441;
    const OF_VERSION_2: usize = 72;
    let mut at = match contents.be(4, 4) {
        2 => OF_VERSION_2,
        _ => contents.be(100, 4) as usize,
    };
    while at + 8 <= contents.head.len() {
        let (kind, length) = (contents.be(at, 4), contents.be(at + 4, 4) as usize);
        match kind {
            0 => return false,
            DATA_FILE => return true,
            _ => at += 8 + length.next_multiple_of(8),
        }
    }
    false
}

/// A VDI holds all its blocks, and is no difference to another one.
fn vdi(contents: &Contents<'_>) -> Result<(), String> {
    const DYNAMIC: u64 = 1;
    const STATIC: u64 = 2;
    let is_nil = |at| contents.le(at, 8) == 0 && contents.le(at + 8, 8) == 0;
    let (link, parent) = (0x1a8, 0x1b8);
    if ![DYNAMIC, STATIC].contains(&contents.le(0x4c, 4)) || !is_nil(link) || !is_nil(parent) {
        return Err(format!("{PARTIAL}. It is the difference to another VDI"));
    }
    let data = contents.le(0x158, 4);
    let block = contents.le(0x178, 4) + contents.le(0x17c, 4);
    let needed = data.saturating_add(block.saturating_mul(contents.le(0x184, 4)));
    if contents.length < needed {
        return Err(cut_off(contents.length, needed));
    }
    Ok(())
}

/// What a raw disk can't be: a text, or a part of a sector.
fn raw(contents: &Contents<'_>) -> Result<(), String> {
    let sector = &contents.head[..contents.head.len().min(SECTOR as usize)];
    let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    if sector.iter().all(is_text) {
        return Err("it is a text, not a disk. Was a page downloaded instead of the image?".into());
    }
    if !contents.length.is_multiple_of(SECTOR) {
        return Err(format!(
            "it is no image: it has {} bytes, and a disk has whole sectors of {SECTOR} bytes. If \
             it is a raw disk, a part of it is missing: download it again",
            contents.length
        ));
    }
    Ok(())
}

fn cut_off(length: u64, needed: u64) -> String {
    format!(
        "a part of it is missing: it has {length} bytes of at least {needed}. Download it again"
    )
}

#[cfg(test)]
#[path = "image_file/tests.rs"]
mod tests;
