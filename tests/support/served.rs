//! `cloudsfor serve` as a process of its own, stopped when the test ends.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use cloudsfor_core::transport::{HyperTransport, TransportOptions};
use cloudsfor_core::{Api, Client, Credentials};

use crate::binary::{Ended, cloudsfor, run};
use crate::service::{EMAIL, PASSWORD};

/// A running `cloudsfor serve`.
pub struct Served {
    /// The base URL of the API.
    pub endpoint: String,
    /// What it said until it was ready.
    pub announcement: String,
    process: Child,
}

impl Served {
    /// Starts the service on a data directory, with the tests' account and simulated VMs
    /// that run at once.
    pub fn start(data_dir: &Path) -> Self {
        Self::start_with_account(data_dir, &[])
    }

    /// As [`Served::start`], with more arguments.
    pub fn start_with_account(data_dir: &Path, more: &[&str]) -> Self {
        Self::start_command(serve_with_account(data_dir, more))
    }

    /// Starts the service on a data directory with more arguments.
    pub fn start_with(data_dir: &Path, more: &[&str]) -> Self {
        Self::start_command(serve(data_dir, more))
    }

    /// Starts the service by a command that [`serve`] made.
    pub fn start_command(mut serve: Command) -> Self {
        let mut process = serve.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut announcement = String::new();
        // The last line of the announcement says where the state is.
        while !announcement.contains("state is kept in") {
            let line = lines.next().expect("the service has started").unwrap();
            announcement.push_str(&line);
            announcement.push('\n');
        }
        let endpoint = announcement.lines().next().unwrap();
        let endpoint = endpoint
            .strip_prefix("CloudsFor listens on ")
            .unwrap()
            .to_owned();
        Self {
            endpoint,
            announcement,
            process,
        }
    }

    /// The id of its process.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Runs a command against this service, as its account.
    pub fn cli(&self, args: &[&str]) -> Ended {
        run(&mut self.command(args))
    }

    /// A command against this service, as its account.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = cloudsfor(args);
        self.environment(&mut command);
        command
    }

    /// A client for this service, as its account, that sends each request once.
    pub fn api(&self) -> Arc<dyn Api> {
        let options = TransportOptions::default().without_proxies();
        let client = Client::builder()
            .endpoint(self.endpoint.parse().unwrap())
            .credentials(Credentials::basic(EMAIL, PASSWORD.to_owned().into()).unwrap())
            .transport(HyperTransport::new(&options).unwrap())
            .without_retry()
            .build();
        Arc::new(client.unwrap())
    }

    /// Lets a command find this service, as its account.
    pub fn environment<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("CLOUDSFOR_ENDPOINT", &self.endpoint)
            .env("CLOUDSFOR_EMAIL", EMAIL)
            .env("CLOUDSFOR_PASSWORD", PASSWORD)
    }

    /// Sends a signal (`TERM`, `INT`, `KILL`) and waits for the end; the exit
    /// code, if it ended by itself.
    pub fn end(mut self, signal: &str) -> Option<i32> {
        let pid = self.process.id().to_string();
        run(Command::new("kill").args(["-s", signal, &pid])).ok();
        self.process.wait().unwrap().code()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Gone already if the test ended it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// `cloudsfor serve` on this directory and any free port.
pub fn serve(data_dir: &Path, more: &[&str]) -> Command {
    let mut command = cloudsfor(&["serve", "--listen", "127.0.0.1:0", "--create-time", "1ms"]);
    command.arg("--data-dir").arg(data_dir).args(more);
    command
}

/// The same with the tests' account.
pub fn serve_with_account(data_dir: &Path, more: &[&str]) -> Command {
    let password = password_file(data_dir);
    let mut command = serve(data_dir, &["--account", EMAIL, "--password-file"]);
    command.arg(password).args(more);
    command
}

/// A file with the password of the tests' account, beside a data directory.
pub fn password_file(data_dir: &Path) -> PathBuf {
    let path = data_dir.with_extension("password");
    let mut file = std::fs::File::create(&path).unwrap();
    writeln!(file, "{PASSWORD}").unwrap();
    path
}
