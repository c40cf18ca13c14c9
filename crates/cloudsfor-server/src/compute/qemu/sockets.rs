//! Sockets in directories with long paths.
//!
//! Linux takes 107 bytes for the path of a socket, and a data directory may have more. So a
//! socket is named by its directory, which is opened, and the file in it:
//! `/proc/self/fd/9/control.sock`. QEMU is started in the VM's directory and needs no path
//! for its own; to reach the switches of private networks it is given their directory.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, open};

/// The longest path of a socket that Linux takes, in bytes.
const LONGEST: usize = 107;

/// The directory of private networks in a QEMU, by its number among the open files there.
const NETWORKS: i32 = 20;

/// A path of a socket that is short enough, for as long as this is kept.
#[derive(Debug)]
pub(super) struct ShortPath {
    path: PathBuf,
    _dir: Option<OwnedFd>,
}

impl ShortPath {
    pub(super) fn of(socket: &Path) -> io::Result<Self> {
        if fits(socket) {
            return Ok(Self {
                path: socket.to_owned(),
                _dir: None,
            });
        }
        let dir = socket.parent().unwrap_or(Path::new("/"));
        let name = socket.file_name().unwrap_or_default();
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = open(dir, flags, Mode::empty())?;
        Ok(Self {
            path: by_number(dir.as_raw_fd()).join(name),
            _dir: Some(dir),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Listens at a socket.
pub(super) fn bind(socket: &Path) -> io::Result<UnixListener> {
    UnixListener::bind(ShortPath::of(socket)?.path())
}

/// What a QEMU that has the directory of private networks calls a socket there.
pub(super) fn in_networks(networks: &Path, socket: &Path) -> PathBuf {
    match socket.strip_prefix(networks) {
        Ok(inside) if !fits(socket) => by_number(NETWORKS).join(inside),
        _ => socket.to_owned(),
    }
}

/// The directory of private networks, and its number in a QEMU.
pub(super) fn networks_dir(networks: &Path) -> io::Result<(OwnedFd, i32)> {
    Ok((File::open(networks)?.into(), NETWORKS))
}

fn fits(socket: &Path) -> bool {
    socket.as_os_str().len() <= LONGEST
}

fn by_number(file: i32) -> PathBuf {
    format!("/proc/self/fd/{file}").into()
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn a_socket_is_reached_in_a_directory_of_any_length() {
        let dir = tempfile::tempdir().unwrap();
        for length in [1, 60, 200] {
            let dir = dir.path().join("d".repeat(length));
            std::fs::create_dir(&dir).unwrap();
            let socket = dir.join("control.sock");
            let listener = bind(&socket).unwrap();
            let short = ShortPath::of(&socket).unwrap();
            assert!(fits(short.path()));
            UnixStream::connect(short.path()).unwrap();
            listener.accept().unwrap();
            assert!(socket.exists());
        }
    }

    #[test]
    fn a_switch_is_named_by_its_path_if_that_is_short() {
        let short = Path::new("/data/qemu/networks");
        let socket = short.join("a/switch.sock");
        assert_eq!(in_networks(short, &socket), socket);
        let long = PathBuf::from(format!("/{}/networks", "d".repeat(100)));
        let socket = long.join("a/switch.sock");
        let named = in_networks(&long, &socket);
        assert_eq!(named, Path::new("/proc/self/fd/20/a/switch.sock"));
    }
}
