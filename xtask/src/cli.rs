//! `cargo xtask man`, `docs` and `completions`: what is told of the command line, as
//! the command line itself says it.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::builder::StyledStr;
use clap::{Arg, ArgAction, Command};
use clap_mangen::Man;

use crate::generated::{Generated, workspace};

/// The topics that are commands for `help` alone.
const TOPICS: [&str; 3] = ["exit-codes", "environment", "formatting"];

/// A manual page for each command.
pub(crate) fn man() -> Result<Generated, Box<dyn std::error::Error>> {
    let mut files = Generated::default();
    let folder = folder("man");
    files.own(&folder, ".1");
    for command in commands() {
        let name = command.get_display_name().unwrap_or(command.get_name());
        let mut page = Vec::new();
        // No version and no date, which would change the pages with each release.
        let man = Man::new(command.clone())
            .source("CloudsFor")
            .manual("CloudsFor");
        man.render(&mut page)?;
        let page = String::from_utf8(page)?;
        files.add(folder.join(format!("{name}.1")), page);
    }
    Ok(files)
}

/// The reference: all commands on one page.
pub(crate) fn docs() -> Generated {
    let mut page = String::from(
        "# The command line\n\nWhat `--help` says of each command. The global options, which \
         each command takes,\nare told of once, at the first.\n",
    );
    for command in commands() {
        describe(&command, &mut page);
    }
    let root = root();
    for topic in TOPICS {
        let command = root.find_subcommand(topic);
        let command = command.expect("the program has this topic");
        let text = plain(command.get_about());
        let _ = write!(
            page,
            "\n## cloudsfor help {topic}\n\n```text\n{}\n```\n",
            text.trim_end()
        );
    }
    let mut files = Generated::default();
    files.add(folder("docs").join("reference.md"), page);
    files
}

/// The scripts that make shells ask the program.
pub(crate) fn completions() -> Generated {
    let mut files = Generated::default();
    for (shell, file) in [
        ("bash", "cloudsfor.bash"),
        ("zsh", "_cloudsfor"),
        ("fish", "cloudsfor.fish"),
    ] {
        let script = cloudsfor_cli::completion_script(shell);
        files.add(folder("completions").join(file), script);
    }
    files
}

fn folder(name: &str) -> PathBuf {
    workspace().join("crates/cloudsfor-cli").join(name)
}

/// All commands, each with its whole name. The global options are the first one's
/// alone.
fn commands() -> Vec<Command> {
    let mut all = Vec::new();
    gather(&root(), &[], &mut all);
    all
}

fn root() -> Command {
    let mut root = cloudsfor_cli::command().disable_help_subcommand(true);
    root.build();
    root
}

fn gather(command: &Command, above: &[&str], all: &mut Vec<Command>) {
    if command.is_hide_set() {
        return;
    }
    let path = [above, &[command.get_name()]].concat();
    let told = command
        .clone()
        .display_name(path.join("-"))
        .bin_name(path.join(" "))
        .mut_args(|arg| {
            let is_said_elsewhere = arg.get_id() == "help" || !above.is_empty() && is_global(&arg);
            arg.hide(is_said_elsewhere)
        });
    all.push(told);
    for below in command.get_subcommands() {
        gather(below, &path, all);
    }
}

fn is_global(arg: &Arg) -> bool {
    arg.is_global_set() || arg.get_help_heading() == Some("Global options")
}

fn describe(command: &Command, page: &mut String) {
    let name = command.get_bin_name().unwrap_or(command.get_name());
    let about = command.get_long_about().or(command.get_about());
    let usage = plain(Some(&command.clone().render_usage()));
    let usage = usage.trim_start_matches("Usage: ");
    let _ = write!(page, "\n## {name}\n\n```text\n{usage}\n```\n\n");
    let about = plain(about);
    let _ = match about.trim_end() {
        // Examples in it are kept as they are.
        several if several.contains('\n') => writeln!(page, "```text\n{several}\n```"),
        line => writeln!(page, "{line}."),
    };
    let shown: Vec<_> = command
        .get_arguments()
        .filter(|arg| !arg.is_hide_set())
        .collect();
    if !shown.is_empty() {
        page.push('\n');
    }
    for arg in shown {
        let help = plain(arg.get_long_help().or(arg.get_help())).replace('\n', " ");
        let _ = writeln!(
            page,
            "- `{}`: {}{}",
            signature(arg),
            help.replace('|', "\\|"),
            values(arg)
        );
    }
}

/// How an argument is written: `-o, --output <FORMAT>`.
fn signature(arg: &Arg) -> String {
    let value = match arg.get_action() {
        ArgAction::Set | ArgAction::Append => arg
            .get_value_names()
            .map(|names| format!("<{}>", names.join("> <"))),
        _ => None,
    };
    let short = arg.get_short().map(|short| format!("-{short}"));
    let long = arg.get_long().map(|long| format!("--{long}"));
    let flags: Vec<_> = short.into_iter().chain(long).collect();
    match (flags.is_empty(), value) {
        (true, value) => value.unwrap_or_else(|| format!("<{}>", arg.get_id())),
        (false, Some(value)) => format!("{} {value}", flags.join(", ")),
        (false, None) => flags.join(", "),
    }
}

/// What values it takes, where they are known.
fn values(arg: &Arg) -> String {
    let known: Vec<_> = arg
        .get_possible_values()
        .iter()
        .map(|value| format!("`{}`", value.get_name()))
        .collect();
    let takes_any = known.is_empty() || !arg.get_action().takes_values();
    let mut text = if takes_any {
        String::new()
    } else {
        format!(" ({})", known.join(", "))
    };
    let usual: Vec<_> = arg
        .get_default_values()
        .iter()
        .map(|value| value.to_string_lossy())
        .collect();
    if !usual.is_empty() && arg.get_action().takes_values() {
        let _ = write!(text, " (default: `{}`)", usual.join(","));
    }
    text
}

fn plain(text: Option<&StyledStr>) -> String {
    text.map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_there_once_by_its_whole_name() {
        let all = commands();
        let names: Vec<_> = all.iter().filter_map(Command::get_display_name).collect();
        assert!(names.contains(&"cloudsfor-domain-record-list") && names[0] == "cloudsfor");
        assert!(
            TOPICS
                .iter()
                .all(|topic| !names.contains(&format!("cloudsfor-{topic}").as_str()))
        );
        let hidden = |command: &Command| {
            command
                .get_arguments()
                .all(|arg| !is_global(arg) || arg.is_hide_set())
        };
        assert!(all[1..].iter().all(hidden));
    }
}
