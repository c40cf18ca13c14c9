//! Results that are longer than the screen, shown by the user's pager.

use std::io::{self, Write};
use std::process::Stdio;

use crate::child;

/// A terminal's output that is held back until it is flushed: what doesn't fit the
/// screen then goes to the pager.
pub(super) struct Paged<W> {
    screen: W,
    /// `$PAGER`, run by `sh -c`.
    pager: String,
    rows: Box<dyn Fn() -> usize + Send>,
    held: Vec<u8>,
}

impl<W: Write> Paged<W> {
    pub(super) fn new(screen: W, pager: String, rows: impl Fn() -> usize + Send + 'static) -> Self {
        Self {
            screen,
            pager,
            rows: Box::new(rows),
            held: Vec::new(),
        }
    }

    /// Shows it by the pager; false if that can't be run.
    fn page(&self) -> bool {
        let mut pager = child::command("sh");
        pager.arg("-c").arg(&self.pager).stdin(Stdio::piped());
        if std::env::var_os("LESS").is_none() {
            // Colours as they are, and what is left of the screen stays.
            pager.env("LESS", "FRX");
        }
        let Ok(mut pager) = pager.spawn() else {
            return false;
        };
        if let Some(mut input) = pager.stdin.take() {
            // Who quits the pager has seen enough.
            let _ = input.write_all(&self.held);
        }
        pager.wait().is_ok_and(|status| status.code() != Some(127))
    }
}

impl<W: Write> Write for Paged<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let lines = self.held.iter().filter(|byte| **byte == b'\n').count();
        // What begins by clearing the screen is redrawn again and again.
        let is_drawn = self.held.starts_with(b"\x1b[2J");
        let is_paged = lines >= (self.rows)() && !is_drawn && self.page();
        if !is_paged {
            self.screen.write_all(&self.held)?;
        }
        self.held.clear();
        self.screen.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(pager: &str, text: &str) -> String {
        let mut screen = Vec::new();
        let mut paged = Paged::new(&mut screen, pager.into(), || 3);
        paged.write_all(text.as_bytes()).unwrap();
        paged.flush().unwrap();
        drop(paged);
        String::from_utf8(screen).unwrap()
    }

    #[test]
    fn what_fits_needs_no_pager_and_what_does_not_goes_to_it() {
        assert_eq!(shown("exit 1", "a\nb\n"), "a\nb\n");
        assert_eq!(shown("cat >/dev/null", "a\nb\nc\n"), "");
        let redrawn = "\u{1b}[2J\u{1b}[Ha\nb\nc\n";
        assert_eq!(shown("cat >/dev/null", redrawn), redrawn);
    }

    #[test]
    fn a_pager_that_is_not_there_hides_nothing() {
        assert_eq!(shown("no-such-pager 2>/dev/null", "a\nb\nc\n"), "a\nb\nc\n");
    }
}
