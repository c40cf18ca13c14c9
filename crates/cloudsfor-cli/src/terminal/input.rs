//! Standard input.

use std::io::{self, IsTerminal, Read};

/// What can be read, and how.
pub(crate) trait Input {
    /// Whether somebody types it.
    fn is_terminal(&self) -> bool;

    /// The next line.
    fn line(&mut self) -> io::Result<String>;

    /// A line that doesn't show while it is typed.
    fn secret(&mut self, prompt: &str) -> io::Result<String>;

    /// The rest, at most so many bytes of it.
    fn all(&mut self, at_most: u64) -> io::Result<Vec<u8>>;
}

/// The process's own.
pub(super) struct Stdin;

impl Input for Stdin {
    fn is_terminal(&self) -> bool {
        io::stdin().is_terminal()
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        io::stdin().read_line(&mut line)?;
        Ok(line)
    }

    fn secret(&mut self, prompt: &str) -> io::Result<String> {
        rpassword::prompt_password(prompt)
    }

    fn all(&mut self, at_most: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        io::stdin().lock().take(at_most).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// No input at all.
pub(super) struct Nothing;

impl Input for Nothing {
    fn is_terminal(&self) -> bool {
        false
    }

    fn line(&mut self) -> io::Result<String> {
        Err(io::ErrorKind::UnexpectedEof.into())
    }

    fn secret(&mut self, _: &str) -> io::Result<String> {
        Err(io::ErrorKind::UnexpectedEof.into())
    }

    fn all(&mut self, _: u64) -> io::Result<Vec<u8>> {
        Ok(Vec::new())
    }
}
