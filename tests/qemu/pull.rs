//! `serve image pull`: taken up where it was cut off, and never used unverified.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cloudsfor_tests::binary::{Ended, cloudsfor, run};

use crate::host::image;

/// A server of one file, which tells how much of it was left out last.
struct Server {
    url: String,
    left_out: Arc<AtomicU64>,
}

impl Server {
    fn start(file: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/disk.qcow2", listener.local_addr().unwrap());
        let left_out = Arc::new(AtomicU64::new(0));
        let told = left_out.clone();
        // It ends with the tests' process.
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let from = answer(connection.unwrap(), &file);
                told.store(from, Ordering::SeqCst);
            }
        });
        Self { url, left_out }
    }
}

fn answer(mut connection: TcpStream, file: &[u8]) -> u64 {
    let lines = BufReader::new(connection.try_clone().unwrap()).lines();
    let mut from = 0;
    for line in lines
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
    {
        let line = line.to_lowercase();
        if let Some(range) = line.strip_prefix("range: bytes=") {
            from = range.trim_end_matches('-').parse().unwrap();
        }
    }
    let (status, rest) = match file.get(from..) {
        Some(rest) if from > 0 => ("206 Partial Content", rest),
        Some(rest) => ("200 OK", rest),
        None => ("416 Range Not Satisfiable", &file[..0]),
    };
    let length = rest.len();
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    connection.write_all(head.as_bytes()).unwrap();
    connection.write_all(rest).unwrap();
    from as u64
}

fn pull(data: &Path, server: &Server, checksum: &str) -> Ended {
    let index = format!(
        "[[image]]\nname = \"own\"\ndescription = \"Ours\"\nurl = \"{}\"\nchecksum = \"{checksum}\"\n",
        server.url
    );
    std::fs::write(data.join("images.toml"), index).unwrap();
    run(cloudsfor(&["serve", "image", "pull", "own", "--data-dir"]).arg(data))
}

#[test]
fn a_download_goes_on_where_it_ended_and_is_verified() {
    let Some(image) = image() else { return };
    let file = std::fs::read(&image).unwrap();
    let sum = std::process::Command::new("sha256sum").arg(&image).output();
    let sum = String::from_utf8(sum.unwrap().stdout).unwrap()[..64].to_owned();
    let dir = tempfile::tempdir().unwrap();
    let half = file.len() / 2;
    let download = dir.path().join("qemu/images/own.download");
    std::fs::create_dir_all(download.parent().unwrap()).unwrap();
    std::fs::write(&download, &file[..half]).unwrap();
    let server = Server::start(file);

    pull(dir.path(), &server, &sum).ok();
    assert_eq!(server.left_out.load(Ordering::SeqCst), half as u64);
    assert!(!download.exists());
    let list = ["serve", "image", "list", "--output", "json", "--data-dir"];
    let list = run(cloudsfor(&list).arg(dir.path())).ok();
    assert!(list.stdout.contains("\"installed\": true"), "{list:?}");

    let wrong = pull(dir.path(), &server, &"0".repeat(64));
    assert_eq!(wrong.code, 7, "{wrong:?}");
    assert!(wrong.stderr.contains("checksum"), "{wrong:?}");
    assert!(!download.exists(), "it could never become right");
}
