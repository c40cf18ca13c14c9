//! A profile's password: the text, or the command that prints it.

use std::fmt;
use std::process::Stdio;
use std::time::Duration;

use secrecy::SecretString;
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::time::timeout;

use super::ProfileError;

/// More than any password, so that a command that prints without end isn't read
/// to its end.
const PRINTED_MAX: u64 = 64 << 10;

/// How long the command may take: a person may have to unlock something.
const COMMAND_TIME: Duration = Duration::from_secs(120);

/// Where the password is. Never shown.
#[derive(Clone)]
#[non_exhaustive]
pub enum Password {
    /// It is this.
    Text(SecretString),
    /// The first line of what this prints, run by `sh -c`.
    Command(String),
}

impl Password {
    /// The password. A command has the terminal's input and error output, so that
    /// it can ask its user; dropping the future ends it.
    ///
    /// # Errors
    /// If the command fails, prints nothing, or takes longer than 2 minutes.
    pub async fn read(&self) -> Result<SecretString, ProfileError> {
        match self {
            Self::Text(password) => Ok(password.clone()),
            Self::Command(command) => timeout(COMMAND_TIME, first_line(command))
                .await
                .unwrap_or(Err(ProfileError::PasswordCommandSlow(COMMAND_TIME))),
        }
    }
}

async fn first_line(command: &str) -> Result<SecretString, ProfileError> {
    let failed = |why: String| ProfileError::PasswordCommand { why };
    let not_run = |error: std::io::Error| failed(format!("can't be run ({error})"));
    let mut child = Command::new("sh")
        .env_remove("CLOUDSFOR_PASSWORD")
        .arg("-c")
        .arg(command)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(not_run)?;
    let stdout = child.stdout.take().expect("it is piped");
    let mut printed = Vec::new();
    let mut bounded = stdout.take(PRINTED_MAX);
    bounded.read_to_end(&mut printed).await.map_err(not_run)?;
    // Closes the pipe, so that a command that goes on printing ends.
    drop(bounded);
    let printed = SecretString::from(
        String::from_utf8(printed).map_err(|_| failed("printed no UTF-8 text".to_owned()))?,
    );
    let status = child.wait().await.map_err(not_run)?;
    let line = secrecy::ExposeSecret::expose_secret(&printed)
        .lines()
        .next()
        .unwrap_or_default();
    if !status.success() {
        Err(failed(format!("failed ({status})")))
    } else if line.is_empty() {
        Err(failed("printed no password".to_owned()))
    } else {
        Ok(SecretString::from(line))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text(…)",
            // A command may have a secret in it, too.
            Self::Command(_) => "Command(…)",
        })
    }
}

#[cfg(all(test, unix))]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    async fn printed_by(command: &str) -> Result<String, String> {
        let password = Password::Command(command.to_owned());
        assert_eq!(format!("{password:?}"), "Command(…)");
        let read = password.read().await;
        read.map(|password| password.expose_secret().to_owned())
            .map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn the_first_line_is_the_password() {
        for command in [
            "echo hunter2",
            "printf hunter2",
            r"printf 'hunter2\r\nlogin: me\n'",
        ] {
            assert_eq!(printed_by(command).await.unwrap(), "hunter2");
        }
    }

    #[tokio::test]
    async fn a_command_that_fails_is_an_error_that_shows_nothing() {
        for (command, says) in [
            ("echo hunter2; exit 3", "exit status: 3"),
            ("true", "printed no password"),
            ("echo; echo hunter2", "printed no password"),
            (r"printf 'hunter2\377'", "no UTF-8"),
        ] {
            let error = printed_by(command).await.unwrap_err();
            assert!(
                error.contains(says) && !error.contains("hunter2"),
                "{error}"
            );
        }
    }

    #[tokio::test]
    async fn a_command_that_prints_without_end_is_ended() {
        // What it writes to is closed, and that is its failure.
        let error = printed_by("yes 2>&-").await.unwrap_err();
        assert!(error.contains("failed"), "{error}");
    }
}
