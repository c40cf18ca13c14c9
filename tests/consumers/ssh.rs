//! `-o ssh-config`, as `ssh -G` reads it.

use std::collections::HashMap;
use std::path::Path;

use serde_json::json;

use crate::canned::{cli, vm};
use crate::program;

const OTHER_ID: &str = "4f0a7c1d5b9e4a26b1c3d8e7f6a59b08";

/// What OpenSSH would do to reach a host by this configuration.
fn read(config: &Path, host: &str) -> Option<HashMap<String, String>> {
    let mut ssh = program("ssh")?;
    let output = ssh
        .arg("-F")
        .arg(config)
        .arg("-G")
        .arg(host)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let pairs = text.lines().filter_map(|line| line.split_once(' '));
    Some(
        pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    )
}

#[test]
fn every_host_is_reached_as_vm_ssh_reaches_it() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("config");
    let other = vm(
        &json!({"id": OTHER_ID, "networks": {"v4": [{"ip_address": "192.0.2.7", "type": "public"}]}}),
    );
    let written = cli(
        &[vm(&json!({})), other],
        &["vm", "list", "-o", "ssh-config"],
    )
    .ok();
    std::fs::write(&config, written.stdout).unwrap();
    let Some(web) = read(&config, "web") else {
        return;
    };
    let of = |host: &HashMap<String, String>| {
        ["hostname", "port", "user", "hostkeyalias"]
            .map(|name| host.get(name).cloned().unwrap_or_default())
    };
    let id = "9a33ef4fec394360a88e3c60b78b5dbc";
    assert_eq!(of(&web), ["127.64.0.2", "2222", "root", id]);
    // The name is taken, so the second goes by its id.
    let other = read(&config, OTHER_ID).unwrap();
    assert_eq!(of(&other), ["192.0.2.7", "22", "root", OTHER_ID]);
}

#[test]
fn a_hostile_server_says_nothing_that_openssh_executes() {
    let dir = tempfile::tempdir().unwrap();
    let trap = dir.path().join("executed");
    let command = format!("$(>{})", trap.display());
    let vms: Vec<_> = [
        &command,
        "%h",
        "a b",
        "\"x",
        "-oProxyCommand=true",
        "1.2.3.4\n    ProxyCommand true",
    ]
    .iter()
    .enumerate()
    .map(|(i, address)| {
        let networks = json!({"v4": [{"ip_address": address, "type": "public"}]});
        vm(&json!({"id": format!("{i:032x}"), "name": format!("host{i}"), "networks": networks}))
    })
    .chain([
        vm(&json!({"name": "web\n    ProxyCommand true"})),
        vm(&json!({"id": "-oX", "name": "-z"})),
    ])
    .collect();
    let ended = cli(&vms, &["vm", "list", "-o", "ssh-config"]).ok();
    let config = dir.path().join("config");
    // As a user's own configuration may have it.
    let own = "Host *\n    ProxyCommand sh -c 'true %h'\n";
    std::fs::write(&config, format!("{}{own}", ended.stdout)).unwrap();
    for i in 0..6 {
        let Some(host) = read(&config, &format!("host{i}")) else {
            return;
        };
        assert_eq!(
            host["hostname"],
            format!("host{i}"),
            "it has no section of its own"
        );
    }
    assert_eq!(ended.stdout.matches("Host ").count(), 1, "{}", ended.stdout);
    assert!(!ended.stdout.contains("ProxyCommand"), "{}", ended.stdout);
    assert!(
        ended.stderr.matches("is left out").count() >= 7,
        "{}",
        ended.stderr
    );
    assert!(!trap.exists());
}
