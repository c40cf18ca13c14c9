//! A guest reaches the outside, and nothing of this host's loopback.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

use cloudsfor_tests::binary::run;

use crate::host::{Host, IMAGE, image, said_loudly};

/// What a listener of this host says to a client that reaches it.
const REACHED: &str = "reached";

/// Has a guest send to loopback addresses by its gateway, as its root can.
const SEND_OUT: &str = "
echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet
ip route del local 127.0.0.0/8 dev lo table local
ip route del local 127.0.0.1 dev lo table local
ip address del 127.0.0.1/8 dev lo
ip route add 127.0.0.0/8 via 198.18.0.2
ip route get 127.0.0.1
";

/// A listener at this address; its port.
fn listen(address: Ipv4Addr) -> u16 {
    let listener = TcpListener::bind((address, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    // It ends with the tests' process.
    std::thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            let _ = writeln!(connection, "{REACHED}");
        }
    });
    port
}

/// This host's own address outside, if it has one. Nothing is sent.
fn outside() -> Option<Ipv4Addr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    socket.connect((Ipv4Addr::new(198, 51, 100, 1), 9)).ok()?;
    match socket.local_addr().ok()? {
        SocketAddr::V4(address) if !address.ip().is_loopback() => Some(*address.ip()),
        _ => None,
    }
}

#[test]
fn a_guest_reaches_the_outside_and_nothing_of_this_hosts_loopback() {
    let Some(image) = image() else { return };
    let host = Host::start(&image);
    let doctor = run(&mut host.command(&["serve", "doctor"])).ok();
    assert!(doctor.stdout.contains("Isolation"), "{doctor:?}");
    host.create("one", IMAGE, &["--wait-for", "ssh"]).ok();
    host.create("other", IMAGE, &["--wait-for", "ssh"]).ok();
    let reaches = |address: IpAddr, port: u16| {
        let said = host.ssh(
            "one",
            &format!("echo | nc -w 3 {address} {port} 2>&1 || true"),
        );
        said.contains(REACHED) || said.contains("SSH-")
    };
    match outside() {
        Some(address) => assert!(reaches(address.into(), listen(address))),
        None => said_loudly("what guests reach outside was not tested: this host has no route"),
    }

    let own = Ipv4Addr::LOCALHOST;
    let other = host.vm("other")["networks"]["v4"][0].clone();
    let others: Ipv4Addr = other["ip_address"].as_str().unwrap().parse().unwrap();
    let others_port = other["ssh_port"].as_u64().unwrap() as u16;
    let port = listen(own);
    // The gateway and its neighbours stand for this host nowhere.
    for last in [1, 2, 3, 77] {
        assert!(!reaches(Ipv4Addr::new(198, 18, 0, last).into(), port));
    }
    let route = host.ssh("one", SEND_OUT);
    assert!(route.contains("via 198.18.0.2"), "{route}");
    assert!(!reaches(own.into(), port));
    assert!(!reaches(
        Ipv4Addr::new(127, 0, 0, 53).into(),
        listen(Ipv4Addr::new(127, 0, 0, 53))
    ));
    assert!(!reaches(others.into(), others_port));
    assert!(!reaches(Ipv4Addr::UNSPECIFIED.into(), port));
    // It can be reached still.
    assert_eq!(host.ssh("one", "hostname"), "one");
}
