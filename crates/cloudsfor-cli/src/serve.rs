//! `serve`: the service, in the foreground, and what its operator can do with the
//! cloud in a data directory, whether the service runs or not.

mod account;
mod audit;
mod backup;
#[cfg(target_os = "linux")]
mod doctor;
mod ephemeral;
#[cfg(target_os = "linux")]
mod image;
mod names;
mod origins;
#[cfg(target_os = "linux")]
mod switch;
#[cfg(target_os = "linux")]
mod uplink;
mod usage;

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::ArgPredicate;
use clap::{Args, Subcommand};
use cloudsfor_core::SecretString;
use cloudsfor_server::admin::{Admin, AdminError};
use cloudsfor_server::cloud::{CloudError, Driver, FirstAccount};
use cloudsfor_server::compute::RealOptions;
use cloudsfor_server::faults::{InvalidRule, Rule};
use cloudsfor_server::http::{ApiOptions, Limits, TlsFiles};
use cloudsfor_server::local_profile::LocalProfile;
use cloudsfor_server::service::{Service, ServiceOptions, Simulation, StartError};
use secrecy::ExposeSecret;
use tokio::signal;
use tracing_subscriber::EnvFilter;

use crate::args::{Global, duration};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::local::{acceleration, compute, create_time, data_dir, driver};
use crate::settings::{Environment, PASSWORD_MAX, password_text};
use crate::terminal::Terminal;
use origins::OriginArgs;

/// Run the service on this machine, in the foreground.
///
/// The first start makes an account, with a random password unless one is given.
/// The password is shown once and kept in the data directory for `--profile
/// local`. SIGTERM and SIGINT end the service cleanly.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Serve {
    #[command(subcommand)]
    task: Option<Task>,

    /// Where to listen; port 0 takes any that is free, as `--ephemeral` does
    #[arg(
        long,
        value_name = "ADDR",
        default_value = "127.0.0.1:8420",
        default_value_if("ephemeral", ArgPredicate::IsPresent, "127.0.0.1:0")
    )]
    listen: SocketAddr,

    /// The e-mail of the first account; must match if there is one already
    #[arg(long, value_name = "EMAIL")]
    account: Option<String>,

    /// A file with the first account's password, or `-` for standard input; must
    /// match if there is one already
    #[arg(long, value_name = "FILE", requires = "account")]
    password_file: Option<PathBuf>,

    /// How many VMs the first account may have; 100 unless it was set before
    #[arg(long, value_name = "N")]
    vm_limit: Option<u32>,

    /// What makes VMs: `simulator`, or `qemu` for real ones on this machine, which
    /// `bridge.toml` in the data directory puts on a bridge
    /// [default: as the data directory has it, else simulator] [env:
    /// CLOUDSFOR_COMPUTE]
    #[arg(long, value_name = "DRIVER", value_parser = driver)]
    compute: Option<Driver>,

    /// How long a real VM under KVM may show no sign of life until it is restarted
    /// emulated
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    kvm_patience: Duration,

    /// How long a simulated VM takes until it runs [default: 3s] [env:
    /// CLOUDSFOR_CREATE_TIME]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    create_time: Option<Duration>,

    /// How long what is done to a simulated VM later takes; a third of that unless given
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = TESTING)]
    action_time: Option<Duration>,

    /// How many of a hundred operations on simulated VMs fail
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = TESTING,
        value_parser = clap::value_parser!(u8).range(..=100))]
    failure_percent: u8,

    /// What requests meet: 'create_vm nth=3 lose-answer', '* percent=10 answer=503'; may be
    /// given more than once
    #[arg(long, value_name = "RULE", help_heading = TESTING)]
    fault: Vec<Rule>,

    /// A file with such rules, one in a line; lines that begin with '#' are left out
    #[arg(long, value_name = "FILE", help_heading = TESTING)]
    fault_file: Option<PathBuf>,

    /// Let ids and chance follow from this number
    #[arg(long, value_name = "N", help_heading = TESTING)]
    seed: Option<u64>,

    /// Let time stand still at this one until a test moves it on
    #[arg(long, value_name = "TIME", requires = "testing", help_heading = TESTING)]
    stopped_at: Option<jiff::Timestamp>,

    /// Let programs on this machine move the clock, set faults, and empty, save and load
    /// the cloud, at /testing
    #[arg(long, help_heading = TESTING)]
    testing: bool,

    /// Keep nothing: a cloud of simulated VMs that is gone when the service ends. Prints
    /// one line when it is ready, as JSON: `endpoint`, `email` and `password`, and `dns` where it answers that
    #[arg(long, conflicts_with = "compute", help_heading = TESTING)]
    ephemeral: bool,

    /// The certificate for HTTPS with its chain, in PEM; read again when it changes
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// The certificate's private key, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// How many requests an account may make in a minute; no limit unless given
    #[arg(long, value_name = "N")]
    rate_limit: Option<NonZeroU32>,

    /// Let other machines read /metrics too
    #[arg(long)]
    metrics_for_all: bool,

    /// Listen beyond this machine although passwords then cross the network
    /// unencrypted
    #[arg(long)]
    allow_plain_http: bool,

    #[command(flatten)]
    names: names::Names,

    #[command(flatten)]
    origins: OriginArgs,
}

/// Above what is for tests alone.
const TESTING: &str = "For testing";

/// More than any file of fault rules.
const RULES_MAX: u64 = 1 << 20;

impl Serve {
    fn faults(&self, terminal: &mut Terminal) -> Result<Vec<Rule>, Failure> {
        let mut rules = self.fault.clone();
        if let Some(file) = &self.fault_file {
            let unusable = |why: String| {
                let what = format!("the fault rules in {} can't be used", file.display());
                Failure::new(Exit::Usage, what, why).next("cloudsfor serve --help")
            };
            let bytes = terminal.read_file(file, RULES_MAX);
            let bytes = bytes.map_err(|error| unusable(error.to_string()))?;
            let text = String::from_utf8(bytes).map_err(|error| unusable(error.to_string()))?;
            for line in text.lines().map(str::trim) {
                if !line.is_empty() && !line.starts_with('#') {
                    rules.push(
                        line.parse()
                            .map_err(|error: InvalidRule| unusable(error.to_string()))?,
                    );
                }
            }
        }
        Ok(rules)
    }

    fn tls(&self) -> Option<TlsFiles> {
        let (certificate, key) = self.tls_cert.clone().zip(self.tls_key.clone())?;
        Some(TlsFiles { certificate, key })
    }
}

/// What an operator can do beside running the service.
#[derive(Subcommand)]
enum Task {
    #[command(flatten)]
    OfCloud(CloudTask),
    /// Put a copy of a cloud's state back
    Restore(backup::Restore),
    /// Show whether this machine can run real VMs, and what to do about it
    #[cfg(target_os = "linux")]
    Doctor(doctor::Doctor),
    /// The public images that real VMs are made of
    #[cfg(target_os = "linux")]
    #[command(subcommand_required = true, arg_required_else_help = true)]
    Image {
        #[command(subcommand)]
        verb: image::Verb,
    },
    /// Join the VMs of a private network, for the service
    #[cfg(target_os = "linux")]
    #[command(hide = true)]
    Switch(switch::Switch),
    /// Keep a VM apart from this machine, for the service
    #[cfg(target_os = "linux")]
    #[command(hide = true)]
    Uplink(uplink::Uplink),
}

/// What needs a cloud that is there.
#[derive(Subcommand)]
enum CloudTask {
    /// Accounts and their passwords
    #[command(subcommand_required = true, arg_required_else_help = true)]
    Account {
        #[command(subcommand)]
        verb: account::Verb,
    },
    /// Show who changed what, when, from where
    Audit(audit::Audit),
    /// Show what was used, by account and plan
    Usage(usage::Usage),
    /// Write a copy of the cloud's state to a file
    Backup(backup::Backup),
}

pub(crate) async fn run(
    args: &Serve,
    global: &Global,
    environment: Environment,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    no_credentials(global)?;
    log_to_standard_error();
    let asked = global
        .data_dir
        .as_deref()
        .or(environment.data_dir.as_deref());
    match &args.task {
        Some(task) => operate(task, asked, global, terminal).await,
        None if args.ephemeral => ephemeral::serve(args, global, terminal).await,
        None => serve(args, global, data_dir(asked)?, terminal).await,
    }
}

/// Whoever runs the service needs no password of the API: one that is said is meant
/// for an account, and those are read elsewhere.
fn no_credentials(global: &Global) -> Result<(), Failure> {
    let Some(flag) = global.password_flag() else {
        return Ok(());
    };
    let what = format!("{flag} can't be used with `serve`");
    let why = "it is the password of whoever calls the API";
    let next = "`--password-file -` reads an account's password from standard input";
    Err(Failure::new(Exit::Usage, what, why).next(next))
}

async fn operate(
    task: &Task,
    asked: Option<&Path>,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let dir = data_dir(asked);
    let task = match task {
        Task::OfCloud(task) => task,
        Task::Restore(args) => return backup::restore(&dir?, args, terminal),
        #[cfg(target_os = "linux")]
        Task::Doctor(_) => return doctor::run(&dir?, global, terminal).await,
        #[cfg(target_os = "linux")]
        Task::Image { verb } => return image::run(&dir?, verb, global, terminal).await,
        // It has no data directory of its own.
        #[cfg(target_os = "linux")]
        Task::Switch(args) => return switch::run(args).await,
        #[cfg(target_os = "linux")]
        Task::Uplink(_) => return uplink::run().await,
    };
    let dir = dir?;
    let admin = Admin::open(&dir).map_err(|error| {
        let what = format!("the cloud in {} can't be opened", dir.display());
        Failure::new(admin_exit(&error), what, error.to_string())
    })?;
    let ended = match task {
        CloudTask::Account { verb } => account::run(&admin, verb, global, terminal).await,
        CloudTask::Audit(args) => audit::run(&admin, args, global, terminal),
        CloudTask::Usage(args) => usage::run(&admin, args, global, terminal),
        CloudTask::Backup(args) => backup::backup(&admin, &dir, args, terminal),
    };
    admin.close().await;
    ended
}

fn admin_exit(error: &AdminError) -> Exit {
    match error {
        AdminError::NoCloud(_) => Exit::NotFound,
        AdminError::Exists(_) | AdminError::InUse(_) => Exit::Conflict,
        AdminError::Store(_) => Exit::Error,
    }
}

async fn serve(
    args: &Serve,
    global: &Global,
    dir: PathBuf,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let options = options(args, global, dir.clone(), terminal)?;
    // Before anything is started, so that no signal is missed.
    let stop = stop_signal().map_err(|error| not_started(error.to_string(), Exit::Error))?;
    let service = Service::start(options)
        .await
        .map_err(|error| failure(&error))?;
    announce(&service, &dir, terminal)?;
    service.run(stop).await;
    terminal.note("Stopped.");
    Ok(Exit::Done)
}

/// What the flags and the environment say.
fn options(
    args: &Serve,
    global: &Global,
    data_dir: PathBuf,
    terminal: &mut Terminal,
) -> Result<ServiceOptions, Failure> {
    let password = match &args.password_file {
        Some(file) => Some(read_password(file, terminal)?),
        None => None,
    };
    Ok(ServiceOptions {
        listen: args.listen,
        data_dir,
        is_ephemeral: args.ephemeral,
        account: FirstAccount {
            email: args.account.clone(),
            password,
            vm_limit: args.vm_limit.map(u64::from),
        },
        driver: compute(args.compute)?,
        simulation: Simulation {
            create_time: create_time(args.create_time)?,
            action_time: args.action_time,
            failure_percent: args.failure_percent,
            seed: args.seed,
            stopped_at: args.stopped_at,
        },
        real: RealOptions {
            acceleration: acceleration(global.acceleration.as_deref())?,
            patience: args.kvm_patience,
        },
        faults: args.faults(terminal)?,
        testing: args.testing,
        allow_plain_http: args.allow_plain_http,
        dns: args.names.dns_listen,
        dns_limits: args.names.limits(),
        names: args.names.service(),
        tls: args.tls(),
        origins: args.origins.origins(),
        limits: Limits::default(),
        api: ApiOptions {
            requests_per_minute: args.rate_limit,
            metrics_for_all: args.metrics_for_all,
            ..ApiOptions::default()
        },
    })
}

/// Says where it really listens and with which account. Whoever started it can
/// wait for these lines.
fn announce(service: &Service, dir: &Path, terminal: &mut Terminal) -> Result<(), Failure> {
    let found = service.account();
    let out = terminal.out();
    writeln!(out, "CloudsFor listens on {}", service.endpoint())?;
    let hosts = service.hosts().iter().map(|host| format!(", {host}"));
    let hosts: String = hosts.collect();
    writeln!(
        out,
        "Hosts: IP addresses, localhost{hosts} (more by --host-name)"
    )?;
    if let Some(address) = service.dns_address() {
        writeln!(out, "DNS: {address}, by UDP and TCP")?;
    }
    writeln!(out, "Account: {}", found.account.email)?;
    if let Some(password) = &found.new_password {
        writeln!(out, "Password: {}", password.expose_secret())?;
        let file = LocalProfile::new(dir);
        let file = file.path().display();
        writeln!(
            out,
            "          (shown only now; kept in {file} for --profile local)"
        )?;
    }
    let kind = match service.driver() {
        Driver::Simulator => "simulated",
        Driver::Qemu => "real, run by QEMU, and run on when the service ends",
    };
    writeln!(
        out,
        "VMs are {kind}; their state is kept in {}",
        dir.display()
    )?;
    Ok(terminal.flush()?)
}

fn failure(error: &StartError) -> Failure {
    let exit = match error {
        StartError::PlainHttp(_) | StartError::TestingForAll(_) => Exit::Usage,
        StartError::Account(error) => account::exit(error),
        StartError::Cloud(CloudError::OtherDriver { .. }) => Exit::Conflict,
        StartError::Listen { .. }
        | StartError::Tls(_)
        | StartError::Cloud(_)
        | StartError::Driver(_) => Exit::Error,
    };
    not_started(error.to_string(), exit)
}

fn not_started(why: String, exit: Exit) -> Failure {
    Failure::new(exit, "the service was not started", why)
        .next("`cloudsfor serve --help` says what can be set")
}

/// Shows a password that was made just now, on standard output, once.
fn show_password(terminal: &mut Terminal, new: Option<&SecretString>) -> Result<(), Failure> {
    if let Some(password) = new {
        terminal.note("Its password, which is shown only now:");
        writeln!(terminal.out(), "{}", password.expose_secret())?;
    }
    Ok(())
}

/// A time of the store, in milliseconds, as the API shows times.
fn timestamp(milliseconds: i64) -> cloudsfor_types::Timestamp {
    let time = jiff::Timestamp::from_millisecond(milliseconds).unwrap_or_default();
    time.into()
}

fn read_password(file: &Path, terminal: &mut Terminal) -> Result<SecretString, Failure> {
    let bytes = terminal.read_file(file, PASSWORD_MAX);
    let unusable = |why: &str| {
        let what = format!("the password in {} can't be used", file.display());
        Failure::new(Exit::Usage, what, why).next("name a file that holds the password alone")
    };
    let bytes = bytes.map_err(|error| unusable(&error.to_string()))?;
    password_text(bytes).map_err(|why| unusable(&format!("it {why}")))
}

/// Ends when the process is asked to end.
#[cfg(unix)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    // The terminal of a service that was started on one is closed: that ends it. To any
    // other service it says to read its files again, which certificates are at each
    // change anyway.
    let mut hang_up = signal(SignalKind::hangup())?;
    let is_on_terminal = std::io::stdin().is_terminal() || std::io::stderr().is_terminal();
    Ok(async move {
        let hung_up = async { while hang_up.recv().await.is_some() && !is_on_terminal {} };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            () = hung_up => {}
        }
    })
}

/// Ends when the process is asked to end.
#[cfg(not(unix))]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = signal::ctrl_c().await;
    })
}

/// What goes wrong, unless `CLOUDSFOR_LOG` asks for more (`info` logs each
/// request).
fn log_to_standard_error() {
    let filter =
        EnvFilter::try_from_env("CLOUDSFOR_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}
