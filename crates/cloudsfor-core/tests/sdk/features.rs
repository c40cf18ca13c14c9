//! What the crate's features bring in.

use std::process::Command;

/// The names of the packages that the crate is built of.
fn packages(features: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--prefix", "none", "--edges", "normal"])
        .args(["--package", env!("CARGO_PKG_NAME")])
        .args(features)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn has(packages: &str, name: &str) -> bool {
    packages
        .lines()
        .any(|line| line.starts_with(&format!("{name} v")))
}

#[test]
fn without_features_there_is_no_http_client() {
    let packages = packages(&["--no-default-features"]);
    assert!(has(&packages, "cloudsfor-types"));
    for name in [
        "reqwest",
        "hyper",
        "hyper-util",
        "rustls",
        "tower",
        "mockall",
        "tracing",
    ] {
        assert!(!has(&packages, name), "{packages}");
    }
}

#[test]
fn each_backend_comes_alone() {
    let hyper = packages(&["--no-default-features", "--features", "hyper"]);
    assert!(has(&hyper, "hyper-util") && !has(&hyper, "reqwest"));
    let in_process = packages(&["--no-default-features", "--features", "in-process"]);
    assert!(has(&in_process, "tower") && !has(&in_process, "hyper"));
}

#[test]
fn tls_is_rustls_with_ring() {
    let packages = packages(&["--all-features"]);
    assert!(has(&packages, "ring"));
    for name in [
        "aws-lc-rs",
        "aws-lc-sys",
        "openssl",
        "openssl-sys",
        "native-tls",
    ] {
        assert!(!has(&packages, name), "{packages}");
    }
}
