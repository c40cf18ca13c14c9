//! Listening: connections, their limits, and a clean end.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::connections::{Connection, Connections, Source};
use super::faults::HangUp;
use super::files;
use super::head::{HEAD_SIZE, HEADERS};
use super::origin::{Origins, Refused};
use super::tls::{Certificate, TlsError, TlsFiles};

/// What connections may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at once; fewer, if the process may not open as many files. Beyond
    /// it, one that waits for its client makes room. One address has at most half of
    /// them. 1,024.
    pub connections: usize,
    /// Connections beside these, for while all of them are at work. They are for
    /// health and logins: each has one answer and lives for `reserved_life`. 32.
    pub reserved: usize,
    /// How long a connection that has one of the reserved places may live. 5 seconds.
    pub reserved_life: Duration,
    /// How long a request's head may take to arrive, and a connection may stay
    /// idle between two requests. 30 seconds.
    pub head_timeout: Duration,
    /// How long a TLS handshake may take. 10 seconds.
    pub handshake_timeout: Duration,
    /// How long a client may take nothing of its answer. 30 seconds.
    pub write_timeout: Duration,
    /// How long requests in flight may take to end once the service stops.
    /// 10 seconds.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            reserved: 32,
            reserved_life: Duration::from_secs(5),
            head_timeout: Duration::from_secs(30),
            handshake_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(10),
        }
    }
}

/// An address that is listened on, with or without TLS.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    certificate: Option<Arc<Certificate>>,
    origins: Origins,
}

impl Listener {
    /// Listens without TLS.
    pub fn plain(tcp: TcpListener) -> Self {
        Self {
            tcp,
            certificate: None,
            origins: Origins::default(),
        }
    }

    /// Listens with TLS.
    ///
    /// # Errors
    /// If the certificate or its key can't be used.
    pub fn tls(tcp: TcpListener, files: TlsFiles) -> Result<Self, TlsError> {
        Ok(Self {
            tcp,
            certificate: Some(Certificate::load(files)?),
            origins: Origins::default().with_any_host(),
        })
    }

    /// Decides which hosts are answered, and which proxies are believed.
    #[must_use]
    pub fn with_origins(mut self, origins: Origins) -> Self {
        self.origins = origins;
        self
    }
}

/// Serves until `stop` is ready; then takes no more connections, lets the
/// requests in flight end, and returns.
pub async fn serve(
    listener: Listener,
    router: Router,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let Listener {
        tcp,
        certificate,
        origins,
    } = listener;
    let places = limits.connections.min(files::for_connections());
    let connections = Connections::new(places, limits.reserved);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        // Little more than the API takes: so it can say what is wrong with a head that
        // is a little too large, and larger ones take no memory.
        .max_buf_size(HEAD_SIZE + 8 * 1024)
        .max_headers(4 * HEADERS);
    let graceful = GracefulShutdown::new();
    let server = Server {
        http,
        router,
        origins,
        tls: certificate.as_ref().map(Certificate::acceptor),
        limits: limits.clone(),
    };
    let server = Arc::new(server);
    let following = certificate.map(|certificate| tokio::spawn(certificate.follow_files()));
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = tcp.accept() => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                // A proxy that is believed connects for many.
                let address = Some(peer.ip()).filter(|ip| !server.origins.is_trusted(*ip));
                let Some(connection) = connections.enter(address.map(Source::of)) else {
                    continue;
                };
                let serving = server
                    .clone()
                    .serve(stream, peer, connection, graceful.watcher());
                tokio::spawn(serving);
            }
            Err(error) => {
                tracing::warn!(%error, "can't accept a connection");
                // Out of files, most likely: one connection ends, and has time to.
                connections.make_room();
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
    drop(tcp);
    if let Some(following) = following {
        following.abort();
    }
    if tokio::time::timeout(limits.drain_timeout, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("stopped with requests in flight: their clients took too long");
    }
}

/// What serves each connection.
struct Server {
    http: http1::Builder,
    router: Router,
    origins: Origins,
    tls: Option<TlsAcceptor>,
    limits: Limits,
}

impl Server {
    async fn serve(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        connection: Arc<Connection>,
        watcher: Watcher,
    ) {
        // Answers are written whole: nothing is gained by waiting for more.
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(self.limits.write_timeout));
        let stream = Box::pin(stream);
        let peer = peer.ip();
        let Some(tls) = &self.tls else {
            return self.answer(stream, peer, connection, watcher).await;
        };
        let handshake = tokio::time::timeout(self.limits.handshake_timeout, tls.accept(stream));
        let shaken = tokio::select! {
            shaken = handshake => shaken,
            () = connection.must_go() => return,
        };
        if let Ok(Ok(stream)) = shaken {
            self.answer(stream, peer, connection, watcher).await;
        }
    }

    /// The request with who asks and from where, or with why it is refused.
    fn admit(&self, request: http::Request<Body>, peer: IpAddr) -> http::Request<Body> {
        let (mut head, body) = request.into_parts();
        match self.origins.admit(&head, peer, self.tls.is_some()) {
            Ok(admitted) => {
                head.extensions.insert(admitted.peer);
                head.extensions.insert(admitted.origin);
            }
            Err(error) => {
                head.extensions.insert(Refused(error));
            }
        }
        http::Request::from_parts(head, body)
    }

    async fn answer(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        peer: IpAddr,
        connection: Arc<Connection>,
        watcher: Watcher,
    ) {
        let service = hyper::service::service_fn(|request: http::Request<Incoming>| {
            let busy = connection.begin();
            let request = request.map(|body| connection.receive(Body::new(body)));
            let mut request = self.admit(request, peer);
            request.extensions_mut().insert(connection.clone());
            let answer = self.router.clone().oneshot(request);
            async move {
                let response: Response = answer.await.unwrap_or_else(|never| match never {});
                match response.extensions().get::<HangUp>() {
                    Some(hang_up) => Err(*hang_up),
                    None => Ok(response.map(|body| busy.until_sent(body))),
                }
            }
        });
        let mut http = self.http.clone();
        let life = async {
            match connection.is_reserved() {
                true => tokio::time::sleep(self.limits.reserved_life).await,
                false => std::future::pending().await,
            }
        };
        http.keep_alive(!connection.is_reserved());
        let serving = http.serve_connection(TokioIo::new(stream), service);
        // A connection that fails is its client's business.
        tokio::select! {
            _ = watcher.watch(serving) => {}
            () = connection.must_go() => {}
            () = life => {}
        }
    }
}
