//! `-o ansible-inventory`, as Ansible reads it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::canned::{cli, vm};
use crate::program;

/// An inventory script that prints what the command wrote.
fn script(dir: &Path, inventory: &str) -> std::path::PathBuf {
    std::fs::write(dir.join("inventory.json"), inventory).unwrap();
    let script = dir.join("inventory.sh");
    let text = format!(
        "#!/bin/sh\ncat '{}'\n",
        dir.join("inventory.json").display()
    );
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    script
}

fn run(mut command: Command, dir: &Path) -> String {
    command
        .current_dir(dir)
        .env("HOME", dir)
        .env("ANSIBLE_HOME", dir)
        .env("ANSIBLE_LOCALHOST_WARNING", "false")
        .env("LC_ALL", "C.UTF-8");
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{errors}");
    text
}

#[test]
fn a_playbook_reaches_every_host_once_with_its_variables() {
    let Some(mut list) = program("ansible-inventory") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let other = vm(
        &json!({"id": "4f0a7c1d5b9e4a26b1c3d8e7f6a59b08", "labels": {"role": "web_1"},
        "networks": {"v4": [{"ip_address": "192.0.2.7", "type": "public"}, {"ip_address": "10.0.0.2", "type": "private"}]}}),
    );
    let vms = [
        vm(&json!({"labels": {"role": "web-1", "tier": "front"}})),
        other,
    ];
    let written = cli(&vms, &["vm", "list", "-o", "ansible-inventory"])
        .ok()
        .stdout;
    let script = script(dir.path(), &written);
    list.arg("-i").arg(&script).arg("--list");
    let read: Value = serde_json::from_str(&run(list, dir.path())).unwrap();
    let variables = &read["_meta"]["hostvars"];
    assert_eq!(variables["web"]["ansible_port"], 2222);
    assert_eq!(variables["web"]["cloudsfor_labels"]["tier"], "front");
    let other = "4f0a7c1d5b9e4a26b1c3d8e7f6a59b08";
    assert_eq!(variables[other]["ansible_host"], "192.0.2.7");
    assert_eq!(
        variables[other]["cloudsfor_private_addresses"],
        json!(["10.0.0.2"])
    );
    assert_eq!(read["tier_front"]["hosts"], json!(["web"]));
    // `web-1` and `web_1` are different labels.
    let groups = read.as_object().unwrap().iter();
    let of_role = groups.filter(|(name, _)| name.starts_with("role_web_1"));
    let sizes: Vec<_> = of_role
        .map(|(_, group)| group["hosts"].as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [1, 1]);

    let playbook = dir.path().join("play.yaml");
    std::fs::write(
        &playbook,
        "- hosts: all\n  gather_facts: false\n  tasks:\n  - debug:\n      \
        msg: \"saw {{ inventory_hostname }} in {{ cloudsfor_region }}\"\n",
    )
    .unwrap();
    let mut play = program("ansible-playbook").unwrap();
    play.args(["-e", "ansible_connection=local", "-i"])
        .arg(&script)
        .arg(&playbook);
    let said = run(play, dir.path());
    for host in ["web", other] {
        assert_eq!(
            said.matches(&format!("saw {host} in moscow_01")).count(),
            1,
            "{said}"
        );
    }
}

#[test]
fn a_hostile_server_says_nothing_that_ansible_executes() {
    let Some(mut ansible) = program("ansible") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let trap = dir.path().join("executed");
    let lookup = format!("{{{{ lookup('pipe', 'touch {}') }}}}", trap.display());
    let networks = |address: &str| {
        json!({"v4": [{"ip_address": address, "type": "public"},
        {"ip_address": lookup, "type": "private"}]})
    };
    let vms = [
        vm(&json!({"networks": networks(&lookup)})),
        vm(
            &json!({"name": lookup, "id": "00000000000000000000000000000001", "networks": networks("127.0.0.1"),
            "labels": {"a": lookup, &*lookup: "b"}, "region": {"name": lookup}, "image": {"distro": lookup}}),
        ),
        vm(&json!({"id": "x", "name": "y z", "networks": networks("127.0.0.1")})),
    ];
    let ended = cli(&vms, &["vm", "list", "-o", "ansible-inventory"]).ok();
    let script = script(dir.path(), &ended.stdout);
    ansible.arg("-i").arg(&script);
    // Every variable is evaluated.
    ansible.args([
        "all",
        "-e",
        "ansible_connection=local",
        "-m",
        "debug",
        "-a",
        "msg={{ vars | to_json }}",
    ]);
    let said = run(ansible, dir.path());
    assert!(said.contains("00000000000000000000000000000001"), "{said}");
    assert!(!trap.exists(), "{said}");
    assert!(ended.stderr.contains("is left out"), "{}", ended.stderr);
}
