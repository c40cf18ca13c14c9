//! A terminal for tests: what is typed is prescribed, what is shown is kept.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use indicatif::ProgressDrawTarget;

use super::{Input, Interrupt, Stream, Terminal};
use crate::output::style::Paint;

/// What the terminal of a test is like. The default is no terminal at all: a
/// script's pipes.
#[derive(Default)]
pub(crate) struct Fake {
    width: Option<usize>,
    colour: bool,
    typed: VecDeque<String>,
    input: Vec<u8>,
    quiet: bool,
    /// After how many seconds of waiting the user presses Ctrl-C.
    interrupts_after: Option<u64>,
}

/// What was shown.
#[derive(Clone, Default)]
pub(crate) struct Screen {
    out: Kept,
    err: Kept,
}

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Fake {
    /// A person at a terminal of this many columns.
    pub(crate) fn person(width: usize) -> Self {
        Self {
            width: Some(width),
            ..Self::default()
        }
    }

    /// What the person answers to the next question.
    pub(crate) fn types(mut self, line: &str) -> Self {
        self.typed.push_back(line.to_owned());
        self
    }

    /// What standard input holds.
    pub(crate) fn with_input(mut self, input: &[u8]) -> Self {
        self.input = input.to_owned();
        self
    }

    pub(crate) fn with_colour(mut self) -> Self {
        self.colour = true;
        self
    }

    /// The user presses Ctrl-C as soon as the command waits for something.
    pub(crate) fn interrupts(mut self) -> Self {
        self.interrupts_after = Some(0);
        self
    }

    /// The user presses Ctrl-C when the command has waited for so many seconds.
    pub(crate) fn interrupts_after(mut self, seconds: u64) -> Self {
        self.interrupts_after = Some(seconds);
        self
    }

    /// As with `--quiet`.
    pub(crate) fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }

    pub(crate) fn start(self) -> (Terminal, Screen) {
        let screen = Screen::default();
        let is_terminal = self.width.is_some();
        let stream = |kept: &Kept| Stream {
            writer: Box::new(kept.clone()),
            is_terminal,
            paint: Paint::new(self.colour),
        };
        let terminal = Terminal {
            out: stream(&screen.out),
            err: stream(&screen.err),
            measure: Box::new(move || self.width),
            moving: is_terminal.then_some(ProgressDrawTarget::hidden),
            interrupt: Box::new(move || interrupt(self.interrupts_after)),
            clock: || "2015-01-17T17:00:00Z".parse().unwrap(),
            quiet: self.quiet,
            input: Box::new(Script {
                is_terminal,
                typed: self.typed,
                input: self.input,
            }),
        };
        (terminal, screen)
    }
}

fn interrupt(after: Option<u64>) -> Interrupt {
    Box::pin(async move {
        match after {
            Some(0) => {}
            Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
            None => std::future::pending().await,
        }
    })
}

impl Screen {
    pub(crate) fn out(&self) -> String {
        self.out.text()
    }

    pub(crate) fn err(&self) -> String {
        self.err.text()
    }

    /// Both streams, apart, as golden files show them.
    pub(crate) fn both(&self) -> String {
        format!("-- stdout\n{}-- stderr\n{}", self.out(), self.err())
    }
}

impl Kept {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is typed, and what is piped in.
struct Script {
    is_terminal: bool,
    typed: VecDeque<String>,
    input: Vec<u8>,
}

impl Script {
    fn next(&mut self) -> io::Result<String> {
        let typed = self.typed.pop_front();
        typed.ok_or_else(|| io::Error::other("the test's person has nothing to say"))
    }
}

impl Input for Script {
    fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    fn line(&mut self) -> io::Result<String> {
        self.next()
    }

    fn secret(&mut self, _: &str) -> io::Result<String> {
        self.next()
    }

    fn all(&mut self, at_most: u64) -> io::Result<Vec<u8>> {
        let mut input = std::mem::take(&mut self.input);
        input.truncate(at_most.try_into().unwrap_or(usize::MAX));
        Ok(input)
    }
}
