//! Logins under guesses: right passwords come through, and nothing tells an account
//! from none.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use std::time::{Duration, Instant};

use cloudsfor_server::http::{ApiOptions, Limits, Listener, serve};
use common::{Answer, EMAIL, PASSWORD, TestCloud, basic, request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};

/// Addresses that guesses come from.
const ADDRESSES: u8 = 8;

async fn login(cloud: &TestCloud, email: &str, password: &str) -> Answer {
    let mut request = request("GET", "/account", None);
    let credentials = basic(email, password).parse().unwrap();
    request.headers_mut().insert("authorization", credentials);
    cloud.send(request).await
}

#[tokio::test]
async fn an_account_with_several_passwords_takes_as_long_as_none() {
    let cloud = TestCloud::new().await;
    let accounts = cloud.cloud.accounts();
    for name in ["one", "two", "three"] {
        accounts.add_password(EMAIL, name, None).await.unwrap();
    }
    let mut times = Vec::new();
    for (email, guess) in [(EMAIL, "a"), ("none@example.com", "b")] {
        let start = Instant::now();
        assert_eq!(login(&cloud, email, guess).await.status, 401);
        times.push(start.elapsed());
    }
    let difference = times[0].abs_diff(times[1]);
    assert!(difference < Duration::from_millis(250), "{times:?}");
}

#[tokio::test]
async fn a_right_password_is_verified_once_however_the_address_is_spelled() {
    let cloud = TestCloud::new().await;
    assert_eq!(login(&cloud, EMAIL, PASSWORD).await.status, 200);
    let start = Instant::now();
    let letters = EMAIL.find('@').unwrap();
    for upper in 0..200 {
        let spelled: String = EMAIL
            .char_indices()
            .map(
                |(index, letter)| match index < letters && upper >> index & 1 == 1 {
                    true => letter.to_ascii_uppercase(),
                    false => letter,
                },
            )
            .collect();
        assert_eq!(login(&cloud, &spelled, PASSWORD).await.status, 200);
    }
    assert!(start.elapsed() < Duration::from_secs(4));
    let long = format!("{}@example.com", "a".repeat(40_000));
    assert_eq!(login(&cloud, &long, PASSWORD).await.status, 401);
}

/// From several addresses at the account that logs in, from a new address and from one
/// that is known. One that guesses itself falls behind, and may be turned away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn right_passwords_come_through_a_flood_of_guesses() {
    let cloud = TestCloud::new().await;
    let accounts = cloud.cloud.accounts();
    for (name, password) in [("known", "of-known"), ("new", "of-new")] {
        let password = Some(password.to_owned().into());
        accounts.add_password(EMAIL, name, password).await.unwrap();
    }
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = tcp.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let router = cloudsfor_server::http::router(cloud.cloud.clone(), &ApiOptions::default());
    let serving = tokio::spawn(serve(
        Listener::plain(tcp),
        router,
        Limits::default(),
        async {
            let _ = stopped.await;
        },
    ));
    let ask = async move |host: u8, password: String| {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 7, host], 0).into()).unwrap();
        let mut stream = socket.connect(server).await?;
        let head = format!(
            "GET /api/v1/account HTTP/1.1\r\nHost: localhost\r\nAuthorization: {}\r\n\
             Connection: close\r\n\r\n",
            basic(EMAIL, &password)
        );
        stream.write_all(head.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    let start = Instant::now();
    let answer = ask(200, PASSWORD.into()).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let alone = start.elapsed();
    // Each of these addresses has guessed wrong before the flood begins.
    for host in 0..ADDRESSES {
        let answer = ask(host, format!("wrong-{host}")).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    }
    let guesses: Vec<_> = (0..100u8)
        .map(|number| {
            tokio::spawn(async move {
                for guess in 0.. {
                    let _ = ask(number % ADDRESSES, format!("{number}-{guess}")).await;
                }
            })
        })
        .collect();
    // Until they are slowed.
    while !ask(1, "one more".into())
        .await
        .unwrap()
        .starts_with("HTTP/1.1 4")
    {}
    for (what, host, password, limit) in [
        ("from an address that is known", 200, "of-known", 1),
        ("from a new address", 201, "of-new", 5),
    ] {
        let start = Instant::now();
        let answer = ask(host, password.into()).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{what}: {answer}");
        // Without optimization a verification takes longer, and it has three to make.
        let took = start.elapsed();
        assert!(
            took < Duration::from_secs(limit) + 8 * alone,
            "{what}: {took:?}"
        );
    }
    for guess in guesses {
        guess.abort();
    }
    stop.send(()).unwrap();
    serving.await.unwrap();
}
