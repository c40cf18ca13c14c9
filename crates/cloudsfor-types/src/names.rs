//! Names of hosts, domains and records: what is allowed, and the one form in
//! which they are kept, sent and compared.
//!
//! A name is a sequence of labels with dots between them. On the wire and in the
//! store every label is ASCII: a label in another alphabet is written as punycode
//! (`xn--…`, IDNA 2008 by the rules of UTS 46). Requests may have either form;
//! answers have punycode in `name` and, where it differs, the readable form in
//! `name_unicode`.
//!
//! ```
//! use cloudsfor_types::names;
//!
//! assert_eq!(names::hostname("сервер.пример.рф").unwrap(), "xn--b1afb6bcb.xn--e1afmkfd.xn--p1ai");
//! assert_eq!(names::unicode("xn--e1afmkfd.xn--p1ai").unwrap(), "пример.рф");
//!
//! // Names are compared in their normal form.
//! assert_eq!(names::normal("Пример.рф."), names::normal("XN--e1afmkfd.xn--p1ai"));
//!
//! // A record's name is relative to its domain, or full; a target has a dot in
//! // it if it is full.
//! assert_eq!(names::record_name("www.example.com", "example.com").unwrap(), "www");
//! assert_eq!(names::record_name("www", "example.com").unwrap(), "www");
//! assert_eq!(names::target("mx.example.net", "example.com").unwrap(), "mx.example.net.");
//! assert_eq!(names::target("mail", "example.com").unwrap(), "mail.example.com.");
//! ```

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

/// The longest name, in characters of its ASCII form without a final dot: 255
/// bytes in DNS (RFC 1035, section 2.3.4).
pub const NAME_MAX: usize = 253;

/// The longest label (RFC 1035, section 2.3.4).
const LABEL_MAX: usize = 63;

/// What a punycode label begins with.
const PUNYCODE: &str = "xn--";

/// The dots of other alphabets, which UTS 46 takes for dots.
const DOTS: [char; 4] = ['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'];

/// A VM's name in its ASCII form: a hostname of labels of letters, digits and
/// hyphens, 1 to 63 long, no hyphen at either end, 253 in all; not 32 hex digits,
/// so that it can't be confused with an id. The case of ASCII letters is kept.
///
/// # Errors
/// The end of the sentence "`name` …".
pub fn hostname(name: &str) -> Result<String, String> {
    if name.is_empty() {
        return Err("must not be empty".into());
    }
    let name = ascii(name)?;
    within_bounds(&name, "")?;
    if name.len() == 32 && name.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err("must not be 32 hex digits: it could be confused with an id".into());
    }
    name.split('.')
        .try_for_each(|label| label_of(label, false))?;
    Ok(name)
}

/// The name of a domain to manage in its ASCII form: a hostname of at least two
/// labels that is no address.
///
/// # Errors
/// The end of the sentence "`name` …".
pub fn domain(name: &str) -> Result<String, String> {
    let name = ascii(name)?;
    within_bounds(&name, "")?;
    name.split('.')
        .try_for_each(|label| label_of(label, false))?;
    if !name.contains('.') {
        return Err("must have at least two labels, such as example.com".into());
    }
    not_an_address(&name)?;
    Ok(name)
}

/// A record's name relative to its domain: `@` is the domain itself. A name that
/// ends in the domain's name, or with a dot, is a full name. Labels may begin with
/// an underscore, and the first may be `*`.
///
/// # Errors
/// The end of the sentence "`name` …": also if the name is not within the domain,
/// or is too long together with it.
pub fn record_name(name: &str, domain: &str) -> Result<String, String> {
    let name = record_name_alone(name)?;
    if name == "@" {
        return Ok(name);
    }
    let (labels, is_full) = match name.strip_suffix('.') {
        Some(labels) => (labels, true),
        None => (name.as_str(), false),
    };
    let relative = match within(labels, domain) {
        Some("") => "@",
        Some(relative) => relative,
        None if is_full => {
            return Err(format!(
                "must be within the domain {domain}: a name that ends with a dot is a full name"
            ));
        }
        None => labels,
    };
    within_bounds(
        &full_name(relative, domain),
        " together with the domain's name",
    )?;
    Ok(relative.to_owned())
}

/// How a relative name is written so that [`record_name`] reads it as the same:
/// as it is, or in full with a final dot where it ends in the domain's name.
pub fn shown_record_name(relative: &str, domain: &str) -> String {
    if relative != "@" && within(relative, domain).is_some() {
        format!("{relative}.{}.", domain.to_ascii_lowercase())
    } else {
        relative.to_owned()
    }
}

/// The name that a record's relative name stands for, without a final dot.
pub fn full_name(relative: &str, domain: &str) -> String {
    match relative {
        "@" => domain.to_owned(),
        _ => format!("{relative}.{domain}"),
    }
}

/// A record's name in its ASCII form, as far as it can be checked without its
/// domain.
pub(crate) fn record_name_alone(name: &str) -> Result<String, String> {
    if name == "@" || name == "*" {
        return Ok(name.to_owned());
    }
    let name = ascii(name)?;
    let labels = name.strip_suffix('.').unwrap_or(&name);
    dns_labels(labels.strip_prefix("*.").unwrap_or(labels))?;
    Ok(name)
}

/// The host that a record points to, in full with a final dot: `@` is the domain
/// itself, a name with a dot in it is a full name, and one without is relative to
/// the domain, whose name is added in lower case. `.` is the root: no host at all.
///
/// # Errors
/// The end of the sentence "`data` …".
pub fn target(data: &str, domain: &str) -> Result<String, String> {
    let data = target_alone(data)?;
    let target = match data.as_str() {
        "." => return Ok(data),
        "@" => format!("{}.", domain.to_ascii_lowercase()),
        _ if data.ends_with('.') => data,
        _ if data.contains('.') => format!("{data}."),
        _ => format!("{data}.{}.", domain.to_ascii_lowercase()),
    };
    within_bounds(
        &target[..target.len() - 1],
        " together with the domain's name",
    )?;
    Ok(target)
}

/// A target in its ASCII form, as far as it can be checked without its domain.
pub(crate) fn target_alone(data: &str) -> Result<String, String> {
    if data == "@" || data == "." {
        return Ok(data.to_owned());
    }
    not_an_address(data)?;
    let data = ascii(data)?;
    let labels = data.strip_suffix('.').unwrap_or(&data);
    dns_labels(labels)?;
    not_an_address(labels)?;
    Ok(data)
}

/// Labels of a name in DNS: like a hostname's, but underscores are allowed
/// (`_sip._tcp`).
fn dns_labels(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("must not be empty".into());
    }
    within_bounds(name, "")?;
    name.split('.').try_for_each(|label| label_of(label, true))
}

fn within_bounds(name: &str, together: &str) -> Result<(), String> {
    if name.len() > NAME_MAX {
        return Err(format!(
            "must be at most {NAME_MAX} characters long{together}, not {}",
            name.len()
        ));
    }
    Ok(())
}

fn label_of(label: &str, underscores: bool) -> Result<(), String> {
    if label.is_empty() {
        return Err(
            "must be a hostname: it has an empty label (a leading, trailing or double dot)".into(),
        );
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || (underscores && c == '_');
    if let Some(bad) = label.chars().find(|c| !allowed(*c)) {
        return Err(format!(
            "must be a hostname of letters, digits, hyphens and dots: {bad:?} is none of these"
        ));
    }
    if label.len() > LABEL_MAX {
        return Err(format!(
            "must be a hostname: each label is at most {LABEL_MAX} characters long, not {}",
            label.len()
        ));
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err(format!(
            "must be a hostname: the label {label:?} begins or ends with a hyphen"
        ));
    }
    Ok(())
}

fn not_an_address(name: &str) -> Result<(), String> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let bracketless = name.trim_start_matches('[').trim_end_matches(']');
    if name.parse::<Ipv4Addr>().is_ok() || bracketless.parse::<IpAddr>().is_ok() {
        return Err(format!("must be a host's name, and {name} is an address"));
    }
    Ok(())
}

/// The part of a name above which the domain's name is: empty for the domain
/// itself, `None` if the name is not within the domain.
fn within<'a>(name: &'a str, domain: &str) -> Option<&'a str> {
    let at = name.len().checked_sub(domain.len())?;
    if !name.is_char_boundary(at) || !name[at..].eq_ignore_ascii_case(domain) {
        return None;
    }
    match at {
        0 => Some(""),
        _ => name[..at].strip_suffix('.'),
    }
}

/// A name with each label that is not ASCII as punycode; punycode is checked.
/// Other labels stay as they are, with the case of their letters.
fn ascii(name: &str) -> Result<String, String> {
    if name.is_ascii() && !has_punycode(name) {
        return Ok(name.to_owned());
    }
    let labels: Vec<_> = name
        .split(DOTS)
        .map(ascii_label)
        .collect::<Result<_, _>>()?;
    Ok(labels.join("."))
}

fn has_punycode(name: &str) -> bool {
    name.split('.').any(is_punycode)
}

fn is_punycode(label: &str) -> bool {
    let start = label.as_bytes().get(..PUNYCODE.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(PUNYCODE.as_bytes()))
}

fn ascii_label(label: &str) -> Result<Cow<'_, str>, String> {
    if label.is_ascii() && !is_punycode(label) {
        return Ok(label.into());
    }
    let bytes = label.as_bytes();
    let converted = Uts46::new().to_ascii(
        bytes,
        AsciiDenyList::STD3,
        Hyphens::Check,
        DnsLength::Ignore,
    );
    if label.is_ascii() {
        // As it was sent, if it is the punycode of something.
        return match converted {
            Ok(same) if same.eq_ignore_ascii_case(label) => Ok(label.into()),
            _ => Err(format!(
                "must be a hostname: the label {label:?} begins with {PUNYCODE:?} and is not \
                 valid punycode"
            )),
        };
    }
    converted.map_err(|_| {
        format!(
            "must be a hostname: the label {label:?} has characters that no label of a name in \
             another alphabet has (IDNA 2008)"
        )
    })
}

/// A name with its punycode labels in their own alphabet, if it has any that can
/// be read.
pub fn unicode(name: &str) -> Option<String> {
    if !has_punycode(name) {
        return None;
    }
    let labels: Vec<_> = name.split('.').map(unicode_label).collect();
    Some(labels.join(".")).filter(|unicode| unicode != name)
}

fn unicode_label(label: &str) -> Cow<'_, str> {
    if !is_punycode(label) {
        return label.into();
    }
    let bytes = label.as_bytes();
    let (unicode, read) = Uts46::new().to_unicode(bytes, AsciiDenyList::STD3, Hyphens::Check);
    match read {
        Ok(()) => unicode,
        Err(_) => label.into(),
    }
}

/// A name in the form in which names are compared: ASCII in lower case, without a
/// final dot. What can't be a name is only put in lower case.
pub fn normal(name: &str) -> String {
    let mut name = ascii(name).unwrap_or_else(|_| name.to_owned());
    name.make_ascii_lowercase();
    if name.len() > 1 && name.ends_with('.') && !name.ends_with("..") {
        name.pop();
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_other_alphabets_become_punycode_and_the_case_of_ascii_stays() {
        for (name, kept) in [
            ("Web.Example.com", "Web.Example.com"),
            ("пример.рф", "xn--e1afmkfd.xn--p1ai"),
            ("ПРИМЕР.РФ", "xn--e1afmkfd.xn--p1ai"),
            ("пример。рф", "xn--e1afmkfd.xn--p1ai"),
            ("Web.пример.рф", "Web.xn--e1afmkfd.xn--p1ai"),
            ("XN--E1AFMKFD.xn--p1ai", "XN--E1AFMKFD.xn--p1ai"),
            ("straße.de", "xn--strae-oqa.de"),
            ("bücher.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(hostname(name).as_deref(), Ok(kept), "{name}");
            assert_eq!(domain(name).as_deref(), Ok(kept), "{name}");
        }
        assert_eq!(unicode("Web.XN--E1AFMKFD.com").unwrap(), "Web.пример.com");
        assert_eq!(unicode("www.example.com"), None);
        assert_eq!(unicode("xn--zzzzzzzzzzzz.com"), None);
    }

    #[test]
    fn a_label_that_begins_with_xn_must_be_punycode() {
        for bad in [
            "xn--",
            "xn--a",
            "xn--.com",
            "a.XN--zzzzzzzzzzzz.com",
            "xn--abc-.com",
        ] {
            let fault = hostname(bad).unwrap_err();
            assert!(fault.contains("punycode"), "{bad}: {fault}");
            assert!(record_name(bad, "example.com").is_err(), "{bad}");
            assert!(target(bad, "example.com").is_err(), "{bad}");
        }
        for bad in ["a\u{200d}b", "-я", "я_б", "\u{1b}я", "я b", "я.\u{e000}"] {
            let fault = hostname(bad).unwrap_err();
            assert!(!fault.contains(char::is_control), "{fault:?}");
        }
        // 60 letters of Cyrillic are more than 63 of punycode.
        assert!(hostname(&"я".repeat(63)).is_err());
    }

    #[test]
    fn a_record_name_is_relative_or_full() {
        let read = |name: &str| record_name(name, "example.com");
        for (name, relative) in [
            ("@", "@"),
            ("*", "*"),
            ("www", "www"),
            ("WWW.Example.COM", "WWW"),
            ("www.example.com.", "www"),
            ("example.com", "@"),
            ("example.com.", "@"),
            ("*.example.com", "*"),
            ("*.a.example.com.", "*.a"),
            ("notexample.com", "notexample.com"),
            ("_sip._tcp", "_sip._tcp"),
            ("www.example.com.example.com.", "www.example.com"),
            ("почта", "xn--80a1acny"),
        ] {
            assert_eq!(read(name).as_deref(), Ok(relative), "{name}");
            let shown = shown_record_name(relative, "example.com");
            assert_eq!(read(&shown).as_deref(), Ok(relative), "{name}");
        }
        for bad in [
            "",
            ".",
            "www.",
            "www.example.org.",
            "a..b",
            "a.*",
            "**",
            "a b",
            "@.a",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        let label = "a".repeat(60);
        let long = format!("{label}.{label}.{label}.{label}");
        assert!(read(&long).unwrap_err().contains("together"), "{long}");
        assert!(read(&long[1..]).is_err());
        assert!(read(&long[2..]).is_ok());
    }

    #[test]
    fn a_target_with_a_dot_in_it_is_full() {
        let read = |data: &str| target(data, "Example.com");
        for (data, full) in [
            ("a", "a.example.com."),
            ("@", "example.com."),
            ("a.example.com", "a.example.com."),
            ("mx.example.net", "mx.example.net."),
            ("mx.example.net.", "mx.example.net."),
            ("localhost.", "localhost."),
            (".", "."),
            ("почта.рф", "xn--80a1acny.xn--p1ai."),
        ] {
            assert_eq!(read(data).as_deref(), Ok(full), "{data}");
            assert_eq!(read(full).as_deref(), Ok(full), "{data}");
        }
        for bad in [
            "",
            "..",
            "192.0.2.1",
            "192.0.2.1.",
            "2001:db8::1",
            "[::1]",
            "a b",
            "*.a",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
