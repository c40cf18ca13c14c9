//! `cargo xtask soak`: what proves most when it runs long. Each part has a short
//! form in the tests or in `.ci/run`.

use std::process::Command;

type Error = Box<dyn std::error::Error>;

/// Processes that are killed under load, one after the other.
const CRASHES: &str = "300";

/// Examples for each operation that a stranger's tool tries.
const EXAMPLES: &str = "500";

/// How long each decoder is fuzzed, in seconds.
const FUZZING: &str = "300";

/// How long each kind of hostile client floods the service, in seconds.
const FLOODING: &str = "60";

/// Zones that are asked for beside another name server.
const ZONES: &str = "300";

/// Runs all of it, and says which parts failed.
pub(crate) fn run() -> Result<Vec<&'static str>, Error> {
    let mut crashes = Command::new(env!("CARGO"));
    crashes
        .args(["test", "--package", "cloudsfor-tests", "--test", "crash"])
        .env("CLOUDSFOR_CRASH_ROUNDS", CRASHES);
    let mut names = Command::new(env!("CARGO"));
    names
        .args(["test", "--package", "cloudsfor-tests", "--test", "dns"])
        .args(["--", "--nocapture"])
        .env("CLOUDSFOR_TEST_DNS", "required")
        .env("CLOUDSFOR_DNS_ZONES", ZONES)
        // Others each time; the test prints the seed.
        .env("CLOUDSFOR_DNS_SEED", seconds()?.to_string());
    let mut floods = Command::new(env!("CARGO"));
    floods
        .args(["test", "--package", "cloudsfor-tests", "--test", "hostile"])
        .env("CLOUDSFOR_TEST_FLOOD_SECONDS", FLOODING);
    let mut description = Command::new("bash");
    description.args([".ci/schemathesis", EXAMPLES]);
    let mut parts = vec![
        ("crashes", crashes),
        ("names", names),
        ("floods", floods),
        ("description", description),
    ];
    for target in fuzz_targets()? {
        let mut fuzz = Command::new("cargo");
        fuzz.current_dir("crates/cloudsfor-core")
            .args(["+nightly", "fuzz", "run", "--sanitizer", "none", &target])
            .args(["--", &format!("-max_total_time={FUZZING}")]);
        parts.push(("fuzzing", fuzz));
    }
    for bench in ["sdk", "server", "cli", "fake"] {
        let mut measure = Command::new(env!("CARGO"));
        measure.args(["xtask", "bench", bench]);
        parts.push(("benches", measure));
    }
    let mut failed = Vec::new();
    for (name, mut command) in parts {
        println!("== {name}: {command:?}");
        if !command.status()?.success() {
            failed.push(name);
        }
    }
    failed.dedup();
    Ok(failed)
}

fn seconds() -> Result<u64, Error> {
    let now = std::time::SystemTime::now();
    Ok(now.duration_since(std::time::UNIX_EPOCH)?.as_secs())
}

fn fuzz_targets() -> Result<Vec<String>, Error> {
    let mut targets = Vec::new();
    for entry in std::fs::read_dir("crates/cloudsfor-core/fuzz/fuzz_targets")? {
        let path = entry?.path();
        let name = path.file_stem().ok_or("a fuzz target without a name")?;
        targets.push(name.to_string_lossy().into_owned());
    }
    targets.sort();
    Ok(targets)
}
