//! `action wait`

use std::time::Duration;

use clap::Args;
use cloudsfor_core::{Api, CallOptions, Error, ErrorKind, wait_for_actions};
use cloudsfor_types::{Action, ActionId, ActionStatus};

use crate::args::{Global, duration};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::cell::elapsed;
use crate::output::{self, Resource};
use crate::terminal::Terminal;

/// Which actions to wait for.
#[derive(Args)]
pub(crate) struct Several {
    /// The actions' ids
    #[arg(required = true, value_name = "ID")]
    actions: Vec<ActionId>,

    /// The longest to wait
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "10m")]
    timeout: Duration,
}

pub(super) async fn wait(
    api: &dyn Api,
    args: &Several,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let call = CallOptions::default().with_timeout(args.timeout);
    let ids = once_each(&args.actions);
    let mut interrupt = terminal.interrupt();
    let mut progress = terminal.progress();
    progress.show(&format!("waiting for {} to end", actions(ids.len())));
    let show = |action: &Action| {
        let (id, kind, status) = (action.id(), &action.r#type, &action.status);
        progress.show(&format!("{id}: {kind} is {status}"));
    };
    let ended = tokio::select! {
        biased;
        ended = wait_for_actions(api, &ids, &call, show) => {
            ended.map_err(|error| gave_up(&error, args, global))?
        }
        () = &mut interrupt => return Err(interrupted(args, global)),
    };
    drop(progress);
    output::list(terminal, &global.view, &ended)?;
    let failed = ended
        .iter()
        .filter(|action| action.status == ActionStatus::Errored);
    Ok(match failed.count() {
        0 => Exit::Done,
        all if all == ended.len() => Exit::Error,
        _ => Exit::Partial,
    })
}

/// An action that is named twice is waited for once.
fn once_each(ids: &[ActionId]) -> Vec<ActionId> {
    let mut once: Vec<ActionId> = Vec::with_capacity(ids.len());
    for id in ids {
        if !once.contains(id) {
            once.push(id.clone());
        }
    }
    once
}

fn actions(number: usize) -> String {
    match number {
        1 => "1 action".into(),
        several => format!("{several} actions"),
    }
}

fn gave_up(error: &Error, args: &Several, global: &Global) -> Failure {
    match error.kind() {
        ErrorKind::Deadline => {
            let what = format!(
                "not all of the actions have ended after {}",
                elapsed(args.timeout)
            );
            let mut failure = to_go_on(Failure::of(error, what), args, global);
            failure.exit = Exit::StillRunning;
            failure
        }
        _ => Failure::of(error, "it is unknown whether the actions have ended"),
    }
}

fn interrupted(args: &Several, global: &Global) -> Failure {
    let why = "what has not ended goes on in the cloud";
    let failure = Failure::new(Exit::Interrupted, "interrupted while waiting", why);
    to_go_on(failure, args, global)
}

fn to_go_on(failure: Failure, args: &Several, global: &Global) -> Failure {
    let mut command = String::from("action wait");
    for id in &args.actions {
        command.push_str(&format!(" {id}"));
    }
    failure.instead(format!("to wait on: {}", global.command(&command)))
}
