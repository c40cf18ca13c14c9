//! The real `cloudsfor` binary.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// The binary, built if need be.
fn path() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let output = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--package",
                "cloudsfor-cli",
                "--bin",
                "cloudsfor",
            ])
            .arg("--message-format=json")
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        assert!(output.status.success(), "the binary can't be built");
        let messages = String::from_utf8(output.stdout).unwrap();
        let executable = messages.lines().find_map(|line| {
            let message: serde_json::Value = serde_json::from_str(line).ok()?;
            Some(PathBuf::from(message["executable"].as_str()?))
        });
        executable.unwrap()
    })
}

/// A `cloudsfor` command that knows nothing of the tester's own settings.
pub fn cloudsfor(args: &[&str]) -> Command {
    let mut command = Command::new(path());
    command.args(args).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CLOUDSFOR_") || text.to_lowercase().ends_with("_proxy") {
            command.env_remove(name);
        }
    }
    command.env("CLOUDSFOR_CONFIG", "no such directory/config.toml");
    command
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code.
    pub code: i32,
    /// What it said on standard output.
    pub stdout: String,
    /// What it said on standard error.
    pub stderr: String,
}

impl Ended {
    /// The output as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// Fails unless the command succeeded.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Ended {
    command.output().unwrap().into()
}

/// The arguments that create a VM of this name.
pub fn create<'a>(name: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec![
        "vm",
        "create",
        name,
        "--region",
        "moscow_01",
        "--image",
        "fedora-19",
    ];
    args.extend(["--size", "1", "--cpu", "1", "--disk-size", "10"]);
    args.extend(more);
    args
}
