//! A VM's serial console and its display.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::process::Stdio;

use cloudsfor_tests::binary::run;
use rexpect::session::spawn_command;

use crate::host::Host;

/// How long anything may take until it shows up, in milliseconds.
const AT_MOST: u64 = 30_000;

/// A person sits down at a VM's console, of whom there is one at a time.
pub(crate) fn one_sits_at_the_console(host: &Host, vm: &str) {
    let console = ["vm", "console", vm];
    let mut person = host.command(&console);
    person.stdin(Stdio::inherit());
    let mut session = spawn_command(person, Some(AT_MOST)).unwrap();
    session.exp_string("Ctrl-] leaves it").unwrap();
    session.send_line("").unwrap();
    session.exp_string("# ").unwrap();
    session.send_line("echo $((6 * 7)) things").unwrap();
    session.exp_string("42 things").unwrap();

    let other = run(&mut host.command(&console));
    assert_eq!(other.code, 5, "{other:?}");
    assert!(other.stderr.contains("somebody else"), "{other:?}");

    session.send_control(']').unwrap();
    session.exp_string("Left the console.").unwrap();
    session.exp_eof().unwrap();

    // And a program sits down at it.
    let mut program = host
        .command(&console)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut typed = program.stdin.take().unwrap();
    // Ctrl-] is a key like others for it.
    typed.write_all(b"\x15echo $((20 + 3)) things\n").unwrap();
    let said = BufReader::new(program.stdout.take().unwrap()).lines();
    let mut said = said.map(Result::unwrap);
    assert!(said.any(|line| line.starts_with("23 things")));
    program.kill().unwrap();
    program.wait().unwrap();
}

/// A VM has a display, whose socket is said.
pub(crate) fn it_has_a_display(host: &Host, vm: &str) {
    let said = run(&mut host.command(&["vm", "vnc", vm])).ok();
    let socket = said.stdout.trim_end();
    assert!(said.stderr.contains("vncviewer"), "{said:?}");
    let mut greeting = [0; 4];
    let mut display = UnixStream::connect(socket).unwrap();
    display.read_exact(&mut greeting).unwrap();
    assert_eq!(&greeting, b"RFB ");
}

/// Whoever can't get to a VM is told why.
pub(crate) fn one_that_is_off_or_elsewhere_has_none(host: &Host, off: &str, runs: &str) {
    for verb in ["console", "vnc"] {
        let said = run(&mut host.command(&["vm", verb, off]));
        assert_eq!(said.code, 5, "{said:?}");
        assert!(said.stderr.contains("vm start"), "{said:?}");
        let elsewhere = tempfile::tempdir().unwrap();
        let mut command = host.command(&["vm", verb, runs]);
        let said = run(command.env("CLOUDSFOR_DATA_DIR", elsewhere.path()));
        assert_eq!(said.code, 5, "{said:?}");
        assert!(said.stderr.contains("no such VM in"), "{said:?}");
    }
}
