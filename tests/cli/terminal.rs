//! What a person at a real terminal sees and does.

use std::path::Path;
use std::process::{Command, Stdio};

use cloudsfor_tests::binary::{cloudsfor, create, run};
use cloudsfor_tests::served::Served;
use cloudsfor_tests::service::{EMAIL, PASSWORD};
use rexpect::session::{PtySession, spawn_command};

/// How long anything may take until it shows up, in milliseconds.
const AT_MOST: u64 = 60_000;

/// Starts `cloudsfor ARGS` on the embedded cloud at a terminal of its own, where VMs
/// take so long to run.
fn local(data: &Path, create_time: &str, args: &[&str]) -> PtySession {
    at_terminal(command(data, create_time, args))
}

fn command(data: &Path, create_time: &str, args: &[&str]) -> Command {
    let mut command = cloudsfor(&["--local"]);
    command
        .arg("--data-dir")
        .arg(data)
        .args(args)
        .env("CLOUDSFOR_CREATE_TIME", create_time);
    command
}

pub(super) fn at_terminal(mut command: Command) -> PtySession {
    command.env("TERM", "xterm").env_remove("NO_COLOR");
    if command.get_envs().all(|(name, _)| name != "PAGER") {
        command.env_remove("PAGER");
    }
    command.stdin(Stdio::inherit());
    spawn_command(command, Some(AT_MOST)).unwrap()
}

/// Reads to the end: what was shown, and the exit code.
pub(super) fn end(mut session: PtySession) -> (String, i32) {
    let shown = session.exp_eof().unwrap();
    // The type of the status has no public name: `Exited(Pid(7), 130)`.
    let status = format!("{:?}", session.process().wait().unwrap());
    let code = status.strip_prefix("Exited(").and_then(|rest| {
        let (_, code) = rest.strip_suffix(')')?.rsplit_once(", ")?;
        code.parse().ok()
    });
    (shown, code.unwrap_or_else(|| panic!("{status}")))
}

fn with_a_vm(data: &Path) {
    run(&mut command(
        data,
        "1ms",
        &create("web.example.com", &["-q"]),
    ))
    .ok();
}

#[test]
fn a_deletion_is_asked_about_and_only_a_yes_is_one() {
    let dir = tempfile::tempdir().unwrap();
    with_a_vm(dir.path());
    let delete = || local(dir.path(), "1ms", &["vm", "delete", "web.example.com"]);
    let mut session = delete();
    session.exp_string("This deletes for good").unwrap();
    session.exp_string("web.example.com").unwrap();
    session.exp_string("Delete 1 VM? [y/N] ").unwrap();
    session.send_line("").unwrap();
    let (shown, code) = end(session);
    assert!(
        shown.contains("Nothing was deleted.") && code == 1,
        "{shown}"
    );

    let mut session = delete();
    session.exp_string("[y/N] ").unwrap();
    session.send_line("yes").unwrap();
    let (shown, code) = end(session);
    assert!(
        shown.contains("deleted web.example.com") && code == 0,
        "{shown}"
    );
}

#[test]
fn progress_moves_until_it_is_done() {
    let dir = tempfile::tempdir().unwrap();
    let mut session = local(dir.path(), "2s", &create("web.example.com", &[]));
    // Drawn again and again, on one line.
    for _ in 0..3 {
        session.exp_string(": new, waiting").unwrap();
    }
    session
        .exp_string("web.example.com is running after")
        .unwrap();
    let (shown, code) = end(session);
    // A status has its colour at a terminal.
    assert!(
        shown.contains("\u{1b}[32mrunning") && code == 0,
        "{shown:?}"
    );
}

#[test]
fn ctrl_c_ends_the_wait_and_says_how_to_take_it_up_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut session = local(dir.path(), "1h", &create("web.example.com", &[]));
    session.exp_string(": new, waiting").unwrap();
    session.send_control('c').unwrap();
    session.exp_string("interrupted while waiting").unwrap();
    let (shown, code) = end(session);
    assert!(shown.contains("goes on being created"), "{shown}");
    assert!(shown.contains("vm wait ") && code == 130, "{shown}");
}

#[test]
fn a_watched_list_is_drawn_again_until_ctrl_c() {
    let dir = tempfile::tempdir().unwrap();
    with_a_vm(dir.path());
    let mut session = local(dir.path(), "1ms", &["vm", "list", "--watch=100ms"]);
    for _ in 0..3 {
        session.exp_string("\u{1b}[2J\u{1b}[H").unwrap();
        session.exp_string("web.example.com").unwrap();
    }
    session.send_control('c').unwrap();
    assert_eq!(end(session).1, 0);
}

/// The command on a terminal of this size, as stty has it.
fn sized(size: &str, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("stty {size}; exec \"$@\""), "sh"]);
    shell.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}

#[test]
fn what_is_longer_than_the_screen_goes_to_the_pager() {
    let dir = tempfile::tempdir().unwrap();
    let images = |size: &str| {
        let mut list = command(dir.path(), "1ms", &["image", "list", "-o", "name"]);
        list.env("PAGER", "sed s/^/paged:/");
        end(at_terminal(sized(size, &list)))
    };
    let (shown, code) = images("rows 3 cols 80");
    assert!(shown.contains("paged:fedora-19") && code == 0, "{shown}");
    let (shown, _) = images("rows 500 cols 80");
    assert!(
        shown.contains("fedora-19") && !shown.contains("paged:"),
        "{shown}"
    );
}

#[test]
fn a_table_fits_the_terminal() {
    let dir = tempfile::tempdir().unwrap();
    with_a_vm(dir.path());
    let list = command(dir.path(), "1ms", &["vm", "list"]);
    let (shown, code) = end(at_terminal(sized("rows 24 cols 70", &list)));
    let table = shown.lines().take(2);
    assert!(
        table.clone().all(|line| line.trim_end().len() <= 80),
        "{shown}"
    );
    assert!(
        shown.contains("Left out, as the terminal is too narrow"),
        "{shown}"
    );
    assert_eq!(code, 0);
}

#[test]
fn a_login_asks_for_what_is_missing_and_shows_no_password() {
    let dir = tempfile::tempdir().unwrap();
    let served = Served::start(&dir.path().join("data"));
    let config = dir.path().join("config.toml");
    let mut login = cloudsfor(&["login"]);
    login.env("CLOUDSFOR_CONFIG", &config);
    let mut session = at_terminal(login);
    session
        .exp_string("Endpoint [https://cloudsfor.com]: ")
        .unwrap();
    session.send_line(&served.endpoint).unwrap();
    session.exp_string("E-mail: ").unwrap();
    session.send_line(EMAIL).unwrap();
    session
        .exp_string(&format!("Password of {EMAIL}: "))
        .unwrap();
    session.send_line(PASSWORD).unwrap();
    let (shown, code) = end(session);
    assert!(shown.contains("Logged in to") && code == 0, "{shown}");
    assert!(!shown.contains(PASSWORD), "{shown}");
    let mut list = cloudsfor(&["vm", "list", "-o", "id"]);
    run(list.env("CLOUDSFOR_CONFIG", &config)).ok();
}
