//! Headers by hand; what `qemu-img` makes is tried in the tests of real VMs.

use std::io::Write;

use proptest::prelude::*;

use super::*;

fn examined(bytes: &[u8]) -> Result<Format, String> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    examine(&file, "disk.img").unwrap()
}

#[track_caller]
fn refused(bytes: &[u8], why: &str) {
    let said = examined(bytes).unwrap_err();
    assert!(said.contains(why), "{said}");
}

fn with(length: usize, parts: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0; length];
    for (at, part) in parts {
        bytes[*at..at + part.len()].copy_from_slice(part);
    }
    bytes
}

/// A VMDK with this description in it.
fn vmdk(description: &str) -> Vec<u8> {
    let header: [(usize, &[u8]); 5] = [
        (0, b"KDMV\x01"),
        (12, b"\x08"),
        (28, b"\x01"),
        (36, b"\x14"),
        (512, description.as_bytes()),
    ];
    with(64 << 10, &header)
}

const WHOLE_VMDK: &str = "# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\n\
    createType=\"monolithicSparse\"\nRW 8 SPARSE \"a.vmdk\"\n";

#[test]
fn a_vmdk_is_accepted_only_if_all_of_it_is_in_one_file() {
    assert_eq!(examined(&vmdk(WHOLE_VMDK)), Ok(Format::Vmdk));
    let text = "# Disk DescriptorFile\nversion=1\ncreateType=\"monolithicFlat\"\n\
                RW 8 FLAT \"/etc/shadow\" 0\n";
    refused(text.as_bytes(), "refers to another file");
    refused(format!("\n \r\n#c\nversion=1\n{text}").as_bytes(), "refers");
    // A header of no capacity makes QEMU read the description alone.
    let mut mere = vmdk(text);
    mere[12] = 0;
    refused(&mere, "refers to another file");
    for (from, to) in [
        ("monolithicSparse", "monolithicFlat"),
        ("SPARSE \"a.vmdk\"", "FLAT \"/etc/shadow\" 0"),
        (
            "RW 8 SPARSE \"a.vmdk\"\n",
            "RW 8 SPARSE \"a\"\n RW 8 FLAT \"/b\" 0\n",
        ),
        ("parentCID=ffffffff", "parentCID=12345678"),
        ("CID=1", "parentFileNameHint=\"/etc/shadow\""),
    ] {
        refused(
            &vmdk(&WHOLE_VMDK.replace(from, to)),
            "refers to another file",
        );
    }
    refused(b"COWD\0\0\0\0", "refers to another file");
}

#[test]
fn a_qcow2_is_accepted_only_without_other_files_and_encryption() {
    let header: [(usize, &[u8]); 3] = [(0, b"QFI\xfb\0\0\0\x03"), (100, b"\0\0\0\x68"), (0, b"")];
    let header = with(1024, &header);
    assert_eq!(examined(&header), Ok(Format::Qcow2));
    let changed = |at: usize, byte| {
        let mut header = header.clone();
        header[at] = byte;
        header
    };
    refused(&changed(15, 1), "backing file");
    refused(&changed(79, 1 << 2), "file of its own");
    refused(&changed(35, 2), "encrypted");
    refused(&changed(7, 4), "version 4");
    refused(&changed(7, 1), "format qcow");
    // One that only names the file, behind another extension.
    let mut named = header;
    named[104..112].copy_from_slice(b"\x68\x03\xf8\x57\0\0\0\x01");
    named[120..128].copy_from_slice(b"\x44\x41\x54\x41\0\0\0\x04");
    refused(&named, "file of its own");
}

#[test]
fn differences_to_other_disks_are_refused() {
    let vdi = |kind: u8, more: &[(usize, &[u8])]| {
        let header = [(0x40, b"\x7f\x10\xda\xbe".as_slice()), (0x4c, &[kind])];
        with(1024, &[&header, more].concat())
    };
    assert_eq!(examined(&vdi(1, &[])), Ok(Format::Vdi));
    assert_eq!(examined(&vdi(2, &[])), Ok(Format::Vdi));
    refused(&vdi(4, &[]), "another VDI");
    refused(&vdi(1, &[(0x1b8, b"\x01")]), "another VDI");
    refused(&vdi(1, &[(0x1b0, b"\x01")]), "another VDI");
    let long: [(usize, &[u8]); 2] = [(0x179, b"\x10"), (0x184, b"\x09")];
    refused(&vdi(1, &long), "a part of it is missing");

    let vhd = |first: &[u8], last: &[u8]| {
        with(
            1536,
            &[(0, first), (1024, last), (63, &first[..first.len().min(1)])],
        )
    };
    let footer = |kind: u8| {
        let parts: [(usize, &[u8]); 2] = [(0, b"conectix"), (63, &[kind])];
        with(512, &parts)
    };
    assert_eq!(
        examined(&[vec![0; 512], footer(2)].concat()),
        Ok(Format::Vhd)
    );
    assert_eq!(examined(&[footer(3), footer(3)].concat()), Ok(Format::Vhd));
    refused(&[footer(4), footer(4)].concat(), "another VHD");
    refused(&[footer(3), footer(4)].concat(), "another VHD");
    refused(&vhd(b"conectix", b""), "a part of it is missing");
    refused(b"vhdxfile", "without metadata");
}

#[test]
fn what_is_no_disk_is_refused_with_what_it_is() {
    refused(b"", "empty");
    refused(b"<html>not found</html>\n", "a text");
    refused(&[1, 2, 3], "whole sectors");
    refused(b"\x1f\x8b\x08\0", "gzip -dc disk.img");
    refused(b"QED\0", "format qed");
    refused(
        &[vec![0; 1024], with(512, &[(0, b"koly")])].concat(),
        "format dmg",
    );
    assert_eq!(examined(&vec![0; 1024]), Ok(Format::Raw));
    // A disk's first sector may begin with anything, if it boots.
    assert_eq!(
        examined(&with(512, &[(0, b"BZh"), (510, b"\x55\xaa")])),
        Ok(Format::Raw)
    );
}

proptest! {
    /// Whatever is in a file, it is judged, and a description of other files is refused.
    #[test]
    fn any_bytes_are_judged(
        magic in prop::sample::select(vec![
            &b"QFI\xfb"[..], b"KDMV", b"vhdxfile", b"conectix", b"\x7f\x10\xda\xbe", b"", b"#",
        ]),
        rest in prop::collection::vec(any::<u8>(), 0..2000),
    ) {
        let judged = examined(&[magic, &rest].concat());
        prop_assert!(judged.is_ok() || !judged.unwrap_err().is_empty());
    }

    #[test]
    fn a_description_is_never_a_disk(
        before in "(#[ -~]{0,20}\n|[ \t]*\n){0,5}",
        after in "[ -~\n]{0,200}",
    ) {
        let text = format!("{before}version=1\n{after}");
        prop_assert!(examined(text.as_bytes()).is_err());
    }
}
