//! The rules that values of a request must keep, each written once: the client
//! checks them before it sends ([`crate::CreateVm::validate`]), the server when
//! it reads ([`crate::CreateVm::decode`]).
//!
//! Every function returns the sentence that ends "`attribute` …" when the value
//! breaks the rule.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use crate::names;
use crate::units::Gigabytes;

/// Most labels that one VM can have.
pub const LABELS_MAX: usize = 64;

/// Most SSH keys in one request.
pub const SSH_KEYS_MAX: usize = 64;

/// A VM's name: see [`names::hostname`], which also gives its ASCII form.
pub fn vm_name(name: &str) -> Result<(), String> {
    names::hostname(name).map(drop)
}

/// A name given for people: 1 to 255 characters, none of them control
/// characters.
pub fn title(text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err("must not be empty".into());
    }
    if text.chars().count() > 255 {
        return Err("must be at most 255 characters long".into());
    }
    no_control_characters(text)
}

/// A title of a thing whose id is 32 hex digits: it can't be confused with one.
pub fn title_beside_hex_ids(text: &str) -> Result<(), String> {
    title(text)?;
    if text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err("must not be 32 hex digits: it could be confused with an id".into());
    }
    Ok(())
}

/// A key's name: a title that can't be confused with a key's id or fingerprint.
pub fn key_name(text: &str) -> Result<(), String> {
    title(text)?;
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return Err("must not be a number: it could be confused with an id".into());
    }
    if is_fingerprint(text) {
        return Err("must not be a fingerprint: it could be confused with another key's".into());
    }
    Ok(())
}

/// Whether the text has the form of a key's fingerprint: `SHA256:…`, `MD5:…` or 16 pairs
/// of hex digits.
pub fn is_fingerprint(text: &str) -> bool {
    let is_pair = |pair: &str| pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit());
    let is_graphic = text.bytes().all(|b| b.is_ascii_graphic());
    is_graphic
        && (text.starts_with("SHA256:")
            || text.starts_with("MD5:")
            || text.split(':').count() == 16 && text.split(':').all(is_pair))
}

fn no_control_characters(text: &str) -> Result<(), String> {
    match text.chars().find(|c| c.is_control()) {
        Some(bad) => Err(format!("must not have the control character {bad:?}")),
        None => Ok(()),
    }
}

/// The name of a domain to manage: see [`names::domain`], which also gives its
/// ASCII form.
pub fn domain_name(name: &str) -> Result<(), String> {
    names::domain(name).map(drop)
}

/// The text of a TXT record: 1 to 4,096 printable ASCII characters.
pub fn txt(text: &str) -> Result<(), String> {
    if text.is_empty() || text.len() > 4096 {
        return Err("must be 1 to 4096 characters long".into());
    }
    match text.chars().find(|c| !matches!(c, ' '..='~')) {
        Some(bad) => Err(format!(
            "must be printable ASCII characters: {bad:?} is none"
        )),
        None => Ok(()),
    }
}

/// An IPv4 address.
pub fn ipv4(text: &str) -> Result<Ipv4Addr, String> {
    text.parse()
        .map_err(|_| format!("must be an IPv4 address, not {text:?}"))
}

/// A number of 16 bits.
pub fn u16(number: f64) -> Result<u16, String> {
    if number.fract() == 0.0 && (0.0..=f64::from(u16::MAX)).contains(&number) {
        Ok(number as u16)
    } else {
        Err(format!(
            "must be a whole number of 0 to {}, not {}",
            u16::MAX,
            show(number)
        ))
    }
}

/// A reference to something by its identifier: a region, an image.
pub fn identifier(text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err("must not be empty".into());
    }
    if text.len() > 255 {
        return Err("must be at most 255 characters long".into());
    }
    no_control_characters(text)
}

/// Memory in GB: 0.25 to 1,024 in steps of 0.25.
pub fn memory(gigabytes: f64) -> Result<Gigabytes, String> {
    match Gigabytes::new(gigabytes) {
        Some(size) if (0.25..=1024.0).contains(&gigabytes) && (gigabytes * 4.0).fract() == 0.0 => {
            Ok(size)
        }
        _ => Err(format!(
            "must be 0.25 to 1024 (GB of memory) in steps of 0.25, not {}",
            show(gigabytes)
        )),
    }
}

/// Virtual processors: whole, 1 to 128.
pub fn vcpus(number: f64) -> Result<u32, String> {
    whole(number, 128).ok_or_else(|| {
        format!(
            "must be a whole number of 1 to 128 (processors), not {}",
            show(number)
        )
    })
}

/// Disk in GB: whole, 1 to 65,536.
pub fn disk(number: f64) -> Result<u32, String> {
    whole(number, 65_536).ok_or_else(|| {
        format!(
            "must be a whole number of 1 to 65536 (GB of disk), not {}",
            show(number)
        )
    })
}

fn whole(number: f64, max: u32) -> Option<u32> {
    let fits = number.fract() == 0.0 && (1.0..=f64::from(max)).contains(&number);
    fits.then_some(number as u32)
}

fn show(number: f64) -> String {
    if number.abs() < 1e15 {
        number.to_string()
    } else {
        format!("{number:e}")
    }
}

/// The number of SSH keys in a request.
pub fn ssh_keys(number: usize) -> Result<(), String> {
    if number > SSH_KEYS_MAX {
        return Err(format!("must be at most {SSH_KEYS_MAX} keys, not {number}"));
    }
    Ok(())
}

/// Labels: at most 64, each key 1 to 63 characters and each value at most 255,
/// none of them control characters.
pub fn labels(labels: &BTreeMap<String, String>) -> Result<(), String> {
    if labels.len() > LABELS_MAX {
        return Err(format!(
            "must be at most {LABELS_MAX} labels, not {}",
            labels.len()
        ));
    }
    for (key, value) in labels {
        if key.is_empty()
            || key.chars().count() > 63
            || key.contains('=')
            || key.chars().any(char::is_control)
        {
            return Err(format!(
                "must have keys of 1 to 63 characters without '=' or control characters: {key:?} isn't"
            ));
        }
        if value.chars().count() > 255 || value.chars().any(char::is_control) {
            return Err(format!(
                "must have values of at most 255 characters without control characters: that of {key:?} isn't"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_hostnames() {
        let longest = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(61));
        assert_eq!(longest.len(), 253);
        for good in [
            "example.com",
            "a",
            "A-1",
            "1",
            "xn--e1afmkfd.xn--p1ai",
            "пример",
            &longest,
        ] {
            assert_eq!(vm_name(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            "-a",
            "a-",
            "a.-b",
            "a_b",
            "a b",
            "a/b",
            "..",
            "a\n",
            "\u{1b}[31m",
            "9a33ef4fec394360a88e3c60b78b5dbc",
            "9A33EF4FEC394360A88E3C60B78B5DBC",
            &"a".repeat(64),
            &format!("{longest}c"),
        ] {
            let fault = vm_name(bad).unwrap_err();
            assert!(!fault.contains(char::is_control), "{fault:?}");
        }
    }

    #[test]
    fn sizes_have_bounds_and_steps() {
        for good in [0.25, 0.5, 1.0, 1023.75, 1024.0] {
            assert_eq!(memory(good).unwrap().get(), good);
        }
        for bad in [0.0, -1.0, 0.1, 0.3, 1024.25, 1e300, f64::NAN, f64::INFINITY] {
            assert!(memory(bad).is_err(), "{bad}");
        }
        assert_eq!(vcpus(128.0), Ok(128));
        assert_eq!(disk(65_536.0), Ok(65_536));
        for bad in [0.0, -1.0, 1.5, 129.0, 1e300, f64::NAN] {
            assert!(vcpus(bad).is_err(), "{bad}");
        }
        assert!(disk(1e300).unwrap_err().ends_with("not 1e300"));
    }

    #[test]
    fn labels_are_bounded() {
        let labels_of = |n: usize| (0..n).map(|i| (format!("k{i}"), "v".to_owned())).collect();
        assert_eq!(labels(&labels_of(64)), Ok(()));
        assert!(labels(&labels_of(65)).is_err());
        for (key, value) in [
            ("", "v"),
            ("a=b", "v"),
            ("k", "a\nb"),
            ("k", &"v".repeat(256)),
        ] {
            assert!(
                labels(&[(key.to_owned(), value.to_owned())].into()).is_err(),
                "{key}={value}"
            );
        }
    }
}
