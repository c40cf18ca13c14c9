//! Help on what isn't about one command: `cloudsfor help environment`.

use clap::Command;

use crate::exit::Exit;

/// The topics, each with its text.
fn topics() -> [(&'static str, String); 3] {
    [
        ("exit-codes", Exit::help()),
        ("environment", include_str!("topics/environment.txt").into()),
        ("formatting", include_str!("topics/formatting.txt").into()),
    ]
}

/// The command line with its topics: hidden commands whose help is all there is of
/// them.
pub(crate) fn added_to(command: Command) -> Command {
    topics().into_iter().fold(command, |command, (name, text)| {
        let topic = Command::new(name)
            .hide(true)
            .about(text.clone())
            .long_about(text)
            .help_template("{about}")
            .disable_help_flag(true)
            .arg_required_else_help(true);
        command.subcommand(topic)
    })
}

/// The text of the topic of this name.
#[cfg(test)]
pub(crate) fn text(name: &str) -> Option<String> {
    let mut topics = topics().into_iter();
    topics
        .find(|(topic, _)| *topic == name)
        .map(|(_, text)| text)
}
