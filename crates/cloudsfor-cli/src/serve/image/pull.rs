//! Downloading an image: taken up where it was cut off, and verified before use.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use clap::Args;
use cloudsfor_server::compute::qemu::{Entry, Images, checksum_like, listed_checksum};
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

/// Which image.
#[derive(Args)]
pub(crate) struct Pull {
    /// Its identifier in the index: debian-13
    name: String,
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
    let client = client().map_err(|error| failed(told(&error)))?;
    let checksum = checksum(&client, entry).await.map_err(failed)?;
    let download = images
        .download(&entry.name)
        .map_err(|error| failure("nothing was pulled", &error))?;
    fetch(&client, &entry.url, &download, terminal)
        .await
        .map_err(failed)?;
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
        .await
        .map_err(|error| failure("nothing was installed", &error))?;
    let _ = std::fs::remove_file(&download);
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

fn client() -> reqwest::Result<Client> {
    // Whoever comes second finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().read_timeout(SILENCE).build()
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

/// Downloads what isn't there yet.
async fn fetch(
    client: &Client,
    url: &str,
    file: &Path,
    terminal: &mut Terminal,
) -> Result<(), String> {
    let unwritable = |error: io::Error| format!("{}: {error}", file.display());
    let there = std::fs::metadata(file).map_or(0, |metadata| metadata.len());
    let mut response = get(client, url, there).await?;
    let goes_on = response.status() == StatusCode::PARTIAL_CONTENT;
    if response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
        // All of it is there.
        return Ok(());
    }
    let mut options = OpenOptions::new();
    options.create(true).append(goes_on);
    options.write(true).truncate(!goes_on);
    let mut out = options.open(file).map_err(unwritable)?;
    let mut have = if goes_on { there } else { 0 };
    let all = response.content_length().map(|left| left + have);
    let mut progress = terminal.progress();
    while let Some(chunk) = response.chunk().await.map_err(|error| told(&error))? {
        out.write_all(&chunk).map_err(unwritable)?;
        have += chunk.len() as u64;
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
