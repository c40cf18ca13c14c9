//! A server that plays a script, byte by byte, on a loopback port of its own.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the server does on a connection, one after the other.
#[derive(Clone)]
pub(super) enum Step {
    /// Reads a request and answers with these bytes.
    Answer(Vec<u8>),
    /// Reads a request and then does nothing until the test ends.
    Hold,
}

/// Reads a request and answers with these bytes.
pub(super) fn answer(bytes: impl AsRef<[u8]>) -> Step {
    Step::Answer(bytes.as_ref().to_vec())
}

/// A well-formed answer.
pub(super) fn reply(status: &str, body: &str) -> Step {
    let length = body.len();
    answer(format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json; charset=utf-8\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    ))
}

/// Listens until it is dropped.
pub(super) struct Server {
    pub(super) url: String,
    requests: Arc<Mutex<Vec<String>>>,
    closed: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

impl Server {
    /// Plays a script for each connection on which a request comes, and closes it
    /// at the script's end. Further connections are closed without an answer.
    pub(super) async fn start(scripts: Vec<Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (count_closed, closed) = watch::channel(0);
        let seen = requests.clone();
        let scripts = Arc::new(Mutex::new(scripts.into_iter()));
        let task = tokio::spawn(async move {
            loop {
                let (mut connection, _) = listener.accept().await.unwrap();
                let (scripts, seen) = (scripts.clone(), seen.clone());
                let count_closed = count_closed.clone();
                tokio::spawn(async move {
                    play(&mut connection, &scripts, &seen).await;
                    drop(connection);
                    count_closed.send_modify(|count| *count += 1);
                });
            }
        });
        Self {
            url,
            requests,
            closed,
            task,
        }
    }

    /// The requests so far, in the order of their arrival.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// Waits until so many connections were closed by the script's end.
    pub(super) async fn closed(&mut self, connections: usize) {
        self.closed.wait_for(|n| *n >= connections).await.unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn play(
    connection: &mut TcpStream,
    scripts: &Mutex<std::vec::IntoIter<Vec<Step>>>,
    seen: &Mutex<Vec<String>>,
) {
    // A client may open a connection that it then doesn't need: no script is
    // spent on it.
    let mut script: Option<VecDeque<Step>> = None;
    while script.as_ref().is_none_or(|script| !script.is_empty()) {
        let Some(request) = read_request(connection).await else {
            return;
        };
        seen.lock().unwrap().push(request);
        let script = script.get_or_insert_with(|| {
            let next = scripts.lock().unwrap().next();
            next.unwrap_or_default().into()
        });
        match script.pop_front() {
            // The client may have gone, having seen enough.
            Some(Step::Answer(bytes)) => drop(connection.write_all(&bytes).await),
            Some(Step::Hold) => drop(connection.read(&mut [0]).await),
            None => {}
        }
    }
}

/// Reads a request with its body. `None` if the client goes.
async fn read_request(connection: &mut TcpStream) -> Option<String> {
    let mut request = Vec::new();
    loop {
        let mut byte = [0];
        if connection.read(&mut byte).await.ok()? == 0 {
            return None;
        }
        request.push(byte[0]);
        if request.ends_with(b"\r\n\r\n") {
            break;
        }
    }
    let head = String::from_utf8(request).unwrap();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().unwrap())
    });
    let mut body = vec![0; length.unwrap_or(0)];
    connection.read_exact(&mut body).await.ok()?;
    Some(head + &String::from_utf8(body).unwrap())
}
