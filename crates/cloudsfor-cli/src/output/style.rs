//! Colours: for the words of a state and for errors, nothing else.

use std::io::{self, Write};

use clap::builder::styling::{AnsiColor, Style};

/// Whether and how words are coloured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint(bool);

impl Paint {
    pub(crate) const fn new(colour: bool) -> Self {
        Self(colour)
    }

    pub(crate) const fn none() -> Self {
        Self(false)
    }

    pub(crate) fn status(self, out: &mut dyn Write, text: &str) -> io::Result<()> {
        match text {
            "running" | "completed" => self.write(out, AnsiColor::Green.on_default(), text),
            "new" | "in-progress" => self.write(out, AnsiColor::Yellow.on_default(), text),
            "errored" => self.write(out, AnsiColor::Red.on_default(), text),
            _ => out.write_all(text.as_bytes()),
        }
    }

    pub(crate) fn error(self, out: &mut dyn Write, text: &str) -> io::Result<()> {
        self.write(out, AnsiColor::Red.on_default().bold(), text)
    }

    pub(crate) fn warning(self, out: &mut dyn Write, text: &str) -> io::Result<()> {
        self.write(out, AnsiColor::Yellow.on_default().bold(), text)
    }

    fn write(self, out: &mut dyn Write, style: Style, text: &str) -> io::Result<()> {
        if self.0 {
            write!(out, "{style}{text}{style:#}")
        } else {
            out.write_all(text.as_bytes())
        }
    }
}
