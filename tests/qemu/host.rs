//! A service that makes real VMs, for a test: nothing of it runs on afterwards.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cloudsfor_tests::binary::{Ended, cloudsfor, run};
use cloudsfor_tests::served::{Served, serve_with_account};
use serde_json::Value;
use tempfile::TempDir;

/// The name under which the test image is installed.
pub(crate) const IMAGE: &str = "cloudsfor-test";

/// The image that `cargo xtask test-image` makes, if it and QEMU are there. Skipping
/// is said loudly, and fails where `CLOUDSFOR_TEST_VMS` is `required`.
pub(crate) fn image() -> Option<PathBuf> {
    let image = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/test-image/image.qcow2");
    let runs = |program: &str| {
        let mut command = Command::new(program);
        let command = command.arg("--version").stdout(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let missing = if !image.exists() {
        "there is no test image: run `cargo xtask test-image`"
    } else if !runs("qemu-system-x86_64") || !runs("qemu-img") {
        "QEMU is not installed: `cloudsfor serve doctor` says how"
    } else {
        return Some(image);
    };
    not_tested("real VMs", missing);
    None
}

/// Skips a test, or fails if it is required.
pub(crate) fn not_tested(what: &str, why: &str) {
    let required = std::env::var("CLOUDSFOR_TEST_VMS").is_ok_and(|value| value == "required");
    assert!(!required, "{what} can't be tested: {why}");
    said_loudly(&format!("{what} were not tested: {why}"));
}

/// Says what was skipped.
pub(crate) fn said_loudly(skipped: &str) {
    // Not by a macro, which the test harness would keep to itself.
    let line = format!("\nSKIPPED: {skipped}\n");
    let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
}

/// A data directory with real VMs, and the service on it.
pub(crate) struct Host {
    dir: TempDir,
    service: Option<Served>,
    /// What goes before the usual programs in the service's PATH.
    programs: Option<PathBuf>,
    /// More arguments of the service.
    more: Vec<String>,
}

impl Host {
    /// A service with the test image and a key, `1`.
    pub(crate) fn start(image: &Path) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), image)
    }

    /// The same, with its data in `data` in this directory.
    pub(crate) fn start_in(dir: TempDir, image: &Path) -> Self {
        Self::prepared(dir, image, None, &[])
    }

    /// The same with programs in place of the usual ones, and more arguments.
    pub(crate) fn prepared(
        dir: TempDir,
        image: &Path,
        programs: Option<PathBuf>,
        more: &[&str],
    ) -> Self {
        let mut host = Self {
            dir,
            service: None,
            programs,
            more: more.iter().map(|more| (*more).to_owned()).collect(),
        };
        let data = host.data();
        let mut import = cloudsfor(&["serve", "image", "import", IMAGE]);
        run(import.arg(image).arg("--data-dir").arg(&data)).ok();
        host.restart();
        let key = host.key();
        let mut generate = Command::new("ssh-keygen");
        generate.args(["-q", "-t", "ed25519", "-N", "", "-f"]);
        run(generate.arg(&key)).ok();
        let public = key.with_extension("pub");
        let public = public.to_str().unwrap();
        host.cli(&["key", "create", "laptop", "--file", public])
            .ok();
        host
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// The private key of the key `1`.
    pub(crate) fn key(&self) -> PathBuf {
        self.dir.path().join("key")
    }

    /// Ends the service with a signal, if it runs.
    pub(crate) fn end(&mut self, signal: &str) {
        if let Some(service) = self.service.take() {
            service.end(signal);
        }
    }

    /// Starts the service again.
    pub(crate) fn restart(&mut self) {
        let more = ["--compute", "qemu", "--testing"];
        let mut serve = serve_with_account(&self.data(), &more);
        serve.args(&self.more);
        self.put_programs_before(&mut serve);
        if self.programs.is_some() {
            let log = std::fs::File::create(self.log()).unwrap();
            serve.stderr(log);
        }
        self.service = Some(Served::start_command(serve));
    }

    /// What the service said on standard error, if it has programs of its own.
    pub(crate) fn log(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    fn put_programs_before(&self, command: &mut Command) {
        if let Some(programs) = &self.programs {
            let usual = std::env::var("PATH").unwrap();
            command.env("PATH", format!("{}:{usual}", programs.display()));
        }
    }

    /// Moves the service's time on; the VMs' goes on as it does.
    pub(crate) fn a_day_passes(&self) {
        let endpoint = &self.service.as_ref().unwrap().endpoint;
        let mut curl = Command::new("curl");
        curl.args(["-sS", "-f", "-H", "Content-Type: application/json"])
            .args(["-d", "{\"advance_seconds\":86400}"])
            .arg(endpoint.replace("/api/v1", "/testing/clock"));
        run(&mut curl).ok();
    }

    /// Runs a command against the service.
    pub(crate) fn cli(&self, args: &[&str]) -> Ended {
        self.service.as_ref().unwrap().cli(args)
    }

    /// A command against the service, on its machine.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.service.as_ref().unwrap().command(args);
        command.env("CLOUDSFOR_DATA_DIR", self.data());
        self.put_programs_before(&mut command);
        command
    }

    /// Creates a VM of 0.25 GB of memory and 1 GB of disk.
    pub(crate) fn create(&self, name: &str, image: &str, more: &[&str]) -> Ended {
        let mut args = vec!["vm", "create", name, "--region", "moscow_01"];
        args.extend(["--image", image, "--size", "0.25", "--cpu", "1"]);
        args.extend(["--disk-size", "1", "--ssh-key", "1"]);
        args.extend(more);
        self.cli(&args)
    }

    /// A VM as the service shows it.
    pub(crate) fn vm(&self, name: &str) -> Value {
        self.cli(&["vm", "get", name, "--output", "json"])
            .ok()
            .json()
    }

    /// Runs a command in a VM, and answers what it says.
    pub(crate) fn ssh(&self, vm: &str, command: &str) -> String {
        let vm = self.vm(vm);
        let address = &vm["networks"]["v4"][0];
        let port = address["ssh_port"].as_u64().unwrap_or(22);
        let mut ssh = Command::new("ssh");
        ssh.args(["-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no"])
            .args(["-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"])
            .args(["-o", "IdentitiesOnly=yes", "-o", "ConnectTimeout=30", "-i"])
            .arg(self.key())
            .args(["-l", "root", "-p", &port.to_string()])
            .arg(address["ip_address"].as_str().unwrap())
            .arg(command);
        run(ssh.stdin(Stdio::null())).ok().stdout.trim().to_owned()
    }

    /// A VM's own directory.
    pub(crate) fn dir_of(&self, vm: &str) -> PathBuf {
        let id = self.vm(vm)["id"].as_str().unwrap().to_owned();
        self.data().join("qemu/vms").join(id)
    }

    /// The process ids of all QEMUs of this host's VMs that run.
    pub(crate) fn processes(&self) -> Vec<String> {
        let vms = std::fs::read_dir(self.data().join("qemu/vms"));
        let dirs = vms.into_iter().flatten().flatten().map(|dir| dir.path());
        let ids: Vec<_> = dirs
            .map(|dir| dir.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        running(|command_line| ids.iter().any(|id| command_line.contains(id)))
    }

    /// The process ids of the switches of this host's private networks.
    pub(crate) fn switches(&self) -> Vec<String> {
        let networks = self.data().join("qemu/networks");
        let is_ours = |process: &str| {
            let dir = std::fs::read_link(format!("/proc/{process}/cwd"));
            dir.is_ok_and(|dir| dir.starts_with(&networks))
        };
        let mut switches = named(|line| line.starts_with("cloudsfor\0serve\0switch\0"));
        switches.retain(|process| is_ours(process));
        switches
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.end("KILL");
        for process in self.processes().iter().chain(&self.switches()) {
            let _ = Command::new("kill").args(["-s", "KILL", process]).status();
        }
    }
}

/// Kills processes.
pub(crate) fn kill(processes: &[String]) {
    run(Command::new("kill").args(["-s", "KILL"]).args(processes)).ok();
}

/// How many files a directory holds.
pub(crate) fn count(dir: &Path) -> usize {
    std::fs::read_dir(dir).unwrap().count()
}

/// The ids of QEMU processes whose command line is so.
pub(crate) fn running(is_one: impl Fn(&str) -> bool) -> Vec<String> {
    named(|line| line.starts_with("qemu-system") && is_one(line))
}

/// The ids of processes whose command line is so.
pub(crate) fn named(is_one: impl Fn(&str) -> bool) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let named = processes.filter_map(|entry| {
        let command_line = std::fs::read(entry.path().join("cmdline")).ok()?;
        let command_line = String::from_utf8_lossy(&command_line).into_owned();
        is_one(&command_line).then(|| entry.file_name())
    });
    named
        .map(|name| name.to_string_lossy().into_owned())
        .collect()
}

/// Waits until something is so, for a minute at most.
#[track_caller]
pub(crate) fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
