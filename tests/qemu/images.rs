//! `serve image import`: every format that `qemu-img` makes, whole, as a part of another
//! image, and cut off.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cloudsfor_tests::binary::{Ended, cloudsfor, run};

use crate::host::{image, said_loudly};

/// What must never get into an image.
const SECRET: &[u8] = b"a secret of this host";

struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        let mut secret = SECRET.to_vec();
        secret.resize(1 << 20, 0);
        fs::write(place.at("secret"), secret).unwrap();
        place
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn img(&self, arguments: &[&str]) {
        let mut command = Command::new("qemu-img");
        run(command.args(arguments).current_dir(self.dir.path())).ok();
    }

    fn import(&self, name: &str, file: &Path) -> Ended {
        let import = ["serve", "image", "import", name];
        let mut command = cloudsfor(&import);
        run(command.arg(file).arg("--data-dir").arg(self.at("data")))
    }

    /// Imports a file that must be refused with these words, and leaves nothing.
    #[track_caller]
    fn refuses(&self, file: &str, why: &str) {
        let refused = self.import("evil", &self.at(file));
        assert_eq!(refused.code, 1, "{file}: {refused:?}");
        assert!(refused.stderr.contains(why), "{file}: {refused:?}");
        let images = fs::read_dir(self.at("data/qemu/images")).unwrap().flatten();
        for left in images {
            let name = left.file_name().to_string_lossy().into_owned();
            assert!(!name.starts_with("evil"), "{file} left {name}");
        }
    }

    /// Imports a disk with known contents, and compares them.
    #[track_caller]
    fn accepts(&self, file: &str, disk: &[u8]) {
        self.import("good", &self.at(file)).ok();
        let image = self.at("data/qemu/images/good.qcow2");
        let image = image.to_str().unwrap();
        self.img(&["convert", "-f", "qcow2", "-O", "raw", image, "back"]);
        let back = fs::read(self.at("back")).unwrap();
        assert!(back.starts_with(disk), "{file} became another disk");
    }
}

/// A disk of two megabytes with contents all over it.
fn disk() -> Vec<u8> {
    let mut disk = vec![0_u8; 2 << 20];
    for (number, sector) in disk.chunks_exact_mut(512).enumerate().step_by(7) {
        sector.fill((number % 251) as u8 + 1);
    }
    disk[510..512].copy_from_slice(b"\x55\xaa");
    disk
}

/// The formats that stand alone: QEMU's name, its options, and whether a file of it that
/// is cut in half is told from a whole one.
const ALONE: [(&str, &str, bool); 11] = [
    ("raw", "", false),
    ("qcow2", "compat=0.10", true),
    ("qcow2", "compat=1.1", true),
    ("qcow2", "compat=1.1,extended_l2=on", true),
    ("vdi", "", true),
    ("vdi", "static=on", true),
    ("vmdk", "subformat=monolithicSparse", true),
    ("vmdk", "subformat=streamOptimized", true),
    ("vpc", "subformat=dynamic", true),
    ("vhdx", "subformat=dynamic", true),
    ("vhdx", "subformat=fixed", true),
];

#[test]
fn an_image_that_stands_alone_becomes_the_same_disk_and_one_that_is_cut_off_none() {
    if image().is_none() {
        return;
    }
    let place = Place::new();
    let disk = disk();
    fs::write(place.at("disk"), &disk).unwrap();
    for (format, options, is_told) in ALONE {
        let mut convert = vec!["convert", "-f", "raw", "-O", format];
        if !options.is_empty() {
            convert.extend(["-o", options]);
        }
        convert.extend(["disk", "whole"]);
        place.img(&convert);
        place.accepts("whole", &disk);
        let whole = fs::read(place.at("whole")).unwrap();
        fs::write(place.at("cut"), &whole[..whole.len() / 2]).unwrap();
        if is_told {
            place.refuses("cut", "missing");
        }
    }
    // QEMU takes a fixed VHD for a raw disk unless it is told.
    let fixed = ["-o", "subformat=fixed,force_size=on"];
    place.img(
        &[
            &["convert", "-f", "raw", "-O", "vpc"],
            &fixed[..],
            &["disk", "whole"],
        ]
        .concat(),
    );
    place.accepts("whole", &disk);
}

#[test]
fn an_image_that_refers_to_another_file_is_refused() {
    if image().is_none() {
        return;
    }
    let place = Place::new();
    let secret = place.at("secret");
    let secret = secret.to_str().unwrap();
    let refers = "refers to another file";

    // By a backing file, or one for its data.
    place.img(&[
        "create", "-q", "-f", "qcow2", "-b", secret, "-F", "raw", "a",
    ]);
    place.refuses("a", refers);
    let data = format!(
        "data_file={},data_file_raw=on",
        place.at("data-file").display()
    );
    place.img(&["create", "-q", "-f", "qcow2", "-o", &data, "b", "1M"]);
    place.refuses("b", refers);

    // By extents and parents of VMDK.
    for kind in [
        "monolithicFlat",
        "twoGbMaxExtentFlat",
        "twoGbMaxExtentSparse",
    ] {
        let kind = format!("subformat={kind}");
        place.img(&["create", "-q", "-f", "vmdk", "-o", &kind, "made.vmdk", "1M"]);
        place.refuses("made.vmdk", refers);
        fs::copy(place.at("made.vmdk"), place.at("debian.qcow2")).unwrap();
        place.refuses("debian.qcow2", refers);
    }
    let text = |extent: &str| {
        format!(
            "# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\n\
             createType=\"monolithicFlat\"\nRW 8 FLAT \"{extent}\" 0\n\
             ddb.adapterType = \"ide\"\n"
        )
    };
    for extent in [
        secret,
        "../../../etc/hostname",
        "secret",
        "nbd://127.0.0.1:1",
    ] {
        fs::write(place.at("evil.vmdk"), text(extent)).unwrap();
        place.refuses("evil.vmdk", refers);
    }
    place.img(&["create", "-q", "-f", "vmdk", "parent.vmdk", "1M"]);
    place.img(&[
        "create",
        "-q",
        "-f",
        "vmdk",
        "-b",
        "parent.vmdk",
        "-F",
        "vmdk",
        "c",
    ]);
    place.refuses("c", refers);
    // A sparse one whose header has no capacity is read as a mere description.
    place.img(&["create", "-q", "-f", "vmdk", "whole.vmdk", "1M"]);
    let mut mere = fs::read(place.at("whole.vmdk")).unwrap();
    mere[12..20].fill(0);
    mere[512..2048].fill(0);
    let text = text(secret);
    mere[512..512 + text.len()].copy_from_slice(text.as_bytes());
    fs::write(place.at("d"), mere).unwrap();
    place.refuses("d", refers);

    // By being the difference to a VDI, a VHD or a VHDX.
    place.img(&["create", "-q", "-f", "vdi", "whole.vdi", "1M"]);
    patch(&place, "whole.vdi", "e", 0x4c, &[4]);
    place.refuses("e", refers);
    patch(&place, "whole.vdi", "f", 0x1b8, &[1; 16]);
    place.refuses("f", refers);
    place.img(&["create", "-q", "-f", "vpc", "whole.vhd", "1M"]);
    patch(&place, "whole.vhd", "g", 63, &[4]);
    place.refuses("g", refers);
    place.img(&["create", "-q", "-f", "vhdx", "whole.vhdx", "1M"]);
    let whole = fs::read(place.at("whole.vhdx")).unwrap();
    let parameters = [0x37, 0x67, 0xa1, 0xca, 0x36, 0xfa, 0x43, 0x4d];
    let entry = whole.windows(8).position(|bytes| bytes == parameters);
    let entry = entry.unwrap();
    let metadata = whole.windows(8).position(|bytes| bytes == b"metadata");
    let at = u32::from_le_bytes(whole[entry + 16..entry + 20].try_into().unwrap());
    patch(
        &place,
        "whole.vhdx",
        "h",
        metadata.unwrap() + at as usize + 4,
        &[2],
    );
    place.refuses("h", refers);

    // And formats that could do so, or that no VM can have.
    for format in ["qcow", "qed", "parallels"] {
        place.img(&["create", "-q", "-f", format, "i", "1M"]);
        place.refuses("i", &format!("format {format}"));
    }
    let luks = [
        "create",
        "-q",
        "--object",
        "secret,id=s,data=x",
        "-f",
        "luks",
    ];
    place.img(&[&luks[..], &["-o", "key-secret=s,iter-time=10", "j", "1M"]].concat());
    place.refuses("j", "format luks");
    for pseudo in [
        "json:{\"driver\":\"nbd\"}",
        "nbd://127.0.0.1:1/",
        "fat:/etc",
        "https://a/b",
    ] {
        fs::write(place.at("k"), pseudo).unwrap();
        place.refuses("k", "a text");
        let named = place.import("evil", Path::new(pseudo));
        assert_eq!(named.code, 1, "{named:?}");
    }
}

fn patch(place: &Place, from: &str, to: &str, at: usize, bytes: &[u8]) {
    let mut file = fs::read(place.at(from)).unwrap();
    file[at..at + bytes.len()].copy_from_slice(bytes);
    fs::write(place.at(to), file).unwrap();
}

#[test]
fn what_can_be_no_disk_of_a_vm_is_refused_with_what_to_do() {
    if image().is_none() {
        return;
    }
    let place = Place::new();
    fs::write(place.at("empty"), "").unwrap();
    place.refuses("empty", "empty");
    place.img(&["create", "-q", "-f", "qcow2", "none", "0"]);
    place.refuses("none", "empty");
    place.img(&["create", "-q", "-f", "qcow2", "large", "65537G"]);
    place.refuses("large", "65536");
    place.img(&[
        "create",
        "-q",
        "-f",
        "qcow2",
        "-o",
        "cluster_size=2M",
        "largest",
        "65536G",
    ]);
    place.import("largest", &place.at("largest")).ok();
    place.refuses(".", "no regular file");

    fs::write(place.at("disk"), disk()).unwrap();
    for (program, arguments, ending) in [
        ("gzip", &["-k", "disk"][..], "gz"),
        ("bzip2", &["-k", "disk"], "bz2"),
        ("xz", &["-k0", "disk"], "xz"),
        ("zstd", &["-q", "disk"], "zst"),
        ("tar", &["-cf", "disk.tar", "disk"], "tar"),
    ] {
        let mut pack = Command::new(program);
        let packed = pack.args(arguments).current_dir(place.dir.path()).output();
        if !packed.is_ok_and(|packed| packed.status.success()) {
            said_loudly(&format!(
                "an image packed by {program} was not tested: it isn't there"
            ));
            continue;
        }
        let file = format!("disk.{ending}");
        let unpack = match program {
            "tar" => "tar -xf".to_owned(),
            _ => format!("{program} -dc"),
        };
        let path = place.at(&file);
        place.refuses(&file, &format!("{unpack} {}", path.display()));
    }
}
