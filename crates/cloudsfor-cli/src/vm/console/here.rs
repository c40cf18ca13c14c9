//! At a VM of this machine.

use std::io::{self, IsTerminal, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cloudsfor_server::compute::qemu::{Console, ConsoleError};
use cloudsfor_types::Vm;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

use super::failed;
use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::local::data_dir;
use crate::settings::Environment;
use crate::terminal::Terminal;

/// Ctrl-], which leaves the console.
const LEAVE: u8 = 0x1d;

pub(super) async fn console(
    vm: &Vm,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let console = find(vm, global)?;
    let attached = console.attach().await;
    let stream = attached.map_err(|error| unreached(vm, global, &error))?;
    let is_person = io::stdin().is_terminal() && io::stdout().is_terminal();
    if is_person {
        terminal.note(&format!(
            "At the console of {}. Ctrl-] leaves it; Enter may show something.",
            vm.name
        ));
    }
    terminal.flush()?;
    let ended = tokio::task::spawn_blocking(move || sit(stream, is_person)).await;
    let left = ended.map_err(io::Error::other).and_then(|left| left);
    let left = left.map_err(|error| failed(vm, &error.to_string()))?;
    if is_person {
        terminal.note(if left {
            "\nLeft the console."
        } else {
            "\nThe VM's console has ended."
        });
    }
    Ok(Exit::Done)
}

pub(super) fn display(vm: &Vm, global: &Global) -> Result<PathBuf, Failure> {
    let display = find(vm, global)?.display();
    display.map_err(|error| unreached(vm, global, &error))
}

fn find(vm: &Vm, global: &Global) -> Result<Console, Failure> {
    let environment = Environment::of_process()?;
    let asked = global.data_dir.as_deref();
    let dir = data_dir(asked.or(environment.data_dir.as_deref()))?;
    Console::of(&dir, &vm.id).map_err(|error| unreached(vm, global, &error))
}

fn unreached(vm: &Vm, global: &Global, error: &ConsoleError) -> Failure {
    let failure = failed(vm, &error.to_string());
    match error {
        ConsoleError::NotHere(_) => failure.next(
            "ask on the machine that it runs on, and name the service's data directory by \
             CLOUDSFOR_DATA_DIR",
        ),
        ConsoleError::Off => failure.next(format!(
            "to start it: {}",
            global.command(&format!("vm start {}", vm.name))
        )),
        ConsoleError::Taken => failure.next("try again when they have left: one at a time can"),
        ConsoleError::NoDisplay => failure.next("stop it and start it again, to give it one"),
        ConsoleError::Unanswered(_) | ConsoleError::Unconnected(_) => failure,
    }
}

/// Shows what the console says and sends what is typed, until either ends; whether it
/// was left by hand.
fn sit(mut stream: UnixStream, is_person: bool) -> io::Result<bool> {
    let _raw = is_person.then(Raw::begin).transpose()?;
    let left = Arc::new(AtomicBool::new(false));
    let typed = (stream.try_clone()?, left.clone());
    // It ends with the process: nothing else makes it stop reading.
    std::thread::spawn(move || {
        let (stream, left) = typed;
        let by_hand = type_into(&stream, is_person).unwrap_or_default();
        left.store(by_hand, Ordering::SeqCst);
        if by_hand {
            // Also what is still to be read.
            let _ = stream.shutdown(Shutdown::Both);
        }
    });
    let mut out = io::stdout();
    let mut bytes = [0; 4096];
    loop {
        match stream.read(&mut bytes) {
            Ok(0) => return Ok(left.load(Ordering::SeqCst)),
            Ok(count) => {
                out.write_all(&bytes[..count])?;
                out.flush()?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(false),
            Err(error) => return Err(error),
        }
    }
}

/// Sends what is typed until it ends, or says that a person left.
fn type_into(mut stream: &UnixStream, is_person: bool) -> io::Result<bool> {
    let mut typed = io::stdin().lock();
    let mut bytes = [0; 1024];
    loop {
        let count = typed.read(&mut bytes)?;
        let typed = &bytes[..count];
        let leave = typed.iter().position(|byte| is_person && *byte == LEAVE);
        stream.write_all(&typed[..leave.unwrap_or(count)])?;
        if leave.is_some() || count == 0 {
            return Ok(leave.is_some());
        }
    }
}

/// A terminal whose every key goes to the VM, until this is dropped.
struct Raw {
    before: Termios,
}

impl Raw {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
        Ok(Self { before })
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // There is nobody to tell.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}
