//! Text that the user names a file for.

use std::path::Path;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// The text of the file that was given after `flag`, or of standard input for `-`,
/// without a byte order mark. At most `at_most` bytes are read, since a device may have
/// no end.
pub(crate) fn read(
    file: &str,
    flag: &str,
    at_most: u64,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<String, Failure> {
    let bytes = read_bytes(file, flag, at_most, global, terminal)?;
    let text = String::from_utf8(bytes);
    let text = text.map_err(|_| unusable(file, flag, "it is not UTF-8 text"))?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(text) => text.to_owned(),
        None => text,
    })
}

/// The same of a file that may hold any bytes.
pub(crate) fn read_bytes(
    file: &str,
    flag: &str,
    at_most: u64,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Vec<u8>, Failure> {
    if file == "-" && global.password_stdin {
        let why = "standard input holds the password already";
        return Err(unusable(file, flag, why));
    }
    let bytes = terminal.read_file(Path::new(file), at_most);
    bytes.map_err(|error| unusable(file, flag, error.to_string()))
}

fn unusable(file: &str, flag: &str, why: impl Into<String>) -> Failure {
    let what = format!("the file {file:?} of {flag} can't be used");
    Failure::new(Exit::Usage, what, why).next(format!(
        "name a file that can be read after {flag}, or `-` for standard input"
    ))
}
