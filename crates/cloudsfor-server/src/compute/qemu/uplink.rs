//! A VM's way out that leads to nothing of this host's loopback.
//!
//! `passt` gives a guest what this host reaches, without root. It is told to map no address
//! of the guest's network to this host. But a guest can send a frame to any address, and
//! passt of before 2024 connects to 127.0.0.1 for it, where other guests' SSH and programs
//! that trust this host are. So a small process of ours is between QEMU and passt: it passes
//! all that comes from passt on, and of what the guest sends only ARP, and IPv4 to what
//! isn't this host's own.
//!
//! ```text
//! QEMU ── socket pair ── `cloudsfor serve uplink` ── socket pair ── passt ── the outside
//! ```
//!
//! Each ends when one of its neighbours does. None has a name in the file system.
//!
//! The process also acknowledges the guest's end of the handshake of each connection that
//! comes in. The passt of Debian 12 does that only once the other side sends something, and
//! who waits for the guest's greeting waits for ever. A second acknowledgement harms nothing.

use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::Stdio;

use command_fds::CommandFdExt;
use etherparse::{NetSlice, PacketBuilder, SlicedPacket, TransportSlice};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::sync::mpsc;

use super::networks::OURSELVES;
use super::switch::frame;

const PASST: &str = "passt";

/// The guest's own address, the gateway's, and the one that answers for names.
const GUEST: &str = "198.18.0.15";
const GATEWAY: &str = "198.18.0.1";
const NAMES: &str = "198.18.0.3";

/// Acknowledgements that wait for the guest to take them; further ones are left to passt.
const ACKNOWLEDGEMENTS: usize = 64;

/// How much a guest may send until passt says more itself: enough for a greeting.
const WINDOW: u16 = 1024;

/// Why there is no way out.
#[derive(Debug, thiserror::Error)]
pub(super) enum UplinkError {
    /// It is not installed.
    #[error("passt is not installed")]
    NoPasst,
    /// It doesn't start.
    #[error("passt says: {0}")]
    Refused(String),
    /// It can't be run.
    #[error("passt can't be run: {0}")]
    Unusable(#[from] io::Error),
}

/// A way out for a guest, with a port of this host that leads to its SSH: QEMU's end of it.
pub(super) async fn uplink(address: Ipv4Addr, port: u16) -> Result<OwnedFd, UplinkError> {
    let outside = passt(&format!("{address}/{port}:22")).await?;
    let (qemu, ours) = UnixStream::pair()?;
    let mut filter = Command::new(OURSELVES);
    filter
        .arg0("cloudsfor")
        .args(["serve", "uplink"])
        .current_dir("/")
        // It needs nothing of it, least of all a password.
        .env_clear()
        .stdin(OwnedFd::from(ours))
        .stdout(outside)
        .stderr(Stdio::null());
    // It is waited for by whoever is there when it ends.
    filter.spawn()?;
    Ok(qemu.into())
}

/// Whether passt can be used here, which is tried.
pub(super) async fn trial() -> Result<(), UplinkError> {
    passt("none").await.map(drop)
}

/// Starts passt, which goes into the background once its ports are there; the other end of
/// its only connection, with which it ends.
async fn passt(ports: &str) -> Result<OwnedFd, UplinkError> {
    let (ours, theirs) = UnixStream::pair()?;
    let theirs = OwnedFd::from(theirs);
    let mut command = Command::new(PASST);
    command
        .args(["--quiet", "--ipv4-only", "--no-map-gw"])
        .args(["--address", GUEST, "--netmask", "24", "--gateway", GATEWAY])
        .args(["--dns", NAMES, "--dns-forward", NAMES])
        .args(["--tcp-ports", ports, "--udp-ports", "none"])
        .args(["--fd", &theirs.as_raw_fd().to_string()])
        .preserved_fds(vec![theirs]);
    let output = command
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .output()
        .await;
    let output = match output {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(UplinkError::NoPasst),
        output => output?,
    };
    if output.status.success() {
        return Ok(ours.into());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().rfind(|line| !line.contains("syslog"));
    Err(UplinkError::Refused(said.unwrap_or("nothing").to_owned()))
}

/// Runs the process between QEMU, at its standard input, and passt, at its standard output,
/// until one of them is gone.
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
    let guest = socket(io::stdin().as_fd().try_clone_to_owned()?)?;
    let outside = socket(io::stdout().as_fd().try_clone_to_owned()?)?;
    pass(guest, outside).await
}

async fn pass(guest: tokio::net::UnixStream, outside: tokio::net::UnixStream) -> io::Result<()> {
    let (from_guest, mut to_guest) = guest.into_split();
    let (mut from_outside, mut to_outside) = outside.into_split();
    let (acknowledge, mut acknowledgements) = mpsc::channel(ACKNOWLEDGEMENTS);
    let out = async {
        let mut reader = BufReader::with_capacity(64 << 10, from_guest);
        while let Some(frame) = frame::read(&mut reader).await? {
            if may_leave(&frame) {
                frame::write(&mut to_outside, &frame).await?;
                if let Some(own) = acknowledgement(&frame) {
                    // One that there is no room for is sent once the other side speaks.
                    let _ = acknowledge.try_send(own);
                }
            }
        }
        io::Result::Ok(())
    };
    let back = async {
        let mut reader = BufReader::with_capacity(64 << 10, &mut from_outside);
        loop {
            // Whole frames, between which there is room for others. Reading one is given up
            // at no other place.
            tokio::select! {
                biased;
                Some(own) = acknowledgements.recv() => frame::write(&mut to_guest, &own).await?,
                ready = reader.fill_buf() => {
                    if ready?.is_empty() {
                        return io::Result::Ok(());
                    }
                    if let Some(frame) = frame::read(&mut reader).await? {
                        frame::write(&mut to_guest, &frame).await?;
                    }
                }
            }
        }
    };
    tokio::select! {
        out = out => out,
        back = back => back,
    }
}

/// What acknowledges a guest's answer to a connection (SYN and ACK); `None` for all else.
fn acknowledgement(frame: &[u8]) -> Option<Vec<u8>> {
    let sliced = SlicedPacket::from_ethernet(frame).ok()?;
    let (Some(NetSlice::Ipv4(ip)), Some(TransportSlice::Tcp(tcp))) =
        (&sliced.net, &sliced.transport)
    else {
        return None;
    };
    if !(tcp.syn() && tcp.ack()) {
        return None;
    }
    let (to, from) = (frame.get(..6)?, frame.get(6..12)?);
    let ip = ip.header();
    let builder = PacketBuilder::ethernet2(to.try_into().ok()?, from.try_into().ok()?)
        .ipv4(ip.destination(), ip.source(), 64)
        .tcp(
            tcp.destination_port(),
            tcp.source_port(),
            tcp.acknowledgment_number(),
            WINDOW,
        )
        .ack(tcp.sequence_number().wrapping_add(1));
    let mut bytes = Vec::with_capacity(builder.size(0));
    builder.write(&mut bytes, &[]).ok()?;
    Some(bytes)
}

/// Whether a frame of the guest's may get to passt. What isn't understood may not.
fn may_leave(frame: &[u8]) -> bool {
    const ARP: [u8; 2] = [0x08, 0x06];
    const IPV4: [u8; 2] = [0x08, 0x00];
    let Some((header, packet)) = frame.split_at_checked(frame::HEADER) else {
        return false;
    };
    let addresses = packet.get(12..20);
    match (&header[12..], addresses) {
        (kind, _) if *kind == ARP => true,
        (kind, Some(&[a, b, c, d, e, f, g, h])) if *kind == IPV4 => {
            let is_own = |address: Ipv4Addr| address.is_loopback();
            let (from, to) = (Ipv4Addr::new(a, b, c, d), Ipv4Addr::new(e, f, g, h));
            // Linux takes a connection to 0.0.0.0 for one to itself.
            !is_own(from) && !is_own(to) && (to.octets()[0] != 0)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame_to(kind: [u8; 2], to: [u8; 4]) -> Vec<u8> {
        let mut frame = vec![0; 60];
        frame[12..14].copy_from_slice(&kind);
        frame[14] = 0x45;
        frame[26..30].copy_from_slice(&[198, 18, 0, 15]);
        frame[30..34].copy_from_slice(&to);
        frame
    }

    #[test]
    fn nothing_gets_to_this_hosts_loopback() {
        let ipv4 = |to| may_leave(&frame_to([8, 0], to));
        assert!(ipv4([198, 18, 0, 1]) && ipv4([255, 255, 255, 255]) && ipv4([8, 8, 8, 8]));
        assert!(!ipv4([127, 0, 0, 1]) && !ipv4([127, 64, 0, 2]) && !ipv4([0, 0, 0, 0]));
        assert!(
            may_leave(&frame_to([8, 6], [127, 0, 0, 1])),
            "ARP leads nowhere"
        );
        for kind in [[0x86, 0xdd], [0x81, 0], [0x88, 0xa8]] {
            assert!(!may_leave(&frame_to(kind, [8, 8, 8, 8])), "{kind:?}");
        }
        assert!(!may_leave(&[0; 20]) && !may_leave(&[]));
    }

    proptest! {
        #[test]
        fn whatever_is_sent_no_ipv4_to_loopback_leaves(
            mut frame in prop::collection::vec(any::<u8>(), 0..80),
            is_loopback: bool,
        ) {
            if is_loopback && frame.len() > 30 {
                frame[30] = 127;
            }
            if may_leave(&frame) && frame[12..14] == [8, 0] {
                prop_assert!(frame[30] != 127 && frame[30] != 0);
            }
        }
    }

    #[tokio::test]
    async fn frames_pass_both_ways_but_those_to_loopback() {
        let (mut guest, inside) = tokio::net::UnixStream::pair().unwrap();
        let (mut outside, out) = tokio::net::UnixStream::pair().unwrap();
        let passing = tokio::spawn(pass(inside, out));
        for to in [[127, 0, 0, 1], [192, 0, 2, 1]] {
            frame::write(&mut guest, &frame_to([8, 0], to))
                .await
                .unwrap();
        }
        let got = frame::read(&mut outside).await.unwrap().unwrap();
        assert_eq!(got[30..34], [192, 0, 2, 1]);
        let answer = frame_to([8, 0], [198, 18, 0, 15]);
        frame::write(&mut outside, &answer).await.unwrap();
        assert_eq!(frame::read(&mut guest).await.unwrap().unwrap(), answer);
        // The end of a handshake is passed on, and answered at once.
        let begun = PacketBuilder::ethernet2([1; 6], [2; 6])
            .ipv4([198, 18, 0, 15], [198, 18, 0, 1], 64)
            .tcp(22, 40000, 7, 1000)
            .syn()
            .ack(9);
        let mut bytes = Vec::new();
        begun.write(&mut bytes, &[]).unwrap();
        frame::write(&mut guest, &bytes).await.unwrap();
        assert_eq!(frame::read(&mut outside).await.unwrap().unwrap(), bytes);
        let ended = frame::read(&mut guest).await.unwrap().unwrap();
        let ended = SlicedPacket::from_ethernet(&ended).unwrap();
        let Some(TransportSlice::Tcp(tcp)) = ended.transport else {
            panic!("no TCP");
        };
        assert_eq!((tcp.source_port(), tcp.destination_port()), (40000, 22));
        assert_eq!((tcp.sequence_number(), tcp.acknowledgment_number()), (9, 8));
        assert!(tcp.ack() && !tcp.syn());
        drop(outside);
        passing.await.unwrap().unwrap();
    }
}
