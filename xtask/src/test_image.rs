//! `cargo xtask test-image`: a small disk image of our own for the tests of real VMs,
//! made of the distribution's kernel, busybox and dropbear. It boots by itself, grows
//! to its disk, and reads a NoCloud seed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

const BUILD: &str = include_str!("test_image/build.sh");

const GUEST: [(&str, &str); 6] = [
    ("init", include_str!("test_image/guest/init")),
    ("inittab", include_str!("test_image/guest/inittab")),
    ("rc", include_str!("test_image/guest/rc")),
    ("seed", include_str!("test_image/guest/seed")),
    ("leased", include_str!("test_image/guest/leased")),
    ("grub.cfg", include_str!("test_image/guest/grub.cfg")),
];

/// The package that depends on the newest small kernel.
const KERNEL: &str = "linux-image-cloud-amd64";

/// Makes the image unless it is there; says where it is.
pub(crate) fn make() -> Result<PathBuf, String> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/test-image");
    fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let dir = dir.canonicalize().map_err(|error| error.to_string())?;
    let (image, stamp) = (dir.join("image.qcow2"), dir.join("made-from"));
    let made_from = made_from();
    let is_current = fs::read_to_string(&stamp).is_ok_and(|found| found == made_from);
    if is_current && image.exists() {
        return Ok(image);
    }
    let write = |file: PathBuf, text: &str| {
        fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))
    };
    let guest = dir.join("guest");
    fs::create_dir_all(&guest).map_err(|error| error.to_string())?;
    for (name, text) in GUEST {
        write(guest.join(name), text)?;
    }
    write(dir.join("build.sh"), BUILD)?;
    let kernel = kernel(&dir)?;
    let new = dir.join("image.new");
    run(Command::new("bash")
        .arg(dir.join("build.sh"))
        .args([&guest, &kernel, &new]))?;
    fs::rename(&new, &image).map_err(|error| error.to_string())?;
    write(stamp, &made_from)?;
    Ok(image)
}

/// What decides how the image turns out, but for the distribution's packages.
fn made_from() -> String {
    let mut digest = Sha256::new();
    digest.update(BUILD);
    for (name, text) in GUEST {
        digest.update(name);
        digest.update(text);
    }
    let digest = digest.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The unpacked kernel package, downloaded if need be.
fn kernel(dir: &Path) -> Result<PathBuf, String> {
    let unpacked = dir.join("kernel");
    if unpacked.join("boot").exists() {
        return Ok(unpacked);
    }
    let depends = run(Command::new("apt-cache").args(["depends", KERNEL]))?;
    let package = depends
        .lines()
        .find_map(|line| line.trim().strip_prefix("Depends: "))
        .ok_or_else(|| format!("{KERNEL} depends on nothing: run `apt-get update` first"))?;
    let download = dir.join("download");
    fs::create_dir_all(&download).map_err(|error| error.to_string())?;
    run(Command::new("apt-get")
        .args(["-qq", "download", package])
        .current_dir(&download))?;
    let files = fs::read_dir(&download).map_err(|error| error.to_string())?;
    let mut files = files.flatten().map(|entry| entry.path());
    let file = files.find(|file| file.extension().is_some_and(|end| end == "deb"));
    let file = file.ok_or("the kernel's package was not downloaded")?;
    run(Command::new("dpkg-deb").arg("-x").args([&file, &unpacked]))?;
    Ok(unpacked)
}

fn run(command: &mut Command) -> Result<String, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let install = "on Debian: apt-get install qemu-utils busybox-static dropbear-bin grub-pc-bin \
                   grub-common cpio e2fsprogs";
    let output = command
        .output()
        .map_err(|error| format!("{program} can't be run ({error}); {install}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{program} failed; {install}\n{said}"))
}
