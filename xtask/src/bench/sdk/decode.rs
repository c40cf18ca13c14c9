//! Decoding a list of 100,000 VMs, against structs as anybody would write them.

use std::fs;
use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use clap::ValueEnum;

use super::{VM, plain};
use crate::bench::Report;
use crate::bench::measure::paired;

const VMS: usize = 100_000;

/// What decodes a list.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Decoder {
    /// The SDK's types
    Types,
    /// Structs as anybody would write them
    Plain,
}

impl Decoder {
    fn decode(self, list: &[u8]) -> serde_json::Result<()> {
        match self {
            Self::Types => {
                let list: cloudsfor_types::VmList = serde_json::from_slice(list)?;
                black_box(list.vms.len());
            }
            Self::Plain => {
                let list: plain::VmList = serde_json::from_slice(list)?;
                black_box(list.vms.len());
            }
        }
        Ok(())
    }
}

pub(super) fn measure(report: &mut Report) -> Result<(), Box<dyn std::error::Error>> {
    let list = list_of(VMS)?;
    let decode = |decoder: Decoder| decoder.decode(&list).expect("it is a list");
    let pair = paired(9, || decode(Decoder::Types), || decode(Decoder::Plain));
    let notes = format!(
        "{:.0} ms against {:.0} ms",
        pair.first.as_secs_f64() * 1e3,
        pair.second.as_secs_f64() * 1e3
    );
    report.at_most(
        "decode 100,000 VMs, time",
        pair.ratio,
        1.0 / 0.85,
        "x",
        notes,
    );

    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(&list)?;
    let types = peak_memory(Decoder::Types, file.path())?;
    let plain = peak_memory(Decoder::Plain, file.path())?;
    let notes = format!(
        "{} MiB against {} MiB, the text of {} MiB included",
        types >> 10,
        plain >> 10,
        list.len() >> 20
    );
    let ratio = types as f64 / plain as f64;
    report.at_most("decode 100,000 VMs, peak memory", ratio, 1.5, "x", notes);
    Ok(())
}

/// The answer to a list of so many VMs.
pub(crate) fn list_of(vms: usize) -> Result<Vec<u8>, std::fmt::Error> {
    use std::fmt::Write;
    let vm = VM
        .strip_prefix(r#"{"vm":"#)
        .and_then(|rest| rest.strip_suffix(r#","links":{}}"#))
        .unwrap_or_default();
    let mut list = String::from(r#"{"vms":["#);
    for number in 0..vms {
        if number > 0 {
            list.push(',');
        }
        let id = format!("{number:032x}");
        write!(list, "{}", vm.replacen(super::ID, &id, 1))?;
    }
    write!(list, r#"],"links":{{}},"meta":{{"total":{vms}}}}}"#)?;
    Ok(list.into_bytes())
}

/// The peak memory in KiB of a process that decodes the list.
fn peak_memory(decoder: Decoder, file: &Path) -> Result<u64, Box<dyn std::error::Error>> {
    let name = decoder.to_possible_value();
    let name = name.as_ref().map_or("", |value| value.get_name());
    let output = Command::new(std::env::current_exe()?)
        .args(["bench", "decode", name])
        .arg(file)
        .output()?;
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// Decodes the list, and returns the peak memory in KiB of this process.
pub(crate) fn peak_memory_of(
    decoder: Decoder,
    file: &Path,
) -> Result<u64, Box<dyn std::error::Error>> {
    decoder.decode(&fs::read(file)?)?;
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| {
        let size = line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?;
        size.trim().parse().ok()
    });
    peak.ok_or_else(|| "this system doesn't say how much memory was used".into())
}
