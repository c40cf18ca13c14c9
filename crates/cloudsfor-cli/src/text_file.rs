//! Text that the user names a file for.

use std::path::Path;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// The text of the file that was given after `flag`, or of standard input for
/// `-`. There is an end to it, as a device has none: `at_most` so many bytes.
pub(crate) fn read(
    file: &str,
    flag: &str,
    at_most: u64,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<String, Failure> {
    let unusable = |why: String| {
        let what = format!("the file {file:?} of {flag} can't be used");
        Failure::new(Exit::Usage, what, why).next(format!(
            "name a text file after {flag}, or `-` for standard input"
        ))
    };
    if file == "-" && global.password_stdin {
        return Err(unusable("standard input holds the password already".into()));
    }
    let bytes = terminal.read_file(Path::new(file), at_most);
    let bytes = bytes.map_err(|error| unusable(error.to_string()))?;
    String::from_utf8(bytes).map_err(|_| unusable("it is not UTF-8 text".into()))
}
