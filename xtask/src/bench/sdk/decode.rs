//! Decoding a list of 100,000 VMs, against structs as anybody would write them. Each
//! time in a process of its own: else one pays for memory that the other gave back.

use std::any::Any;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use clap::ValueEnum;

use super::{VM, plain};
use crate::bench::Report;
use crate::bench::measure::paired_times;

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
    /// The decoded list, whatever its type.
    fn decode(self, list: &[u8]) -> serde_json::Result<Box<dyn Any>> {
        Ok(match self {
            Self::Types => Box::new(serde_json::from_slice::<cloudsfor_types::VmList>(list)?),
            Self::Plain => Box::new(serde_json::from_slice::<plain::VmList>(list)?),
        })
    }
}

pub(super) fn measure(report: &mut Report) -> Result<(), Box<dyn std::error::Error>> {
    let list = list_of(VMS)?;
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(&list)?;

    let (mut types, mut plain) = (0, 0);
    let once = |decoder, peak: &mut u64| {
        let decoding = decoding(decoder, file.path()).expect("it is a list");
        *peak = decoding.peak_kib.max(*peak);
        decoding.time
    };
    let pair = paired_times(
        9,
        || once(Decoder::Types, &mut types),
        || once(Decoder::Plain, &mut plain),
    );
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

/// What it takes to decode the list once.
struct Decoding {
    time: Duration,
    peak_kib: u64,
}

/// Decodes the list in another process.
fn decoding(decoder: Decoder, file: &Path) -> Result<Decoding, Box<dyn std::error::Error>> {
    let name = decoder.to_possible_value();
    let name = name.as_ref().map_or("", |value| value.get_name());
    let output = Command::new(std::env::current_exe()?)
        .args(["bench", "decode", name])
        .arg(file)
        .output()?;
    let told = String::from_utf8(output.stdout)?;
    let (micros, peak_kib) = told.trim().split_once(' ').ok_or("decoding failed")?;
    Ok(Decoding {
        time: Duration::from_micros(micros.parse()?),
        peak_kib: peak_kib.parse()?,
    })
}

/// Decodes the list, and says what that took: microseconds, and the peak memory of
/// this process in KiB.
pub(crate) fn decode_and_tell(
    decoder: Decoder,
    file: &Path,
) -> Result<String, Box<dyn std::error::Error>> {
    let list = fs::read(file)?;
    let start = Instant::now();
    let decoded = decoder.decode(&list)?;
    // What it takes to free it is the allocator's whim.
    let micros = start.elapsed().as_micros();
    drop(decoded);
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| {
        let size = line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?;
        size.trim().parse::<u64>().ok()
    });
    let peak = peak.ok_or("this system doesn't say how much memory was used")?;
    Ok(format!("{micros} {peak}"))
}
