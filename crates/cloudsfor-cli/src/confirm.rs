//! Asking before something is lost.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// A question, and what isn't done without a yes.
pub(crate) struct Confirmation<'a> {
    /// `nothing was deleted`
    pub(crate) undone: &'a str,
    /// The question for so many targets: `Delete 2 VMs?`
    pub(crate) question: &'a dyn Fn(usize) -> String,
}

impl Confirmation<'_> {
    /// Refuses what would need a question that nobody can answer, before anything
    /// is looked up.
    pub(crate) fn possible(&self, terminal: &Terminal) -> Result<(), Failure> {
        if terminal.can_ask() {
            return Ok(());
        }
        let why = "there is no terminal to ask on whether this may really be done";
        Err(Failure::new(Exit::Usage, self.undone, why)
            .next("repeat the command with --yes if it may"))
    }
}

/// Says what is lost, and asks whether that is meant.
pub(crate) fn confirmed(
    confirmation: &Confirmation<'_>,
    warning: &str,
    losses: &[String],
    terminal: &mut Terminal,
) -> Result<bool, Failure> {
    terminal.say(warning);
    for loss in losses {
        terminal.say(&format!("  {loss}"));
    }
    let question = (confirmation.question)(losses.len());
    let confirmed = terminal.confirm(&question).map_err(|error| {
        Failure::new(Exit::Error, confirmation.undone, error.to_string())
            .next("repeat the command with --yes if this may be done")
    })?;
    if !confirmed {
        let mut undone = confirmation.undone.to_owned();
        undone[..1].make_ascii_uppercase();
        terminal.note(&format!("{undone}."));
    }
    Ok(confirmed)
}
