//! A VM's serial console and its display, for people on this host.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cloudsfor_types::VmId;

use super::control::Control;
use super::places::{CONSOLE, DEBUG, DISPLAY, Places};
use super::process;
use super::sockets::ShortPath;

/// The longest that is waited for whoever is at the console.
const PATIENCE: Duration = Duration::from_secs(3);

/// How often to look whether he has left.
const LOOK: Duration = Duration::from_millis(200);

/// Why there is no console or display.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// The VM is another host's, or another data directory's.
    #[error("there is no such VM in {0}")]
    NotHere(PathBuf),
    /// It doesn't run.
    #[error("it doesn't run")]
    Off,
    /// One at a time can have it.
    #[error("somebody else is at its console")]
    Taken,
    /// It was started by a version of this program that gave it none.
    #[error("it was started without a display")]
    NoDisplay,
    /// Its QEMU can't be asked.
    #[error("{0}")]
    Unanswered(String),
    /// It can't be connected to.
    #[error("its console can't be connected to: {0}")]
    Unconnected(#[from] std::io::Error),
}

/// What a VM that runs on this host shows.
#[derive(Debug)]
pub struct Console {
    dir: PathBuf,
}

impl Console {
    /// That of a VM in this data directory.
    ///
    /// # Errors
    /// If it isn't there, or doesn't run.
    pub fn of(data_dir: &Path, id: &VmId) -> Result<Self, ConsoleError> {
        let dir = Places::at(data_dir)?.vm(id);
        if !dir.exists() {
            return Err(ConsoleError::NotHere(data_dir.to_owned()));
        }
        if !process::runs(&dir, id.as_str()) {
            return Err(ConsoleError::Off);
        }
        Ok(Self { dir })
    }

    /// Its serial console, once nobody else has it.
    ///
    /// # Errors
    /// If somebody else doesn't leave it soon, or it doesn't answer.
    pub async fn attach(&self) -> Result<UnixStream, ConsoleError> {
        let deadline = Instant::now() + PATIENCE;
        while self.is_taken().await? {
            if Instant::now() > deadline {
                return Err(ConsoleError::Taken);
            }
            tokio::time::sleep(LOOK).await;
        }
        let socket = ShortPath::of(&self.dir.join(CONSOLE))?;
        Ok(UnixStream::connect(socket.path())?)
    }

    /// A second client would wait unseen: so QEMU is asked for the first.
    async fn is_taken(&self) -> Result<bool, ConsoleError> {
        let control = Control::connect_to(&self.dir.join(DEBUG)).await;
        let taken = async { control?.is_console_taken().await };
        let taken = taken.await;
        taken.map_err(|error| ConsoleError::Unanswered(error.to_string()))
    }

    /// The socket of its display, which speaks VNC.
    ///
    /// # Errors
    /// If it has none.
    pub fn display(&self) -> Result<PathBuf, ConsoleError> {
        let display = self.dir.join(DISPLAY);
        display
            .exists()
            .then_some(display)
            .ok_or(ConsoleError::NoDisplay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vm_that_is_elsewhere_or_off_has_none() {
        let dir = tempfile::tempdir().unwrap();
        let id: VmId = "9a33ef4fec394360a88e3c60b78b5dbc".parse().unwrap();
        let of = || Console::of(dir.path(), &id).unwrap_err();
        assert!(matches!(of(), ConsoleError::NotHere(_)));
        assert!(!dir.path().join("qemu").exists(), "nothing is made");
        std::fs::create_dir_all(Places::at(dir.path()).unwrap().vm(&id)).unwrap();
        assert!(matches!(of(), ConsoleError::Off));
    }
}
