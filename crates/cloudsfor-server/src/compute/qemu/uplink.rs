//! A VM's way out that leads to nothing of this host's loopback.
//!
//! QEMU's own network (libslirp) gives a guest what this host reaches, without root, and more
//! than that: it connects to 127.0.0.1 for frames to 127.0.0.1, which a guest's root can
//! send, and for those to any address of the guest's own network. Other guests' SSH and
//! programs that trust this host listen there. So QEMU passes what a guest sends to a small
//! process of ours, and takes back what may leave:
//!
//! ```text
//! guest ─► filter-redirector ─► `cloudsfor serve uplink` ─► filter-redirector ─► libslirp
//!   ▲                                                                               │
//!   └───────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! The process ends with QEMU. If it ends before, nothing leaves the guest. The two sockets
//! between them have no name in the file system. (`passt` would do this too; the one of
//! Debian 12 connects to 127.0.0.1 for a guest as well, and hangs after some connections.)

use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::Stdio;

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use tokio::io::BufReader;
use tokio::process::Command;

use super::networks::OURSELVES;
use super::switch::frame;

/// The guest's own network in QEMU: its first three numbers. All of it leads to this host.
const INSIDE: [u8; 3] = [198, 18, 0];

/// There, the last number of the host itself, and of the one that answers for names.
const HOST: u8 = 2;
const NAMES: u8 = 3;

const DHCP: u16 = 67;
const DNS: u16 = 53;

/// QEMU's ends: what the guest sends, and what may leave.
pub(super) struct Uplink {
    pub(super) sent: OwnedFd,
    pub(super) leaves: OwnedFd,
}

/// Starts the process for a machine that is being started.
///
/// # Errors
/// If it can't be started.
pub(super) fn uplink() -> io::Result<Uplink> {
    let (sent, input) = UnixStream::pair()?;
    let (leaves, output) = UnixStream::pair()?;
    let mut filter = Command::new(OURSELVES);
    filter
        .arg0("cloudsfor")
        .args(["serve", "uplink"])
        .current_dir("/")
        // It needs nothing of it, least of all a password.
        .env_clear()
        .stdin(OwnedFd::from(input))
        .stdout(OwnedFd::from(output))
        .stderr(Stdio::null());
    // It is waited for by the process that is there when it ends.
    filter.spawn()?;
    Ok(Uplink {
        sent: sent.into(),
        leaves: leaves.into(),
    })
}

/// Runs the process, with QEMU at its standard input and output, until QEMU is gone.
///
/// # Errors
/// If it wasn't started as the driver starts it.
pub async fn run_uplink() -> io::Result<()> {
    // Whatever happens to the terminal or the service that it was started from.
    rustix::process::setsid()?;
    let socket = |end: OwnedFd| {
        let socket = UnixStream::from(end);
        socket.set_nonblocking(true)?;
        tokio::net::UnixStream::from_std(socket)
    };
    let sent = socket(io::stdin().as_fd().try_clone_to_owned()?)?;
    let leaves = socket(io::stdout().as_fd().try_clone_to_owned()?)?;
    pass(sent, leaves).await
}

async fn pass(sent: tokio::net::UnixStream, mut leaves: tokio::net::UnixStream) -> io::Result<()> {
    let mut reader = BufReader::with_capacity(64 << 10, sent);
    while let Some(frame) = frame::read(&mut reader).await? {
        if may_leave(&frame) {
            frame::write(&mut leaves, &frame).await?;
        }
    }
    Ok(())
}

/// Whether a frame of the guest's may leave. What isn't understood may not.
fn may_leave(frame: &[u8]) -> bool {
    const ARP: [u8; 2] = [0x08, 0x06];
    const IPV4: [u8; 2] = [0x08, 0x00];
    match frame.get(12..14) {
        Some(kind) if kind == ARP => true,
        Some(kind) if kind == IPV4 => packet_may_leave(frame).unwrap_or_default(),
        _ => false,
    }
}

fn packet_may_leave(frame: &[u8]) -> Option<bool> {
    let to = frame.get(30..34)?;
    let to = Ipv4Addr::new(to[0], to[1], to[2], to[3]);
    // Linux takes a connection to 0.0.0.0 for one to itself.
    if to.is_loopback() || to.octets()[0] == 0 {
        return Some(false);
    }
    let [a, b, c, last] = to.octets();
    if [a, b, c] != INSIDE {
        return Some(true);
    }
    // Of what leads to this host: answers, names and addresses, and nothing in pieces, which
    // would not show what it is.
    let sliced = SlicedPacket::from_ethernet(frame).ok()?;
    let Some(NetSlice::Ipv4(ip)) = &sliced.net else {
        return Some(false);
    };
    if ip.header().is_fragmenting_payload() {
        return Some(false);
    }
    Some(match &sliced.transport {
        // A connection that came in is answered; one that begins is let through for names.
        Some(TransportSlice::Tcp(tcp)) => {
            let begins = tcp.syn() && !tcp.ack();
            !begins || (last == NAMES && tcp.destination_port() == DNS)
        }
        Some(TransportSlice::Udp(udp)) => {
            let port = udp.destination_port();
            (last == NAMES && port == DNS) || (last == HOST && port == DHCP)
        }
        Some(TransportSlice::Icmpv4(_)) => last == HOST,
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use etherparse::PacketBuilder;
    use proptest::prelude::*;

    use super::*;

    const GUEST: [u8; 4] = [198, 18, 0, 15];

    fn ipv4(to: [u8; 4]) -> etherparse::PacketBuilderStep<etherparse::IpHeaders> {
        PacketBuilder::ethernet2([1; 6], [2; 6]).ipv4(GUEST, to, 64)
    }

    fn udp(to: [u8; 4], port: u16) -> Vec<u8> {
        let mut bytes = Vec::new();
        ipv4(to).udp(68, port).write(&mut bytes, &[0; 20]).unwrap();
        bytes
    }

    fn tcp(to: [u8; 4], port: u16, syn: bool, ack: bool) -> Vec<u8> {
        let mut step = ipv4(to).tcp(22, port, 1, 1000);
        if syn {
            step = step.syn();
        }
        if ack {
            step = step.ack(7);
        }
        let mut bytes = Vec::new();
        step.write(&mut bytes, &[]).unwrap();
        bytes
    }

    #[test]
    fn nothing_begins_to_this_hosts_loopback() {
        for to in [[127, 0, 0, 1], [127, 64, 0, 2], [0, 0, 0, 0]] {
            for (syn, ack) in [(true, false), (true, true), (false, true)] {
                assert!(!may_leave(&tcp(to, 22, syn, ack)), "{to:?}");
            }
            assert!(!may_leave(&udp(to, 53)), "{to:?}");
        }
        for last in 0..=255 {
            let to = [198, 18, 0, last];
            assert!(!may_leave(&tcp(to, 22, true, false)), "{to:?}");
            assert!(!may_leave(&udp(to, 8420)), "{to:?}");
        }
        // What is outside, and what a guest needs of its own network.
        assert!(may_leave(&tcp([192, 0, 2, 1], 22, true, false)));
        assert!(may_leave(&udp([255, 255, 255, 255], 67)));
        assert!(may_leave(&udp([198, 18, 0, 2], 67)));
        assert!(may_leave(&udp([198, 18, 0, 3], 53)));
        assert!(may_leave(&tcp([198, 18, 0, 3], 53, true, false)));
        // Answers to who came in by the port of its SSH.
        assert!(may_leave(&tcp([198, 18, 0, 2], 40000, true, true)));
        assert!(may_leave(&tcp([198, 18, 0, 2], 40000, false, true)));
    }

    #[test]
    fn what_is_not_understood_stays() {
        // The beginning of a connection whose flags are in a second piece.
        let mut piece = tcp([198, 18, 0, 2], 22, false, true);
        piece[20] |= 0x20;
        assert!(!may_leave(&piece));
        for kind in [[0x86, 0xdd], [0x81, 0], [0x88, 0xa8]] {
            let mut other = tcp([192, 0, 2, 1], 22, true, false);
            other[12..14].copy_from_slice(&kind);
            assert!(!may_leave(&other), "{kind:?}");
        }
        assert!(!may_leave(&[0; 20]) && !may_leave(&[]));
    }

    proptest! {
        #[test]
        fn whatever_is_sent_no_packet_to_loopback_leaves(
            mut frame in prop::collection::vec(any::<u8>(), 34..80),
            first in prop::sample::select(vec![0_u8, 127]),
        ) {
            frame[12..14].copy_from_slice(&[8, 0]);
            frame[30] = first;
            prop_assert!(!may_leave(&frame));
        }

        #[test]
        fn whatever_is_sent_no_connection_to_the_guests_own_network_begins(
            mut frame in prop::collection::vec(any::<u8>(), 54..80),
            last in any::<u8>(),
            port in 54..u16::MAX,
        ) {
            let valid = tcp([198, 18, 0, last], port, true, false);
            let rest = frame.split_off(54);
            // The header as it must be to reach anything, but for what may differ.
            frame[12..34].copy_from_slice(&valid[12..34]);
            frame[36..38].copy_from_slice(&valid[36..38]);
            frame[47] = (frame[47] & !0x10) | 0x02;
            frame.extend(rest);
            prop_assert!(!may_leave(&frame));
        }
    }

    #[tokio::test]
    async fn frames_pass_but_those_to_loopback() {
        let (mut guest, sent) = tokio::net::UnixStream::pair().unwrap();
        let (leaves, mut outside) = tokio::net::UnixStream::pair().unwrap();
        let passing = tokio::spawn(pass(sent, leaves));
        for to in [[127, 0, 0, 1], [192, 0, 2, 1]] {
            let frame = tcp(to, 22, true, false);
            frame::write(&mut guest, &frame).await.unwrap();
        }
        let got = frame::read(&mut outside).await.unwrap().unwrap();
        assert_eq!(got[30..34], [192, 0, 2, 1]);
        drop(guest);
        passing.await.unwrap().unwrap();
    }
}
