//! Public keys, as `ssh-keygen` makes and reads them.

use std::path::Path;
use std::process::Command;

use cloudsfor_tests::binary::run;

use crate::{local, program};

/// Makes a pair of keys, and returns the public one; `None` if this `ssh-keygen` can't.
fn make(dir: &Path, kind: &[&str], comment: &str) -> Option<String> {
    let file = dir.join("key");
    let _ = std::fs::remove_file(&file);
    let mut command = Command::new("ssh-keygen");
    command
        .args(["-q", "-N", "", "-C", comment, "-f"])
        .arg(&file)
        .args(kind);
    let made = command.output().unwrap().status.success();
    made.then(|| std::fs::read_to_string(dir.join("key.pub")).unwrap())
}

/// The fingerprints of all keys in a text, as `ssh-keygen -l` reads it.
fn fingerprints(dir: &Path, text: &[u8]) -> Vec<String> {
    let file = dir.join("read");
    std::fs::write(&file, text).unwrap();
    let output = Command::new("ssh-keygen")
        .arg("-lf")
        .arg(&file)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .filter_map(|line| Some(line.split(' ').nth(1)?.to_owned()))
        .collect()
}

/// Adds a key by the command line: its fingerprint, or what is said against it.
fn add(dir: &Path, text: &[u8]) -> Result<String, String> {
    let file = dir.join("added");
    std::fs::write(&file, text).unwrap();
    let name = format!("key-{}", std::fs::read_dir(dir).unwrap().count());
    let file = file.to_str().unwrap();
    let args = [
        "key",
        "create",
        &name,
        "--file",
        file,
        "--columns",
        "fingerprint",
        "-o",
        "csv",
        "--no-headers",
    ];
    let ended = run(&mut local(dir, &args));
    match ended.code {
        0 => {
            let fingerprint = ended.stdout.trim().to_owned();
            run(&mut local(dir, &["key", "delete", &fingerprint, "--yes"])).ok();
            Ok(fingerprint)
        }
        2 => Err(ended.stderr),
        _ => panic!("{ended:?}"),
    }
}

#[test]
fn every_type_that_sshd_takes_is_taken_with_its_fingerprint() {
    if program("ssh-keygen").is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    for kind in [
        &["-t", "ed25519"][..],
        &["-t", "ecdsa", "-b", "256"],
        &["-t", "ecdsa", "-b", "384"],
        &["-t", "ecdsa", "-b", "521"],
        &["-t", "rsa", "-b", "2048"],
        &["-t", "rsa", "-b", "3072"],
        &["-t", "rsa", "-b", "4096"],
    ] {
        let key = make(dir, kind, "me@laptop").unwrap();
        assert_eq!(
            vec![add(dir, key.as_bytes()).unwrap()],
            fingerprints(dir, key.as_bytes()),
            "{kind:?}"
        );
    }
    for (kind, named) in [
        (&["-t", "rsa", "-b", "1024"][..], "1024 bits"),
        (&["-t", "rsa", "-b", "2047"], "2047 bits"),
        (&["-t", "dsa"], "DSA"),
    ] {
        // Newer versions make none of them any more.
        if let Some(key) = make(dir, kind, "old") {
            let said = add(dir, key.as_bytes()).unwrap_err();
            assert!(said.contains(named), "{kind:?}: {said}");
        }
    }
    // Keys that live on a token can't be made without one.
    for key in [
        "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIDtlIjQ0j6QxfYcRgKvYYYTUOvbJTGzm5rTFOP1rDVeoAAAABHNzaDo= me",
        "sk-ecdsa-sha2-nistp256@openssh.com AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNzaC5jb20AAAAIbmlzdHAyNTYAAABBBGsX4vhZdaSLEDQpDFn7FRYHsAAFNhNXwVmSpzGJnBFZsc2wKkf8bSVdV0KJpXFtLuzAlhHy6mXWQ3TyYZbl6IMAAAAEc3NoOg== me",
    ] {
        let expected = fingerprints(dir, key.as_bytes());
        if let [expected] = expected.as_slice() {
            assert_eq!(add(dir, key.as_bytes()).as_ref(), Ok(expected));
        }
    }
}

#[test]
fn files_that_ssh_keygen_reads_as_one_key_are_taken() {
    if program("ssh-keygen").is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let key = make(dir, &["-t", "ed25519"], "me@laptop").unwrap();
    let line = key.trim_end();
    for file in [
        format!("# my laptop\n{key}"),
        format!("\n\n{key}\n"),
        format!("{line}\r\n"),
        format!("# x\r\n\r\n{line}\r\n"),
        line.replacen(' ', "  ", 2),
        line.replace(' ', "\t"),
        format!("   {line}"),
        line.rsplit_once(' ').unwrap().0.to_owned(),
        format!("{line} and more words, ключ"),
    ] {
        assert_eq!(fingerprints(dir, file.as_bytes()).len(), 1, "{file:?}");
        assert_eq!(
            vec![add(dir, file.as_bytes()).unwrap()],
            fingerprints(dir, file.as_bytes()),
            "{file:?}"
        );
    }
    // `ssh-keygen -l` doesn't read a byte order mark; editors of Windows write one.
    add(dir, format!("\u{feff}{key}").as_bytes()).unwrap();
    let other = make(dir, &["-t", "ed25519"], "other").unwrap();
    let mut wrapped = line.to_owned();
    wrapped.insert(40, '\n');
    for (file, named) in [
        (format!("{key}{other}"), "2 keys"),
        (format!("from=\"10.0.0.0/8\" {key}"), "options"),
        (wrapped, "broken over 2 lines"),
        (String::new(), "none in it"),
    ] {
        let said = add(dir, file.as_bytes()).unwrap_err();
        assert!(said.contains(named), "{file:?}: {said}");
    }
}

#[test]
fn other_forms_are_told_with_the_command_that_converts_them() {
    if program("ssh-keygen").is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let key = make(dir, &["-t", "rsa", "-b", "2048"], "me").unwrap();
    let expected = fingerprints(dir, key.as_bytes());
    for (form, hint) in [
        (&["-e"][..], "ssh-keygen -i -f"),
        (&["-e", "-m", "PEM"], "ssh-keygen -i -m PEM -f"),
        (&["-e", "-m", "PKCS8"], "ssh-keygen -i -m PKCS8 -f"),
    ] {
        let output = Command::new("ssh-keygen")
            .args(form)
            .arg("-f")
            .arg(dir.join("key.pub"))
            .output()
            .unwrap();
        let said = add(dir, &output.stdout).unwrap_err();
        assert!(said.contains(hint), "{form:?}: {said}");
        // The command that is advised gives a key that is taken.
        let file = dir.join("converted");
        std::fs::write(&file, &output.stdout).unwrap();
        let words: Vec<_> = hint.split(' ').skip(1).collect();
        let output = Command::new("ssh-keygen")
            .args(words)
            .arg(&file)
            .output()
            .unwrap();
        assert_eq!(
            vec![add(dir, &output.stdout).unwrap()],
            expected,
            "{form:?}"
        );
    }
    let private = std::fs::read(dir.join("key")).unwrap();
    assert!(add(dir, &private).unwrap_err().contains("private key"));
    let certified = Command::new("ssh-keygen")
        .args(["-q", "-s"])
        .arg(dir.join("key"))
        .args(["-I", "me"])
        .arg(dir.join("key.pub"))
        .status()
        .unwrap();
    assert!(certified.success());
    let certificate = std::fs::read(dir.join("key-cert.pub")).unwrap();
    assert!(add(dir, &certificate).unwrap_err().contains("certificate"));
}
