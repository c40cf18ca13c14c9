//! The terminal: the only place that knows whether there is one, how wide it is,
//! whether it has colours, and how to ask and to show progress on it.
//!
//! Results go to standard output, everything said about them to standard error.

#[cfg(test)]
pub(crate) mod fake;
mod input;
mod pager;
mod progress;

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Read, Write};
use std::path::Path;
use std::pin::Pin;

use anstream::{AutoStream, ColorChoice};
use indicatif::ProgressDrawTarget;

use crate::output::cell::Times;
use crate::output::clean::clean;
use crate::output::style::Paint;
pub(crate) use input::Input;
use pager::Paged;
pub(crate) use progress::Progress;

/// Ends when the user interrupts the command.
pub(crate) type Interrupt = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where a command reads and writes.
pub(crate) struct Terminal {
    out: Stream,
    err: Stream,
    input: Box<dyn Input + Send>,
    /// How wide the terminal is that standard output is, in columns.
    measure: Box<dyn Fn() -> Option<usize> + Send>,
    /// Where a moving line can be drawn, if anywhere.
    moving: Option<fn() -> ProgressDrawTarget>,
    interrupt: Box<dyn Fn() -> Interrupt + Send>,
    clock: fn() -> jiff::Timestamp,
    quiet: bool,
}

struct Stream {
    writer: Box<dyn Write + Send>,
    is_terminal: bool,
    paint: Paint,
}

impl Terminal {
    /// The process's own standard streams.
    ///
    /// Where traces come between its lines, nothing may move.
    pub(crate) fn of_process(quiet: bool, may_move: bool) -> Self {
        let (stdout, stderr) = (io::stdout(), io::stderr());
        let (out_is_terminal, err_is_terminal) = (stdout.is_terminal(), stderr.is_terminal());
        let out_paint = Paint::new(AutoStream::choice(&stdout) != ColorChoice::Never);
        let err_paint = Paint::new(AutoStream::choice(&stderr) != ColorChoice::Never);
        let can_move =
            may_move && err_is_terminal && std::env::var_os("TERM").is_none_or(|t| t != "dumb");
        let width = || {
            let (_, columns) = console::Term::stdout().size_checked()?;
            Some(usize::from(columns)).filter(|columns| *columns > 0)
        };
        let out = BufWriter::with_capacity(64 * 1024, UntilClosed::new(stdout));
        let pager = std::env::var("PAGER")
            .ok()
            .filter(|pager| !pager.trim().is_empty());
        let rows = || {
            let size = console::Term::stdout().size_checked();
            size.map_or(usize::MAX, |(rows, _)| usize::from(rows))
        };
        Self {
            out: Stream {
                writer: match pager.filter(|_| out_is_terminal && can_move) {
                    Some(pager) => Box::new(Paged::new(out, pager, rows)),
                    None => Box::new(out),
                },
                is_terminal: out_is_terminal,
                paint: out_paint,
            },
            err: Stream {
                writer: Box::new(stderr),
                is_terminal: err_is_terminal,
                paint: err_paint,
            },
            input: Box::new(input::Stdin),
            measure: Box::new(move || out_is_terminal.then(width).flatten()),
            moving: can_move.then_some(ProgressDrawTarget::stderr),
            interrupt: Box::new(|| Box::pin(ctrl_c())),
            clock: jiff::Timestamp::now,
            quiet,
        }
    }

    /// Nobody: who can't be asked, and is told nothing.
    pub(crate) fn of_nobody() -> Self {
        let nowhere = || Stream {
            writer: Box::new(io::sink()),
            is_terminal: false,
            paint: Paint::none(),
        };
        Self {
            out: nowhere(),
            err: nowhere(),
            input: Box::new(input::Nothing),
            measure: Box::new(|| None),
            moving: None,
            interrupt: Box::new(|| Box::pin(std::future::pending())),
            clock: jiff::Timestamp::now,
            quiet: true,
        }
    }

    /// Standard output, for results. What is written shows up when the command
    /// ends, or at [`Terminal::flush`].
    pub(crate) fn out(&mut self) -> &mut dyn Write {
        &mut *self.out.writer
    }

    /// The colours of standard output.
    pub(crate) fn paint(&self) -> Paint {
        self.out.paint
    }

    /// The width of the terminal that results go to; `None` in a pipe.
    pub(crate) fn width(&self) -> Option<usize> {
        (self.measure)()
    }

    pub(crate) fn now(&self) -> jiff::Timestamp {
        (self.clock)()
    }

    /// How results show points in time: as `for_people` on a terminal.
    pub(crate) fn times(&self, for_people: fn(jiff::Timestamp) -> Times) -> Times {
        if self.out.is_terminal {
            for_people(self.now())
        } else {
            Times::Exact
        }
    }

    /// Clears a terminal for results that take the place of those before. In a
    /// pipe they come one after the other.
    pub(crate) fn begin_screen(&mut self) -> io::Result<()> {
        if self.out.is_terminal {
            self.out.writer.write_all(b"\x1b[2J\x1b[H")?;
        }
        Ok(())
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.writer.flush()
    }

    /// Says something in passing, unless the user wants quiet.
    pub(crate) fn note(&mut self, line: &str) {
        if !self.quiet {
            self.say(line);
        }
    }

    /// Says a line on standard error.
    pub(crate) fn say(&mut self, line: &str) {
        self.on_error_stream(|err, _| writeln!(err, "{}", clean(line)));
    }

    pub(crate) fn say_error(&mut self, what: &str) {
        self.on_error_stream(|err, paint| {
            paint.error(err, "error:")?;
            writeln!(err, " {}", clean(what))
        });
    }

    pub(crate) fn warn(&mut self, what: &str) {
        self.on_error_stream(|err, paint| {
            paint.warning(err, "warning:")?;
            writeln!(err, " {}", clean(what))
        });
    }

    /// Says a line of JSON, which is harmless already and must stay JSON.
    pub(crate) fn say_json(&mut self, line: &str) {
        self.on_error_stream(|err, _| writeln!(err, "{line}"));
    }

    /// Results come first, so that on a terminal lines stand in their order. What
    /// can't be written of them fails again at the end; that standard error can't
    /// be written, there is nowhere to report.
    fn on_error_stream(&mut self, write: impl FnOnce(&mut dyn Write, Paint) -> io::Result<()>) {
        let _ = self.out.writer.flush();
        let _ = write(&mut *self.err.writer, self.err.paint);
        let _ = self.err.writer.flush();
    }

    /// Whether somebody is there to answer a question.
    pub(crate) fn can_ask(&self) -> bool {
        self.input.is_terminal() && self.err.is_terminal
    }

    /// Asks for a yes; anything else is a no.
    pub(crate) fn confirm(&mut self, question: &str) -> io::Result<bool> {
        self.on_error_stream(|err, _| write!(err, "{} [y/N] ", clean(question)));
        let answer = self.input.line()?;
        Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
    }

    /// Asks for a line of text.
    pub(crate) fn ask(&mut self, prompt: &str) -> io::Result<String> {
        self.on_error_stream(|err, _| write!(err, "{}", clean(prompt)));
        self.input.line()
    }

    /// Asks for a secret, which doesn't show while it is typed.
    pub(crate) fn ask_secret(&mut self, prompt: &str) -> io::Result<String> {
        self.input.secret(&clean(prompt))
    }

    /// Standard input, to its end or to so many bytes.
    pub(crate) fn read_input(&mut self, at_most: u64) -> io::Result<Vec<u8>> {
        self.input.all(at_most)
    }

    /// A file, to its end or to so many bytes; `-` is standard input.
    pub(crate) fn read_file(&mut self, file: &Path, at_most: u64) -> io::Result<Vec<u8>> {
        if file == Path::new("-") {
            return self.read_input(at_most);
        }
        let mut bytes = Vec::new();
        File::open(file)?.take(at_most).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Ends when the user presses Ctrl-C. Until it is first waited for, Ctrl-C
    /// ends the process as usual.
    pub(crate) fn interrupt(&self) -> Interrupt {
        (self.interrupt)()
    }

    /// Shows what something that takes a while is doing.
    pub(crate) fn progress(&mut self) -> Progress<'_> {
        let target = self.moving.filter(|_| !self.quiet).map(|target| target());
        Progress::new(self, target)
    }
}

async fn ctrl_c() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Without a handler Ctrl-C ends the process by itself.
        std::future::pending::<()>().await;
    }
}

/// A stream that ends in silence when nobody reads it any more (`… | head`):
/// the command still finishes what it was asked to do.
struct UntilClosed<W> {
    stream: W,
    closed: bool,
}

impl<W> UntilClosed<W> {
    fn new(stream: W) -> Self {
        Self {
            stream,
            closed: false,
        }
    }

    fn unless_closed<T>(&mut self, result: io::Result<T>, otherwise: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(otherwise)
            }
            result => result,
        }
    }
}

impl<W: Write> Write for UntilClosed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.closed {
            return Ok(bytes.len());
        }
        let written = self.stream.write(bytes);
        self.unless_closed(written, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        let flushed = self.stream.flush();
        self.unless_closed(flushed, ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails as a pipe does that nobody reads, or as a full disk does.
    struct Failing(io::ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    #[test]
    fn a_broken_pipe_is_no_error_and_a_full_disk_is() {
        let mut pipe = UntilClosed::new(Failing(io::ErrorKind::BrokenPipe));
        assert!(pipe.write_all(b"text").is_ok());
        assert!(pipe.flush().is_ok());
        let mut disk = UntilClosed::new(Failing(io::ErrorKind::StorageFull));
        assert!(disk.write_all(b"text").is_err());
        assert!(disk.flush().is_err());
    }
}
