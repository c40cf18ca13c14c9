//! Progress: a moving line on a terminal, a line for each change elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Terminal;
use crate::output::clean::clean;

/// Shows what something that takes a while is doing. What moves is gone when
/// this is dropped.
pub(crate) struct Progress<'t> {
    terminal: &'t mut Terminal,
    spinner: Option<ProgressBar>,
    last: String,
}

impl<'t> Progress<'t> {
    pub(super) fn new(terminal: &'t mut Terminal, target: Option<ProgressDrawTarget>) -> Self {
        let spinner = target.map(|target| {
            let style = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner());
            let spinner = ProgressBar::with_draw_target(None, target).with_style(style);
            spinner.enable_steady_tick(Duration::from_millis(100));
            spinner
        });
        Self {
            terminal,
            spinner,
            last: String::new(),
        }
    }

    /// Shows the state; the same state again shows nothing new.
    pub(crate) fn show(&mut self, state: &str) {
        if state == self.last {
            return;
        }
        match &self.spinner {
            Some(spinner) => spinner.set_message(clean(state).into_owned()),
            None => self.terminal.note(state),
        }
        state.clone_into(&mut self.last);
    }

    /// Shows how many of several are done, as a bar on a terminal.
    pub(crate) fn count(&mut self, done: usize, all: usize, state: &str) {
        if let Some(spinner) = &self.spinner {
            let template = "{spinner} {elapsed} [{bar:20}] {pos}/{len} {wide_msg}";
            if let (None, Ok(style)) = (spinner.length(), ProgressStyle::with_template(template)) {
                spinner.set_style(style.progress_chars("=> "));
            }
            spinner.set_length(all as u64);
            spinner.set_position(done as u64);
        }
        self.show(state);
    }

    /// Ends it with a line that stays.
    pub(crate) fn finish(mut self, line: &str) {
        self.clear();
        self.terminal.note(line);
    }

    fn clear(&mut self) {
        if let Some(spinner) = self.spinner.take() {
            spinner.finish_and_clear();
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.clear();
    }
}
