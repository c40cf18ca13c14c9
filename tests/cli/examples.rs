//! The SDK's examples, run against the real service: each must do what it says.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use cloudsfor_tests::binary::{Ended, run};
use cloudsfor_tests::served::Served;
use cloudsfor_tests::service::EMAIL;

/// All examples that are for users, built.
fn examples() -> HashMap<String, PathBuf> {
    let output = Command::new(env!("CARGO"))
        // As for all tests together, which have built them already.
        .args(["build", "--quiet", "--workspace", "--examples"])
        .arg("--message-format=json")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "the examples can't be built");
    let messages = String::from_utf8(output.stdout).unwrap();
    let built = messages.lines().filter_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let executable = PathBuf::from(message["executable"].as_str()?);
        let name = message["target"]["name"].as_str()?.to_owned();
        let file = message["target"]["src_path"].as_str()?;
        file.contains("/crates/").then_some((name, executable))
    });
    built.collect()
}

#[test]
fn every_example_does_what_it_says() {
    let mut examples = examples();
    let dir = tempfile::tempdir().unwrap();
    let served = Served::start(&dir.path().join("data"));
    let mut run = |name: &str, args: &[&str]| -> Ended {
        let path = examples.remove(name).unwrap_or_else(|| panic!("{name}?"));
        run(served.environment(Command::new(path).args(args))).ok()
    };
    let says = |ended: Ended, text: &str| assert!(ended.stdout.contains(text), "{ended:?}");

    says(run("create_and_wait", &["web"]), "is running");
    let made = run("bulk_create", &["worker-", "3"]);
    assert_eq!(made.stdout.lines().count(), 3, "{made:?}");
    says(run("watch_events", &["watched"]), "watched is running");
    says(run("list_vms", &[]), "worker-2");
    says(run("snapshot_all", &["nightly"]), "completed");
    let gone = run("delete_by_prefix", &["worker-"]);
    assert_eq!(gone.stdout.matches("deleted").count(), 3, "{gone:?}");
    says(run("blocking", &[]), "has 2 VMs");
    says(run("custom_layer", &[]), EMAIL);
    says(run("proxy_and_private_ca", &[]), EMAIL);
    says(
        run("profile", &[]),
        &format!("{EMAIL} at {}", served.endpoint),
    );
    says(run("custom_transport", &[]), "moscow_01");
    says(run("mock", &[]), "it works");
    says(run("simulator", &[]), "it works");
    assert!(examples.is_empty(), "nobody runs {:?}", examples.keys());
}
