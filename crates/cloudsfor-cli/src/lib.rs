//! The command line of CloudsFor.
//!
//! A noun (`vm`, `key`) has a file or a folder; a verb turns its arguments into
//! calls on `&dyn Api` and says what to show. What the verbs of nouns have in common
//! (list, get, create, delete) is in `kinds`. How things look is decided in
//! `output`, what a terminal can do in `terminal`, how the command ends in `exit`.

mod account;
mod action;
mod api;
mod apply;
mod args;
mod child;
mod complete;
mod confirm;
mod connect;
mod domain;
mod events;
mod exit;
mod failure;
#[cfg(test)]
mod golden;
mod image;
mod key;
mod kinds;
mod local;
mod login;
mod network;
mod nouns;
mod output;
mod profile;
mod region;
#[cfg(feature = "serve")]
mod serve;
mod settings;
mod snapshot;
mod terminal;
#[cfg(test)]
mod testing;
mod text_file;
mod topics;
mod usage;
mod vm;
mod wire;

use std::mem::ManuallyDrop;
use std::process::ExitCode;

use clap::FromArgMatches;
use cloudsfor_core::Api;
use tokio::runtime;

use args::{Cli, Global};
use exit::Exit;
use failure::Failure;
use nouns::{Alone, CloudNoun, Noun, Verbs};
use settings::Environment;
use terminal::Terminal;

/// The command line, for what is generated from it: manual pages, the reference. To be
/// [built](clap::Command::build) before one looks at what is below a noun.
pub fn command() -> clap::Command {
    args::command()
}

/// The script that makes a shell (`bash`, `zsh`, `fish`) ask this program what to
/// complete; empty for any other.
pub fn completion_script(shell: &str) -> String {
    complete::script(shell)
}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    complete::answer_a_shell();
    let args: Vec<_> = std::env::args_os().collect();
    // Ends with the process: to take it apart takes a good part of a start.
    let mut command = ManuallyDrop::new(args::command());
    let parsed = command
        .try_get_matches_from_mut(&args)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let mut cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return usage::explain(&error, &args).into(),
    };
    let mut terminal = Terminal::of_process(cli.global.quiet, cli.global.verbosity() == 0);
    finish(execute(&mut cli, &mut terminal), &cli, &mut terminal).into()
}

fn execute(cli: &mut Cli, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let Cli { global, noun } = cli;
    match noun {
        Noun::Cloud(noun) => on(runtime::Builder::new_current_thread(), async {
            let connection =
                connect::connect(global, &Environment::of_process()?, terminal).await?;
            global.view.usual_columns.clone_from(&connection.columns);
            let ended = in_cloud(&connection.client, noun, global, terminal).await;
            let ended = connection.wire.conclude(ended, global, terminal);
            connection.close(is_time_up(&ended)).await;
            ended
        }),
        Noun::Api(Alone(args)) => on(runtime::Builder::new_current_thread(), async {
            let connection =
                connect::connect(global, &Environment::of_process()?, terminal).await?;
            let ended = api::api(&connection.client, args, global, terminal).await;
            let ended = connection.wire.conclude(ended, global, terminal);
            connection.close(is_time_up(&ended)).await;
            ended
        }),
        Noun::Completion(Alone(args)) => complete::print(args, terminal),
        Noun::Login(Alone(args)) => on(runtime::Builder::new_current_thread(), async {
            login::login(args, global, &Environment::of_process()?, terminal).await
        }),
        Noun::Profile(Verbs(verb)) => on(runtime::Builder::new_current_thread(), async {
            profile::run(verb, global, &Environment::of_process()?, terminal).await
        }),
        #[cfg(feature = "serve")]
        Noun::Serve(args) => on(runtime::Builder::new_multi_thread(), async {
            serve::run(&args.0, global, Environment::of_process()?, terminal).await
        }),
    }
}

/// Whether the user has waited for as long as he said: then nothing else is waited for.
fn is_time_up(ended: &Result<Exit, Failure>) -> bool {
    let exit = match ended {
        Ok(exit) => *exit,
        Err(failure) => failure.exit,
    };
    [Exit::StillRunning, Exit::Interrupted].contains(&exit)
}

async fn in_cloud(
    api: &dyn Api,
    noun: &CloudNoun,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    match noun {
        CloudNoun::Vm(Verbs(verb)) => vm::run(api, verb, global, terminal).await,
        CloudNoun::Snapshot(Verbs(verb)) => snapshot::run(api, verb, global, terminal).await,
        CloudNoun::Action(Verbs(verb)) => action::run(api, verb, global, terminal).await,
        CloudNoun::Image(Verbs(verb)) => image::run(api, verb, global, terminal).await,
        CloudNoun::Key(Verbs(verb)) => key::run(api, verb, global, terminal).await,
        CloudNoun::Network(Verbs(verb)) => network::run(api, verb, global, terminal).await,
        CloudNoun::Domain(Verbs(verb)) => domain::run(api, verb, global, terminal).await,
        CloudNoun::Region(Verbs(verb)) => region::run(api, verb, global, terminal).await,
        CloudNoun::Apply(Alone(args)) => apply::apply(api, args, global, terminal).await,
        CloudNoun::Events(Alone(args)) => events::events(api, args, global, terminal).await,
        CloudNoun::Account(Verbs(verb)) => account::run(api, verb, global, terminal).await,
    }
}

fn on(
    mut runtime: runtime::Builder,
    command: impl Future<Output = Result<Exit, Failure>>,
) -> Result<Exit, Failure> {
    let runtime = runtime.enable_all().build().map_err(|error| {
        Failure::new(
            Exit::Error,
            "the command could not start",
            error.to_string(),
        )
        .next("free some memory or file handles, then try again")
    })?;
    runtime.block_on(command)
}

/// Shows what is still to be shown, and says how the command ended.
fn finish(result: Result<Exit, Failure>, cli: &Cli, terminal: &mut Terminal) -> Exit {
    let flushed = terminal.flush().map_err(Failure::from);
    match result.and_then(|exit| flushed.map(|()| exit)) {
        Ok(exit) => exit,
        Err(failure) => {
            output::failure::failure(terminal, &cli.global.view.output, &failure);
            failure.exit
        }
    }
}
