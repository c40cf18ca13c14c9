//! Downloading an image: taken up where it was cut off, and verified before use.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use clap::Args;
use cloudsfor_server::compute::qemu::{Entry, ImageError, Images, checksum_like, listed_checksum};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, header};

use super::{failure, index, say_installed};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// The longest that a server may be silent.
const SILENCE: Duration = Duration::from_secs(30);

/// The longest list of checksums that is read, in bytes.
const LIST_MAX: usize = 1 << 20;

/// How often to say how much there is, in MB.
const PROGRESS: u64 = 16;

/// Bytes of a GB.
const GB: u64 = 1 << 30;

/// Which image.
#[derive(Args)]
pub(crate) struct Pull {
    /// Its identifier in the index: debian-13
    name: String,

    /// The largest download, in GB; one that is larger is refused
    #[arg(long, value_name = "GB", default_value = "50", value_parser = gigabytes)]
    max_size: f64,
}

fn gigabytes(text: &str) -> Result<f64, String> {
    let number = text.parse().ok();
    let number = number.filter(|gigabytes: &f64| *gigabytes > 0.0 && *gigabytes <= 65_536.0);
    number.ok_or_else(|| "must be a number of GB, 65536 at most".into())
}

/// How much a download may be, and why no more.
struct Bound {
    bytes: u64,
    /// What the bound is, and how to get more.
    what: String,
}

impl Bound {
    /// The smaller one of what is asked for and what there is room for.
    fn new(args: &Pull, have: u64, images: &Images) -> Result<Self, Failure> {
        let room = images.room();
        let room = room.map_err(|error| failure("nothing was pulled", &error))?;
        let limit = (args.max_size * GB as f64) as u64;
        let there_is = room.saturating_add(have);
        Ok(match limit <= there_is {
            true => Self {
                bytes: limit,
                what: format!(
                    "the limit of {} GB for a download; --max-size allows more",
                    args.max_size
                ),
            },
            false => Self {
                bytes: there_is,
                what: format!(
                    "the {} MB of disk that are left for images here; free some space, or use \
                     another --data-dir",
                    there_is >> 20
                ),
            },
        })
    }

    fn check(&self, url: &str, bytes: u64) -> Result<(), String> {
        if bytes <= self.bytes {
            return Ok(());
        }
        Err(format!("{url} is larger than {}", self.what))
    }
}

pub(super) async fn pull(
    dir: &Path,
    images: &Images,
    args: &Pull,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let index = index(dir)?;
    let entry = index.get(&args.name).ok_or_else(|| {
        let why = format!("the index has no image {:?}", args.name);
        Failure::new(Exit::NotFound, "nothing was pulled", why)
            .next("to see what there is: cloudsfor serve image list")
    })?;
    let failed = |why: String| not_pulled(entry, why);
    only_https(entry).map_err(failed)?;
    let client = client(entry).map_err(|error| failed(told(&error)))?;
    let checksum = checksum(&client, entry).await.map_err(failed)?;
    let cannot = |error| failure("nothing was pulled", &error);
    let download = images.download(&entry.name).map_err(cannot)?;
    let mut file = images.open_download(&entry.name).map_err(cannot)?;
    let have = file.metadata().map_or(0, |metadata| metadata.len());
    let bound = Bound::new(args, have, images)?;
    fetch(&client, &entry.url, &mut file, &bound, terminal)
        .await
        .map_err(failed)?;
    drop(file);
    let found = checksum_like(&download, &checksum).map_err(|error| failed(error.to_string()))?;
    if !found.eq_ignore_ascii_case(&checksum) {
        // It would never become the right one.
        let _ = std::fs::remove_file(&download);
        return Err(failed(format!(
            "what was downloaded has the checksum {found}, not {checksum}; it was removed"
        )));
    }
    let installed = images
        .install(&entry.name, &entry.description, &download, &entry.url, None)
        .await;
    if let Err(ImageError::Digest { .. }) | Ok(_) = installed {
        let _ = std::fs::remove_file(&download);
    }
    let installed = installed.map_err(|error| failure("nothing was installed", &error))?;
    say_installed(&installed, terminal);
    Ok(Exit::Done)
}

fn not_pulled(entry: &Entry, why: String) -> Failure {
    let what = format!("the image {} was not pulled", entry.name);
    Failure::new(Exit::Unavailable, what, why)
        .next("try again: what was downloaded is kept")
        .next(format!(
            "or download {} yourself, and install it: cloudsfor serve image import {} FILE",
            entry.url, entry.name
        ))
}

/// Refuses an entry by which others on the way could choose the image: what comes without
/// TLS needs a checksum that is fixed here.
fn only_https(entry: &Entry) -> Result<(), String> {
    if entry.checksum.is_some() {
        return Ok(());
    }
    let addresses = [Some(&entry.url), entry.checksums.as_ref()];
    let plain = addresses.into_iter().flatten().find(|url| {
        let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
        !scheme.eq_ignore_ascii_case("https")
    });
    match plain {
        None => Ok(()),
        Some(url) => Err(format!(
            "{url} is not https, so that others on the way could change what comes from there. \
             Use an https address, or give the entry in images.toml the `checksum` of the image"
        )),
    }
}

/// A client that follows redirects; not from https to anything else, unless the checksum is
/// fixed, by which whatever comes is verified.
fn client(entry: &Entry) -> reqwest::Result<Client> {
    // A provider that is installed already stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let https_only = entry.checksum.is_none();
    Client::builder()
        .read_timeout(SILENCE)
        .https_only(https_only)
        .redirect(Policy::custom(move |redirect| {
            if https_only && redirect.url().scheme() != "https" {
                return redirect.error(
                    "it leads away from https, so that others on the way could change what comes \
                     from there. Use another address, or give the entry in images.toml the \
                     `checksum` of the image",
                );
            }
            Policy::default().redirect(redirect)
        }))
        .build()
}

/// The checksum that the file must have.
async fn checksum(client: &Client, entry: &Entry) -> Result<String, String> {
    if let Some(checksum) = &entry.checksum {
        return Ok(checksum.clone());
    }
    let Some(list) = &entry.checksums else {
        return Err("its entry has no checksum, and nothing is installed unverified".into());
    };
    let mut response = get(client, list, 0).await?;
    let mut text = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| told(&error))? {
        text.extend_from_slice(&chunk);
        if text.len() > LIST_MAX {
            return Err(format!("{list} is no list of checksums: it is too long"));
        }
    }
    let file = entry.url.rsplit('/').next().unwrap_or_default();
    listed_checksum(&String::from_utf8_lossy(&text), file)
        .ok_or_else(|| format!("{list} has no checksum of {file}"))
}

async fn get(client: &Client, url: &str, from: u64) -> Result<Response, String> {
    let mut request = client.get(url);
    if from > 0 {
        request = request.header(header::RANGE, format!("bytes={from}-"));
    }
    let response = request.send().await.map_err(|error| told(&error))?;
    match response.status() {
        StatusCode::RANGE_NOT_SATISFIABLE if from > 0 => Ok(response),
        status if status.is_success() => Ok(response),
        status => Err(format!("{url} answers {status}")),
    }
}

/// Downloads what isn't there yet to the end of the file.
async fn fetch(
    client: &Client,
    url: &str,
    file: &mut File,
    bound: &Bound,
    terminal: &mut Terminal,
) -> Result<(), String> {
    let unwritable = |error: io::Error| format!("the download can't be written: {error}");
    let there = file.metadata().map_err(unwritable)?.len();
    let mut response = get(client, url, there).await?;
    let goes_on = response.status() == StatusCode::PARTIAL_CONTENT;
    if response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
        // All of it is there.
        return Ok(());
    }
    if !goes_on {
        file.set_len(0).map_err(unwritable)?;
    }
    let mut have = if goes_on { there } else { 0 };
    let all = response.content_length();
    let all = all.map(|left| left.saturating_add(have));
    bound.check(url, all.unwrap_or(have))?;
    let mut progress = terminal.progress();
    while let Some(chunk) = response.chunk().await.map_err(|error| told(&error))? {
        have += chunk.len() as u64;
        if let Err(why) = bound.check(url, have) {
            // A server that said no size: what came is of no use.
            let _ = file.set_len(0);
            return Err(why);
        }
        file.write_all(&chunk).map_err(unwritable)?;
        let of = all.map_or_else(String::new, |all| format!(" of {}", megabytes(all)));
        progress.show(&format!("{url}: {}{of} MB", megabytes(have)));
    }
    progress.finish(&format!("{url}: {} MB", megabytes(have)));
    Ok(())
}

/// In steps that are worth a line.
fn megabytes(bytes: u64) -> u64 {
    (bytes >> 20) / PROGRESS * PROGRESS
}

/// An error with all that caused it.
fn told(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
