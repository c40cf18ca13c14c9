//! What the crate brings into a program's tests.

use std::process::Command;

#[test]
fn there_is_no_http_client_and_nothing_that_listens() {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--prefix", "none", "--edges", "normal"])
        .args(["--package", env!("CARGO_PKG_NAME")])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let packages = String::from_utf8(output.stdout).unwrap();
    let has = |name: &str| {
        let start = format!("{name} v");
        packages.lines().any(|line| line.starts_with(&start))
    };
    assert!(has("cloudsfor-core") && has("cloudsfor-server"));
    for name in [
        "reqwest",
        "hyper",
        "hyper-util",
        "rustls",
        "mockall",
        "hickory-proto",
        "signal-hook-registry",
    ] {
        assert!(!has(name), "{packages}");
    }
}
