//! What a command costs: the CPU time and the largest memory of it and of all that
//! it starts.

use std::ffi::OsString;
use std::process::{Command, Stdio};

use nix::sys::resource::{UsageWho, getrusage};

/// What a command has cost.
pub(crate) struct Cost {
    pub(super) cpu_ms: i64,
    /// The largest memory of any of its processes, in KiB.
    pub(super) kib: i64,
}

impl Cost {
    /// The middle of each number.
    pub(super) fn middle(costs: &[Self]) -> Self {
        let middle = |number: fn(&Self) -> i64| {
            let mut numbers: Vec<_> = costs.iter().map(number).collect();
            numbers.sort_unstable();
            numbers[numbers.len() / 2]
        };
        Self {
            cpu_ms: middle(|cost| cost.cpu_ms),
            kib: middle(|cost| cost.kib),
        }
    }
}

/// Runs the command under a process of its own, whose children are this command's
/// alone.
pub(super) fn cost(command: &Command) -> Result<Cost, Box<dyn std::error::Error>> {
    let mut helper = Command::new(std::env::current_exe()?);
    helper
        .args(["bench", "cost", "--"])
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            helper.env(name, value);
        }
    }
    let told = String::from_utf8(helper.stderr(Stdio::inherit()).output()?.stdout)?;
    let (cpu_ms, kib) = told.trim().split_once(' ').ok_or("the command failed")?;
    Ok(Cost {
        cpu_ms: cpu_ms.parse()?,
        kib: kib.parse()?,
    })
}

/// Runs a command, and says what it has cost: milliseconds and KiB.
pub(crate) fn run_and_tell(command: &[OsString]) -> Result<String, Box<dyn std::error::Error>> {
    let (program, args) = command.split_first().ok_or("there is no command")?;
    let status = Command::new(program)
        .args(args)
        .stdout(Stdio::null())
        .status()?;
    if !status.success() {
        return Err(format!("{} ended with {status}", program.to_string_lossy()).into());
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let (user, system) = (usage.user_time(), usage.system_time());
    let seconds = user.tv_sec() + system.tv_sec();
    let micros = user.tv_usec() + system.tv_usec();
    Ok(format!(
        "{} {}",
        seconds * 1000 + micros / 1000,
        usage.max_rss()
    ))
}
