//! A server that answers each request with the same list of VMs: a hostile one, too.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

use cloudsfor_tests::binary::{Ended, cloudsfor, run};
use serde_json::{Value, json};

/// A VM as a server sends it, with these attributes changed.
pub(crate) fn vm(changes: &Value) -> Value {
    let mut vm = json!({
        "id": "9a33ef4fec394360a88e3c60b78b5dbc", "name": "web", "memory": 1, "vcpus": 1,
        "disk": 10, "locked": false, "created_at": "2026-01-01T00:00:00Z", "status": "running",
        "backup_ids": [], "snapshot_ids": [], "features": [], "region": {"name": "moscow_01"},
        "networks": {"v4": [{"ip_address": "127.64.0.2", "netmask": "255.192.0.0",
            "gateway": "127.64.0.1", "type": "public", "ssh_port": 2222}]},
    });
    vm.as_object_mut()
        .unwrap()
        .extend(changes.as_object().unwrap().clone());
    vm
}

/// Runs a command against a server whose answer to everything are these VMs.
pub(crate) fn cli(vms: &[Value], args: &[&str]) -> Ended {
    let body = json!({"vms": vms, "links": {}}).to_string();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // A client that goes away gets no answer.
            let _ = stream.and_then(|stream| answer(&stream, &body));
        }
    });
    let mut command = cloudsfor(&["-q", "--endpoint", &format!("http://{address}")]);
    command.args(args).env("CLOUDSFOR_EMAIL", "me@example.com");
    command.env("CLOUDSFOR_PASSWORD", "password");
    run(&mut command)
}

/// Answers one request without a body.
fn answer(stream: &TcpStream, body: &str) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    while lines
        .next()
        .transpose()?
        .is_some_and(|line| !line.is_empty())
    {}
    let length = body.len();
    write!(
        &mut &*stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    )
}
