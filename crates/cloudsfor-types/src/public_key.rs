//! The text of a public key: what files of real life hold, in one normal form.
//!
//! Client and server read keys by [`normal`], so that a file that `ssh-keygen -l`
//! reads is taken, and one that can't be taken is refused for its reason. Whether the
//! data of a key are sound, the server checks.

/// The types that are taken, as `ssh-keygen -t` and `sshd` know them.
pub const TYPES: &[&str] = &[
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];

/// The shortest RSA key that is taken, in bits.
pub const RSA_BITS_MIN: usize = 2048;

/// The longest text of a key, in bytes.
const TEXT_MAX: usize = 16 * 1024;

/// The longest comment of a key, in characters.
pub const COMMENT_MAX: usize = 1000;

/// The key as one line `TYPE DATA COMMENT`. A byte order mark, blank lines, lines with
/// comments, CR and repeated blanks are taken off.
///
/// ```
/// use cloudsfor_types::public_key::normal;
///
/// let file = "\u{feff}# my laptop\r\n\r\nssh-ed25519\tAAAAC3Nz  me@laptop\r\n";
/// assert_eq!(normal(file).unwrap(), "ssh-ed25519 AAAAC3Nz me@laptop");
/// ```
///
/// # Errors
/// The sentence that ends "the key …": what the text is in place of one public key,
/// and the command that makes a public key of it.
pub fn normal(text: &str) -> Result<String, String> {
    if text.len() > TEXT_MAX {
        return Err(format!(
            "must be at most {TEXT_MAX} bytes long, not {}",
            text.len()
        ));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    other_form(text)?;
    let lines: Vec<_> = text
        .split(['\n', '\r'])
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    match lines.as_slice() {
        [] => Err("must be a public key: there is none in it".into()),
        [line] => normal_line(line),
        lines => Err(of_several_lines(lines)),
    }
}

/// The type and the data of a key in normal form: what makes two keys the same.
pub fn material(key: &str) -> &str {
    let end = key
        .match_indices(' ')
        .nth(1)
        .map_or(key.len(), |(at, _)| at);
    &key[..end]
}

/// Refuses what is a key in another form than a line of `authorized_keys`.
fn other_form(text: &str) -> Result<(), String> {
    let has = |mark: &str| text.contains(mark);
    if has("PRIVATE KEY-----") || has("PuTTY-User-Key-File") {
        return Err(
            "is a private key, which must stay with you: take the public key, \
                    which `ssh-keygen -y -f FILE` prints"
                .into(),
        );
    }
    if has("---- BEGIN SSH2 PUBLIC KEY") {
        return Err(
            "is in the SSH2 form (RFC 4716, PuTTY): `ssh-keygen -i -f FILE` prints it \
                    in the form that is taken"
                .into(),
        );
    }
    if has("-----BEGIN RSA PUBLIC KEY") {
        return Err(
            "is in the PEM form: `ssh-keygen -i -m PEM -f FILE` prints it in the form \
                    that is taken"
                .into(),
        );
    }
    if has("-----BEGIN ") {
        return Err(
            "is in the PEM form: `ssh-keygen -i -m PKCS8 -f FILE` prints it in the form \
                    that is taken"
                .into(),
        );
    }
    Ok(())
}

fn of_several_lines(lines: &[&str]) -> String {
    let keys = lines
        .iter()
        .filter(|line| line.split_whitespace().any(is_type));
    match keys.count() {
        keys @ 2.. => format!("has {keys} keys in it: add each of them by itself"),
        _ => format!(
            "is broken over {} lines: a public key is one line",
            lines.len()
        ),
    }
}

fn normal_line(line: &str) -> Result<String, String> {
    let mut words = line.split_whitespace();
    let kind = words.next().unwrap_or_default();
    if !TYPES.contains(&kind) {
        return Err(of_other_type(kind, words));
    }
    let data = words.next().unwrap_or_default();
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    if data.is_empty() || !data.chars().all(is_base64) {
        return Err(format!("must have the key's data, in base64, after {kind}"));
    }
    let comment = words.collect::<Vec<_>>().join(" ");
    if comment.chars().count() > COMMENT_MAX {
        return Err(format!(
            "must have a comment of at most {COMMENT_MAX} characters"
        ));
    }
    if let Some(bad) = comment
        .chars()
        .find(|c| c.is_control() || is_noncharacter(*c))
    {
        return Err(format!(
            "must not have the character {bad:?} in its comment"
        ));
    }
    Ok(format!("{kind} {data} {comment}").trim_end().to_owned())
}

fn of_other_type<'a>(kind: &str, mut rest: impl Iterator<Item = &'a str>) -> String {
    let taken = TYPES.join(", ");
    if kind.contains("-cert-v0") {
        return format!(
            "is a certificate ({kind}), which is not taken: take the key that it was made of"
        );
    }
    if kind == "ssh-dss" {
        return "is a DSA key, which sshd takes no more: make another one by \
                `ssh-keygen -t ed25519`"
            .into();
    }
    if rest.any(is_type) {
        return "begins with options, which are not kept: leave out what stands before the \
                key's type"
            .into();
    }
    match looks_like_type(kind) {
        true => format!("is of the type {kind}, which is not taken; taken are {taken}"),
        false => format!("must be a public key, a line that begins with its type: {taken}"),
    }
}

fn is_type(word: &str) -> bool {
    TYPES.contains(&word) || word == "ssh-dss"
}

fn looks_like_type(word: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-@._".contains(c);
    word.len() <= 64 && word.contains('-') && word.chars().all(is_part)
}

/// Unicode's noncharacters, which no text has.
pub(crate) fn is_noncharacter(c: char) -> bool {
    matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5";

    #[test]
    fn files_of_real_life_are_taken() {
        for file in [
            format!("{KEY} me@laptop"),
            format!("{KEY} me@laptop\n"),
            format!("# my laptop\n\n  {KEY} me@laptop\r\n# the end\n"),
            format!("\u{feff}{KEY}  me@laptop  \r\n\r\n"),
            format!("\t{}\t me@laptop", KEY.replace(' ', " \t ")),
        ] {
            assert_eq!(
                normal(&file).unwrap(),
                format!("{KEY} me@laptop"),
                "{file:?}"
            );
        }
        assert_eq!(normal(KEY).unwrap(), KEY);
        assert_eq!(material(&format!("{KEY} me@laptop")), KEY);
        assert_eq!(material(KEY), KEY);
    }

    #[test]
    fn each_fault_is_named() {
        for (file, named) in [
            (String::new(), "none in it"),
            ("# nothing\n".into(), "none in it"),
            (format!("{KEY}\n{KEY}\n"), "2 keys"),
            (KEY.replace(' ', "\n"), "broken over 2 lines"),
            (format!("from=\"10.0.0.0/8\",no-pty {KEY}"), "options"),
            (format!("command=\"a b\" {KEY} c"), "options"),
            (
                "---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n".into(),
                "ssh-keygen -i -f",
            ),
            ("-----BEGIN RSA PUBLIC KEY-----\nAAAA\n".into(), "-m PEM"),
            ("-----BEGIN PUBLIC KEY-----\nAAAA\n".into(), "-m PKCS8"),
            (
                "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n".into(),
                "private key",
            ),
            ("PuTTY-User-Key-File-3: ssh-ed25519\n".into(), "private key"),
            ("ssh-dss AAAA".into(), "DSA"),
            (
                "ssh-ed25519-cert-v01@openssh.com AAAA".into(),
                "certificate",
            ),
            ("ssh-ed448 AAAA".into(), "ssh-ed448"),
            ("hello".into(), "begins with its type"),
            ("ssh-ed25519".into(), "base64"),
            ("ssh-ed25519 !!".into(), "base64"),
            (format!("{KEY} {}", "x".repeat(1001)), "1000 characters"),
            (format!("{KEY} a\u{7f}b"), "\\u{7f}"),
            (format!("{KEY} a\u{ffff}b"), "\\u{ffff}"),
            ("x".repeat(16 * 1024 + 1), "16384"),
        ] {
            let fault = normal(&file).unwrap_err();
            assert!(fault.contains(named), "{file:?}: {fault}");
        }
    }
}
