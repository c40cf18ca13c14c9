//! Completion in a shell: commands and flags, and the names and ids of what there
//! is in the cloud.
//!
//! The shell runs this program at each Tab, so it must never ask, wait for long, or
//! fail loudly. What the cloud answered is kept for a while; a cloud that doesn't
//! answer in time, or at all, is completed from what it answered last.

mod cache;
mod fixed;
mod quoting;
mod things;

use std::ffi::OsStr;
use std::sync::mpsc;
use std::time::Duration;

use clap::{Arg, Args, Command, Parser, ValueEnum, ValueHint};
use clap_complete::env::{CompleteEnv, Shells};
use clap_complete::{ArgValueCompleter, CompletionCandidate};

use crate::args::{self, Cli, Global};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::settings::Environment;
use crate::terminal::Terminal;
use cache::Cache;
use fixed::Fixed;
use quoting::Quoting;
use things::{Item, Kind};

/// The variable by which a shell's script asks for completion.
const VARIABLE: &str = "COMPLETE";

/// What the program is called in a shell.
const NAME: &str = "cloudsfor";

/// The longest that a Tab may take.
const AT_MOST: Duration = Duration::from_millis(1500);

/// The shells that can be completed in.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// Print the script that makes a shell complete commands, names and ids.
///
/// Once for the shell that runs, or from its start-up file:
///
///   bash:  source <(cloudsfor completion bash)     in ~/.bashrc
///   zsh:   source <(cloudsfor completion zsh)      in ~/.zshrc, after compinit
///   fish:  cloudsfor completion fish | source      in ~/.config/fish/config.fish
#[derive(Args)]
#[command(
    verbatim_doc_comment,
    about = "Print the script that makes a shell complete commands, names and ids"
)]
pub(crate) struct Completion {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script.
pub(crate) fn print(args: &Completion, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let shell = match args.shell {
        Shell::Bash => "bash",
        Shell::Zsh => "zsh",
        Shell::Fish => "fish",
    };
    terminal.out().write_all(script(shell).as_bytes())?;
    Ok(Exit::Done)
}

/// The script for a shell: `bash`, `zsh` or `fish`.
pub(crate) fn script(shell: &str) -> String {
    let mut script = Vec::new();
    if let Some(completer) = Shells::builtins().completer(shell) {
        // Writing into memory doesn't fail.
        let _ = completer.write_registration(VARIABLE, NAME, NAME, NAME, &mut script);
    }
    String::from_utf8_lossy(&script).trim_start().to_owned()
}

/// Answers a shell that asks for completion, and ends the process; returns if none
/// asks.
pub(crate) fn answer_a_shell() {
    let shell = std::env::var(VARIABLE).unwrap_or_default();
    if !shell.is_empty() {
        let quoting = Quoting::of(&shell);
        let env = CompleteEnv::with_factory(|| command(quoting));
        env.bin(NAME).completer(NAME).complete();
    }
}

/// The whole command line with completers for what is in the cloud.
fn command(quoting: Quoting) -> Command {
    let mut command = args::command();
    command.build();
    with_things(command, "", quoting)
}

fn with_things(command: Command, noun: &str, quoting: Quoting) -> Command {
    let verb = command.get_name().to_owned();
    let noun_of_below = if noun.is_empty() && verb != NAME {
        verb.clone()
    } else {
        noun.to_owned()
    };
    command
        .mut_args(|arg| with_values(arg, &noun_of_below, &verb, quoting))
        .mut_subcommands(|below| with_things(below, &noun_of_below, quoting))
}

/// The argument with what completes it: what the cloud has, fixed values, or paths.
fn with_values(arg: Arg, noun: &str, verb: &str, quoting: Quoting) -> Arg {
    let id = arg.get_id().as_str();
    if let Some(kind) = Kind::of(noun, verb, id) {
        let complete = move |current: &OsStr| candidates(kind, current, quoting);
        return arg.add(ArgValueCompleter::new(complete));
    }
    if let Some(fixed) = Fixed::of(noun, id) {
        let (noun, verb) = (noun.to_owned(), verb.to_owned());
        let complete = move |current: &OsStr| {
            let current = current.to_string_lossy();
            fixed.values(&noun, &verb, &current)
        };
        return arg.add(ArgValueCompleter::new(complete));
    }
    let names = arg.get_value_names().unwrap_or_default();
    match names.first().map(|name| name.as_str()) {
        Some("FILE") => arg.value_hint(ValueHint::FilePath),
        Some("DIR") => arg.value_hint(ValueHint::DirPath),
        _ => arg,
    }
}

fn candidates(kind: Kind, current: &OsStr, quoting: Quoting) -> Vec<CompletionCandidate> {
    let Some(current) = current.to_str() else {
        return Vec::new();
    };
    let words: Vec<String> = std::env::args()
        .skip_while(|word| word != "--")
        .skip(1)
        .collect();
    let items = match global(&words) {
        Some(global) => items(kind, global),
        None => Vec::new(),
    };
    matching(&items, current, quoting)
}

/// Names at once, ids when they are begun; after `id:` and `name:` those alone.
fn matching(items: &[Item], current: &str, quoting: Quoting) -> Vec<CompletionCandidate> {
    let current = quoting.unquoted(current);
    let (prefix, current) = ["id:", "name:"]
        .into_iter()
        .find_map(|prefix| Some((prefix, current.strip_prefix(prefix)?)))
        .unwrap_or(("", &current));
    let begun = |item: &&Item| {
        let is_asked = match prefix {
            "id:" => item.is_id,
            "name:" => !item.is_id,
            _ => !(item.is_id && current.is_empty()),
        };
        is_asked && item.value.starts_with(current)
    };
    items
        .iter()
        .filter(begun)
        .map(|item| {
            let help = (!item.help.is_empty()).then(|| item.help.clone().into());
            let value = format!("{prefix}{}", quoting.quoted(&item.value));
            CompletionCandidate::new(value).help(help)
        })
        .collect()
}

/// The flags that say which cloud is meant, out of a command that isn't whole yet.
fn global(words: &[String]) -> Option<Global> {
    let mut kept = vec![NAME.to_owned(), "account".to_owned(), "get".to_owned()];
    let valued = ["--profile", "--data-dir", "--endpoint", "--email"];
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let (flag, value) = match word.split_once('=') {
            Some((flag, value)) => (flag, Some(value.to_owned())),
            None => (word.as_str(), None),
        };
        if flag == "--local" {
            kept.push(word.clone());
        } else if valued.contains(&flag)
            && let Some(value) = value.or_else(|| words.next().cloned())
        {
            kept.extend([flag.to_owned(), value]);
        }
    }
    Cli::try_parse_from(kept).ok().map(|cli| cli.global)
}

/// What there is: by the cache while that is fresh, else as the cloud answers in
/// time, else by the cache however old.
fn items(kind: Kind, global: Global) -> Vec<Item> {
    let Ok(environment) = Environment::of_process() else {
        return Vec::new();
    };
    if kind == Kind::Profile {
        let config = environment.config();
        let names = config.map(|config| config.names().into_iter().map(Item::name).collect());
        return names.unwrap_or_default();
    }
    let cache = Cache::of(kind, &global, &environment);
    if let Some(fresh) = cache.as_ref().and_then(Cache::fresh) {
        return fresh;
    }
    let (sender, receiver) = mpsc::channel();
    // A thread that hangs ends with the process.
    std::thread::spawn(move || {
        let _ = sender.send(things::fetch(kind, &global, &environment));
    });
    match receiver.recv_timeout(AT_MOST) {
        Ok(Some(items)) => {
            if let Some(cache) = &cache {
                cache.keep(&items);
            }
            items
        }
        _ => cache.and_then(|cache| cache.old()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn the_cloud_is_the_one_of_the_flags_so_far() {
        let typed = words("cloudsfor vm delete --local --data-dir /x -o js");
        let found = global(&typed).unwrap();
        assert!(found.local);
        assert_eq!(found.data_dir.as_deref(), Some("/x".as_ref()));
        let typed = words("cloudsfor --profile=work vm get --nonsense");
        assert_eq!(global(&typed).unwrap().profile.as_deref(), Some("work"));
        assert!(global(&words("cloudsfor --profile")).is_some());
    }

    #[test]
    fn names_come_at_once_and_ids_when_they_are_begun() {
        let id = Item {
            value: "9a33".into(),
            help: "web".into(),
            is_id: true,
        };
        let items = [Item::name("web"), Item::name("db"), id];
        let values = |current: &str| -> Vec<_> {
            let found = matching(&items, current, Quoting::ByShell);
            found
                .iter()
                .map(|c| c.get_value().to_string_lossy().into_owned())
                .collect()
        };
        assert_eq!(values(""), ["web", "db"]);
        assert_eq!(values("w"), ["web"]);
        assert_eq!(values("9"), ["9a33"]);
        assert_eq!(values("id:"), ["id:9a33"]);
        assert_eq!(values("name:w"), ["name:web"]);
    }

    #[test]
    fn bash_gets_a_word_in_which_nothing_is_executed() {
        let items = [
            Item::name("my laptop"),
            Item::name("$(touch${IFS}x)"),
            Item::name("/tmp/s*"),
        ];
        let values = |current: &str| -> Vec<_> {
            let found = matching(&items, current, Quoting::ByUs);
            let text = |c: &CompletionCandidate| c.get_value().to_string_lossy().into_owned();
            found.iter().map(text).collect()
        };
        assert_eq!(values("my"), [r"my\ laptop"]);
        assert_eq!(values(r"my\ l"), [r"my\ laptop"]);
        assert_eq!(values("$"), [r"\$\(touch\$\{IFS\}x\)"]);
        assert_eq!(values("/tmp"), [r"/tmp/s\*"]);
    }

    #[test]
    fn every_argument_that_names_something_is_completed() {
        let command = command(Quoting::ByShell);
        for (path, arg) in [
            ("vm get", "which"),
            ("vm stop", "named"),
            ("vm create", "region"),
            ("vm create", "image"),
            ("vm create", "ssh_keys"),
            ("vm restore", "image"),
            ("network join", "network"),
            ("network join", "vm"),
            ("key delete", "named"),
            ("domain record list", "domain"),
            ("action wait", "actions"),
        ] {
            let below = path.split(' ').fold(&command, |command, name| {
                command.find_subcommand(name).unwrap()
            });
            let arg = below.get_arguments().find(|a| a.get_id() == arg).unwrap();
            assert!(arg.get::<ArgValueCompleter>().is_some(), "{path} {arg}");
        }
    }

    #[test]
    fn files_and_fixed_values_are_completed() {
        let command = command(Quoting::ByShell);
        for (path, arg) in [
            ("apply", "file"),
            ("key create", "file"),
            ("vm create", "user_data"),
            ("serve restore", "file"),
            ("serve", "password_file"),
            ("api", "input"),
        ] {
            let below = path.split(' ').fold(&command, |command, name| {
                command.find_subcommand(name).unwrap()
            });
            let arg = below.get_arguments().find(|a| a.get_id() == arg).unwrap();
            assert_eq!(arg.get_value_hint(), ValueHint::FilePath, "{path} {arg}");
        }
        for (path, arg) in [
            ("vm list", "output"),
            ("vm list", "columns"),
            ("vm list", "conditions"),
            ("vm list", "status"),
            ("domain record create", "kind"),
        ] {
            let below = path.split(' ').fold(&command, |command, name| {
                command.find_subcommand(name).unwrap()
            });
            let arg = below.get_arguments().find(|a| a.get_id() == arg).unwrap();
            assert!(arg.get::<ArgValueCompleter>().is_some(), "{path} {arg}");
        }
    }

    #[test]
    fn scripts_name_no_path_of_this_machine() {
        for shell in ["bash", "zsh", "fish"] {
            let script = script(shell);
            assert!(
                script.contains("COMPLETE") && !script.contains("target"),
                "{script}"
            );
        }
        assert_eq!(script("none"), "");
    }
}
