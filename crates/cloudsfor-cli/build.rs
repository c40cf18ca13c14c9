//! Has the linker pack the binary's relative relocations, of which the loader has
//! 25,000 to work through at each start: unpacked they are 600 KiB to be read.
//!
//! Only glibc from 2.36 on reads packed ones, so only where that is what the binary
//! is built on; it runs nowhere older then, as binaries of glibc hardly do anyway.

use std::env::var;
use std::process::Command;

const SINCE: (u32, u32) = (2, 36);

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is_gnu = var("CARGO_CFG_TARGET_ENV").is_ok_and(|env| env == "gnu")
        && var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux");
    let is_for_here = var("TARGET").ok() == var("HOST").ok();
    if is_gnu && is_for_here && glibc().is_some_and(|version| version >= SINCE) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// This system's, if it says so.
fn glibc() -> Option<(u32, u32)> {
    let told = Command::new("getconf").arg("GNU_LIBC_VERSION").output();
    let told = String::from_utf8(told.ok()?.stdout).ok()?;
    let (major, minor) = told.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
