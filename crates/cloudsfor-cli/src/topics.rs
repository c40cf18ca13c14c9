//! Help on what isn't about one command: `cloudsfor help environment`.

use clap::Command;

use crate::exit::Exit;

/// Makes a command the help on a topic.
type Tell = fn(Command) -> Command;

/// The topics, each told when it is asked for.
const TOPICS: [(&str, Tell); 3] = [
    ("exit-codes", |command| telling(command, Exit::help())),
    ("environment", |command| {
        telling(command, include_str!("topics/environment.txt").into())
    }),
    ("formatting", |command| {
        telling(command, include_str!("topics/formatting.txt").into())
    }),
];

/// A command whose help is all there is of it.
fn telling(command: Command, text: String) -> Command {
    command
        .about(text.clone())
        .long_about(text)
        .help_template("{about}")
        .disable_help_flag(true)
        .arg_required_else_help(true)
}

/// The command line with its topics, as hidden commands.
pub(crate) fn added_to(command: Command) -> Command {
    TOPICS.into_iter().fold(command, |command, (name, tell)| {
        command.subcommand(Command::new(name).hide(true).defer(tell))
    })
}

/// The text of the topic of this name.
#[cfg(test)]
pub(crate) fn text(name: &str) -> Option<String> {
    let (name, tell) = TOPICS.into_iter().find(|(topic, _)| *topic == name)?;
    Some(tell(Command::new(name)).get_about()?.to_string())
}
