//! What can be said on the command line, beside what each noun adds.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{ArgAction, Args, Command, CommandFactory, Parser, ValueEnum};
use cloudsfor_core::CallOptions;
use cloudsfor_types::{FieldFault, VmId, id};
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::nouns::Noun;
use crate::output::{self, View};
use crate::terminal::Terminal;
use crate::topics;
use crate::vm::goal::Goal;

/// Virtual machines on CloudsFor, or on a cloud of your own.
#[derive(Parser)]
#[command(
    name = "cloudsfor",
    version,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Help on more than one command: cloudsfor help exit-codes, environment, formatting"
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,

    #[command(subcommand)]
    pub(crate) noun: Noun,
}

/// The command line as it is read. What a noun takes is made when it is asked for, the
/// global options among it: making all of it takes longer than the rest of a start.
/// Whoever looks at it from outside has to [build](Command::build) it first.
pub(crate) fn command() -> Command {
    topics::added_to(Cli::command())
}

/// What can be said of every command.
#[derive(Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Use the cloud embedded in this program
    #[arg(long, conflicts_with = "endpoint", overrides_with = "local")]
    pub(crate) local: bool,

    /// Use this profile (see `cloudsfor profile`); `local` is the service that
    /// `cloudsfor serve` runs here, as its first account [env: CLOUDSFOR_PROFILE]
    #[arg(long, value_name = "NAME", conflicts_with = "local",
          value_parser = NonEmptyStringValueParser::new())]
    pub(crate) profile: Option<String>,

    /// Where the service and the embedded cloud keep their data [env: CLOUDSFOR_DATA_DIR]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,

    /// How real VMs of the service and the embedded cloud run: by the processor (`kvm`),
    /// emulated (`tcg`), or `auto`, which tries whether they really run by KVM [default:
    /// auto] [env: CLOUDSFOR_ACCELERATION]
    #[arg(long, value_name = "HOW", value_parser = ["auto", "kvm", "tcg"])]
    pub(crate) acceleration: Option<String>,

    /// The API's base URL; /api/v1 is added when it has no path [env: CLOUDSFOR_ENDPOINT]
    #[arg(long, value_name = "URL",
          value_parser = NonEmptyStringValueParser::new())]
    pub(crate) endpoint: Option<String>,

    /// A file with certificate authorities to trust beside the system's, or with the
    /// server's own certificate, in PEM [env: CLOUDSFOR_CA_FILE]
    #[arg(long, value_name = "FILE", conflicts_with = "local")]
    pub(crate) ca_file: Option<PathBuf>,

    /// The account's e-mail [env: CLOUDSFOR_EMAIL]
    #[arg(long, value_name = "EMAIL",
          value_parser = NonEmptyStringValueParser::new())]
    pub(crate) email: Option<String>,

    /// Read the password from standard input; else it is taken from the
    /// environment (CLOUDSFOR_PASSWORD) or asked for on a terminal
    #[arg(long, conflicts_with = "password")]
    pub(crate) password_stdin: bool,

    /// The password, which others can then see in the list of processes
    #[arg(long, value_name = "PASSWORD")]
    pub(crate) password: Option<String>,

    /// The HTTP library; hyper takes no proxies from the environment
    #[arg(long, value_enum, default_value_t)]
    pub(crate) backend: Backend,

    /// The longest that one call to the API may take: 90s, 2m
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) request_timeout: Option<Duration>,

    /// Show the requests that would change something, and send none of them
    #[arg(long)]
    pub(crate) dry_run: bool,

    #[command(flatten)]
    pub(crate) view: View,

    /// Trace requests and answers on standard error; twice (or --debug) with their
    /// headers and bodies, but without secrets
    #[arg(short, long, action = ArgAction::Count)]
    verbose: u8,

    /// Trace requests and answers with headers and bodies, but without secrets
    #[arg(long)]
    debug: bool,

    /// Say nothing but results and errors
    #[arg(short, long, overrides_with = "quiet")]
    pub(crate) quiet: bool,
}

/// The HTTP libraries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Backend {
    #[default]
    Reqwest,
    Hyper,
}

impl Global {
    /// Adds the options to a noun, where they may stand as well as before it.
    pub(crate) fn add_to(noun: Command) -> Command {
        // Made apart, as they bring a description of themselves along.
        let options = Self::augment_args(Command::new(""));
        let options = options.get_arguments().cloned();
        noun.args(options.map(|option| option.global(true)))
    }

    /// The option that says the password, if one does.
    pub(crate) fn password_flag(&self) -> Option<&'static str> {
        let by_input = self.password_stdin.then_some("--password-stdin");
        by_input.or(self.password.as_ref().map(|_| "--password"))
    }

    /// How much is traced: 0 for nothing, 2 for all.
    pub(crate) fn verbosity(&self) -> u8 {
        if self.debug { 2 } else { self.verbose.min(2) }
    }

    /// The options of each call to the API.
    pub(crate) fn call(&self) -> CallOptions {
        match self.request_timeout {
            Some(timeout) => CallOptions::default().with_timeout(timeout),
            None => CallOptions::default(),
        }
    }

    /// Tells of a failure that doesn't end the command.
    pub(crate) fn tell_failure(&self, terminal: &mut Terminal, failure: &Failure) {
        // A request that isn't sent in a dry run is shown at its end.
        if !self.dry_run {
            output::failure::failure(terminal, &self.view.output, failure);
        }
    }

    /// A command to go on with, which reaches the same cloud as this one.
    pub(crate) fn command(&self, rest: &str) -> String {
        let mut command = String::from("cloudsfor");
        if self.local {
            command.push_str(" --local");
        }
        let dir = self.data_dir.as_ref().map(|dir| dir.to_string_lossy());
        let ca_file = self.ca_file.as_ref().map(|file| file.to_string_lossy());
        for (flag, value) in [
            ("--profile", self.profile.as_deref()),
            ("--data-dir", dir.as_deref()),
            ("--endpoint", self.endpoint.as_deref()),
            ("--ca-file", ca_file.as_deref()),
            ("--email", self.email.as_deref()),
        ] {
            if let Some(value) = value {
                command.push_str(&format!(" {flag} {}", quote(value)));
            }
        }
        format!("{command} {rest}")
    }
}

/// Whether, for what and how long to wait for what a command begins.
#[derive(Args)]
pub(crate) struct Waiting {
    /// Don't wait until it is done
    #[arg(long)]
    pub(crate) no_wait: bool,

    #[command(flatten)]
    pub(crate) goal: Goal,
}

/// The text as a shell takes it for one word.
pub(crate) fn quote(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./_-".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// An id as an argument that selects this VM and no other.
pub(crate) fn selector(vm: &VmId) -> String {
    if id::is_canonical(vm.as_str()) {
        vm.to_string()
    } else {
        format!("id:{vm}")
    }
}

/// Reads `90s`, `2m`, `1h30m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || match text.parse::<u64>() {
        Ok(number) if number > 0 => format!("must have a unit: {number}s, {number}m or {number}h"),
        _ => "must be a time longer than nothing, such as 90s, 2m or 1h30m".to_owned(),
    };
    let duration: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    match Duration::try_from(duration) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err(wrong()),
    }
}

/// Reads a number; which ones are allowed, the rules of a request say.
pub(crate) fn number(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err("must be a number".into()),
    }
}

/// The labels as an object, in which each key can be only once.
pub(crate) fn labels(labels: &[(String, String)]) -> Result<Map<String, Value>, Vec<FieldFault>> {
    let mut object = Map::new();
    for (key, value) in labels {
        if object.insert(key.clone(), value.as_str().into()).is_some() {
            let fault = format!("must have each key once, and {key:?} is there twice");
            return Err(vec![FieldFault::new("labels", fault)]);
        }
    }
    Ok(object)
}

/// Reads `key=value`.
pub(crate) fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("must be KEY=VALUE".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;

    fn global(args: &[&str]) -> Global {
        let args = ["cloudsfor", "vm", "list"].iter().chain(args);
        Cli::try_parse_from(args).unwrap().global
    }

    #[test]
    fn a_global_option_may_stand_before_and_after_the_noun_and_the_verb() {
        for args in [
            &["--email", "a@b", "network", "list"][..],
            &["network", "--email", "a@b", "list"],
            &["network", "list", "--email", "a@b"],
            &["domain", "record", "list", "example.com", "--email=a@b"],
            &["--email=a@b", "domain", "record", "list", "example.com"],
            &["--email=a@b", "api", "/vms"],
            &["api", "/vms", "--email=a@b"],
        ] {
            let cli = Cli::try_parse_from(["cloudsfor"].iter().chain(args)).unwrap();
            assert_eq!(cli.global.email.as_deref(), Some("a@b"), "{args:?}");
        }
        let nearest = ["--email=a@b", "network", "list", "--email=c@d"];
        let cli = Cli::try_parse_from(["cloudsfor"].iter().chain(&nearest)).unwrap();
        assert_eq!(cli.global.email.as_deref(), Some("c@d"));
    }

    #[test]
    fn the_definitions_are_sound() {
        command().debug_assert();
    }

    #[test]
    fn help_is_what_its_golden_files_say() {
        let help = |path: &[&str]| {
            let args = ["cloudsfor"].iter().chain(path).chain(&["--help"]);
            let shown = command().term_width(100).try_get_matches_from(args);
            shown.unwrap_err().render().to_string()
        };
        golden::check("help/cloudsfor.txt", &help(&[]));
        let mut found: Vec<Vec<String>> = vec![Vec::new()];
        while let Some(path) = found.pop() {
            let names: Vec<_> = path.iter().map(String::as_str).collect();
            if let [topic] = names[..]
                && topics::text(topic).is_some()
            {
                continue;
            }
            if !names.is_empty() {
                golden::check(&format!("help/{}.txt", names.join("-")), &help(&names));
            }
            let mut root = command().disable_help_subcommand(true);
            root.build();
            let command = names.iter().fold(&root, |command, name| {
                command.find_subcommand(name).unwrap()
            });
            for below in command.get_subcommands() {
                found.push([&path[..], &[below.get_name().to_owned()]].concat());
            }
        }
    }

    #[test]
    fn topics_are_shown_as_they_are() {
        for topic in ["exit-codes", "environment", "formatting"] {
            for args in [
                ["cloudsfor", "help", topic].as_slice(),
                &["cloudsfor", topic],
            ] {
                let shown = command().try_get_matches_from(args).unwrap_err();
                let text = topics::text(topic).unwrap();
                assert_eq!(shown.render().to_string().trim_end(), text.trim_end());
                assert!(
                    text.lines().all(|line| line.chars().count() <= 80),
                    "{topic}"
                );
            }
        }
    }

    #[test]
    fn durations_have_units_and_are_longer_than_nothing() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("1h 30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        for wrong in ["", "90", "0s", "-5s", "5 apples", "1 month"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn labels_have_a_key() {
        assert_eq!(label("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert_eq!(label("a="), Ok(("a".into(), String::new())));
        assert!(label("a").is_err() && label("=b").is_err() && label("").is_err());
    }

    #[test]
    fn a_command_to_go_on_with_reaches_the_same_cloud() {
        assert_eq!(global(&[]).command("vm list"), "cloudsfor vm list");
        assert_eq!(
            global(&["--local", "--data-dir", "/a b"]).command("vm list"),
            "cloudsfor --local --data-dir '/a b' vm list"
        );
        assert_eq!(
            global(&["--endpoint", "http://h:1", "--email", "o'neil@example.com"]).command("x"),
            r"cloudsfor --endpoint http://h:1 --email 'o'\''neil@example.com' x"
        );
    }

    #[test]
    fn local_and_an_endpoint_contradict_each_other() {
        let args = [
            "cloudsfor",
            "vm",
            "list",
            "--local",
            "--endpoint",
            "http://h",
        ];
        assert!(Cli::try_parse_from(args).is_err());
    }

    #[test]
    fn an_id_of_another_form_is_named_as_one() {
        let canonical = "9a33ef4fec394360a88e3c60b78b5dbc";
        assert_eq!(selector(&VmId::new(canonical).unwrap()), canonical);
        assert_eq!(selector(&VmId::new("7").unwrap()), "id:7");
    }
}
