//! Files that hold a disk in a compressed form or in an archive.

/// A form in which disks are sent, and what unpacks it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Packing {
    name: &'static str,
    /// Where the mark is.
    offset: usize,
    mark: &'static [u8],
    /// The command before the file's name.
    unpack: &'static str,
    /// Whether the command writes the disk to its standard output.
    to_output: bool,
}

const fn stream(name: &'static str, mark: &'static [u8], unpack: &'static str) -> Packing {
    Packing {
        name,
        offset: 0,
        mark,
        unpack,
        to_output: true,
    }
}

const fn archive(name: &'static str, mark: &'static [u8], unpack: &'static str) -> Packing {
    Packing {
        name,
        offset: 0,
        mark,
        unpack,
        to_output: false,
    }
}

const PACKINGS: &[Packing] = &[
    stream("gzip", b"\x1f\x8b", "gzip -dc"),
    stream("bzip2", b"BZh", "bzip2 -dc"),
    stream("xz", b"\xfd7zXZ\0", "xz -dc"),
    stream("lzma", b"\x5d\0\0", "xz --format=lzma -dc"),
    stream("zstd", b"\x28\xb5\x2f\xfd", "zstd -dc"),
    stream("lz4", b"\x04\x22\x4d\x18", "lz4 -dc"),
    stream("lzip", b"LZIP", "lzip -dc"),
    stream("lzop", b"\x89LZO\0", "lzop -dc"),
    stream("compress", b"\x1f\x9d", "gzip -dc"),
    archive("zip", b"PK\x03\x04", "unzip"),
    archive("zip", b"PK\x05\x06", "unzip"),
    archive("7z", b"7z\xbc\xaf\x27\x1c", "7z x"),
    archive("rar", b"Rar!\x1a\x07", "unrar x"),
    archive("cab", b"MSCF\0\0\0\0", "cabextract"),
    archive("ar", b"!<arch>\n", "ar x"),
    archive("cpio", b"070701", "cpio -id -F"),
    // OVA files are such archives too.
    Packing {
        name: "tar",
        offset: 257,
        mark: b"ustar",
        unpack: "tar -xf",
        to_output: false,
    },
];

/// How the file that begins so is packed, if it is.
pub(super) fn packing(head: &[u8]) -> Option<&'static Packing> {
    // A disk can begin with any bytes; but one that boots has this mark, and none of these
    // forms has it there but by chance.
    let is_disk = head.get(510..512) == Some(b"\x55\xaa");
    PACKINGS.iter().find(|packing| {
        let at = head.get(packing.offset..);
        at.is_some_and(|at| at.starts_with(packing.mark)) && !(is_disk && packing.mark.len() < 5)
    })
}

impl Packing {
    /// Why a file can't be used that is packed so, with the command that unpacks it.
    pub(super) fn refusal(&self, name: &str) -> String {
        let Self {
            name: form, unpack, ..
        } = self;
        let name = quoted(name);
        let (kind, command) = match self.to_output {
            true => ("compressed", format!("{unpack} {name} >disk.img")),
            false => ("an archive", format!("{unpack} {name}")),
        };
        format!(
            "it is {kind} ({form}), not a disk. Unpack it with `{command}`, and import the disk \
             in it"
        )
    }
}

/// A word of a shell.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%".contains(c);
    if !text.starts_with('-') && !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_that_unpacks_is_said_and_works_with_any_name() {
        let said = |head: &[u8], name| packing(head).unwrap().refusal(name);
        let gzip = said(b"\x1f\x8b\x08", "/tmp/disk.img.gz");
        assert!(
            gzip.contains("`gzip -dc /tmp/disk.img.gz >disk.img`"),
            "{gzip}"
        );
        let zip = said(b"PK\x03\x04", "/tmp/it's one.zip");
        assert!(zip.contains(r"`unzip '/tmp/it'\''s one.zip'`"), "{zip}");
        let mut tar = vec![0; 512];
        tar[257..262].copy_from_slice(b"ustar");
        assert!(said(&tar, "a.ova").contains("`tar -xf a.ova`"));
    }

    #[test]
    fn a_disk_that_boots_is_never_taken_for_a_packed_one() {
        let mut disk = vec![0; 512];
        disk[..3].copy_from_slice(b"BZh");
        assert!(packing(&disk).is_some());
        disk[510..].copy_from_slice(b"\x55\xaa");
        assert_eq!(packing(&disk), None);
    }
}
