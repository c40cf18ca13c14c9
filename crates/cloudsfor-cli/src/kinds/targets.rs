//! Several targets of one command: as arguments, and from standard input.

use std::fmt;
use std::str::FromStr;

use clap::Args;
use cloudsfor_core::Api;

use super::find::find;
use super::{Findable, Selects};
use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Resource;
use crate::terminal::Terminal;

/// The most that is read from standard input, in bytes: a hundred thousand ids.
const INPUT_MAX: u64 = 4 << 20;

/// The things that a command is for, one at least.
#[derive(Args)]
pub(crate) struct Targets<S: Selects> {
    /// Their names or ids (`name:` and `id:` before one say which); `-` reads more
    /// from standard input, one a line
    #[arg(required = true, value_name = "NAME|ID")]
    pub(crate) named: Vec<Target<S>>,
}

/// One argument.
#[derive(Debug, Clone)]
pub(crate) enum Target<S> {
    One(S),
    /// `-`
    Input,
}

impl<S: Selects> FromStr for Target<S> {
    type Err = Box<dyn std::error::Error + Send + Sync>;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "-" => Ok(Self::Input),
            text => text.parse().map(Self::One).map_err(Into::into),
        }
    }
}

impl<S: fmt::Display> fmt::Display for Target<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(one) => one.fmt(f),
            Self::Input => f.pad("-"),
        }
    }
}

impl<S: Selects> Targets<S> {
    /// All that were named, as arguments or in standard input. None is no error: what
    /// a list let through may be nothing, and then there is nothing to do.
    pub(crate) fn all(&self, global: &Global, terminal: &mut Terminal) -> Result<Vec<S>, Failure> {
        let mut all = Vec::new();
        for target in &self.named {
            match target {
                Target::One(one) => all.push(one.clone()),
                Target::Input => all.extend(read(global, terminal)?),
            }
        }
        if all.is_empty() {
            terminal.note("Nothing to do: standard input has no lines.");
        }
        Ok(all)
    }
}

fn read<S: Selects>(global: &Global, terminal: &mut Terminal) -> Result<Vec<S>, Failure> {
    if global.password_stdin {
        return Err(unusable("it holds the password already".into())
            .next("set CLOUDSFOR_PASSWORD, or use a profile"));
    }
    let bytes = terminal.read_input(INPUT_MAX + 1)?;
    if bytes.len() as u64 > INPUT_MAX {
        return Err(unusable(format!("it is longer than {INPUT_MAX} bytes"))
            .next("pipe fewer names or ids in at once"));
    }
    let text = String::from_utf8(bytes).map_err(|_| unusable("it is not UTF-8 text".into()))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            line.parse::<S>().map_err(|error| {
                let error: Box<dyn std::error::Error + Send + Sync> = error.into();
                unusable(format!("of the line {line:?}: {error}")).next(format!(
                    "pipe names or ids in, one a line: {}",
                    global.command("vm list -o id")
                ))
            })
        })
        .collect()
}

fn unusable(why: String) -> Failure {
    let what = "nothing was done: standard input can't be used for `-`";
    Failure::new(Exit::Usage, what, why)
}

/// Each target once, though it be named twice. All are found before any is
/// touched, so that a slip in one name changes none.
pub(crate) async fn find_each<C: Findable>(
    collection: &C,
    api: &dyn Api,
    selectors: &[C::Selector],
    global: &Global,
    undone: &str,
) -> Result<Vec<C::Item>, Failure> {
    let mut targets: Vec<C::Item> = Vec::with_capacity(selectors.len());
    let mut seen = std::collections::HashSet::new();
    for selector in selectors {
        let target = find(collection, api, selector, global, undone).await?;
        if seen.insert(target.id().into_owned()) {
            targets.push(target);
        }
    }
    Ok(targets)
}
