//! Arguments that can't be used, and calls for help.

use std::ffi::OsString;

use clap::Error;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::clean::acts_on_terminals;
use crate::output::{self, Format};
use crate::terminal::Terminal;

/// Shows what clap has to say to these arguments.
pub(crate) fn explain(error: &Error, args: &[OsString]) -> Exit {
    if !error.use_stderr() {
        // Help that nobody reads to its end is no error.
        let _ = error.print();
        return Exit::Done;
    }
    let mut terminal = Terminal::of_process(false, true);
    if asks_for_json(args) {
        output::failure::failure(&mut terminal, &Format::Json, &failure(error));
    } else if args.iter().any(acts) {
        // clap repeats what was given as it is, so its own colours go too.
        for line in error.render().to_string().lines() {
            terminal.say(line);
        }
    } else {
        let _ = error.print();
    }
    Exit::Usage
}

fn acts(arg: &OsString) -> bool {
    arg.to_string_lossy().contains(acts_on_terminals)
}

/// The arguments as a whole could not be read, so they are looked at one by one.
fn asks_for_json(args: &[OsString]) -> bool {
    let is = |arg: &OsString, texts: &[&str]| texts.iter().any(|text| arg == text);
    args.iter()
        .any(|arg| is(arg, &["-ojson", "-o=json", "--output=json"]))
        || args
            .windows(2)
            .any(|pair| is(&pair[0], &["-o", "--output"]) && is(&pair[1], &["json"]))
}

fn failure(error: &Error) -> Failure {
    let text = error.render().to_string();
    let reason = text.lines().take_while(|line| !line.is_empty());
    let reason: Vec<_> = reason.map(str::trim).collect();
    let reason = reason.join(" ");
    let why = reason.strip_prefix("error: ").unwrap_or(&reason);
    Failure::new(Exit::Usage, "the arguments can't be used", why)
        .next("add --help to see which can")
}
