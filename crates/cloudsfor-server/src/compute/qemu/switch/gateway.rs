//! The network's own address: it says where it is, answers pings, and questions for the
//! members' names. It leads nowhere.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use etherparse::{
    ArpHardwareId, ArpOperation, ArpPacket, EtherType, Icmpv4Type, LinkSlice, NetSlice,
    PacketBuilder, SlicedPacket, TransportSlice,
};

use super::names::Names;
use super::table::Mac;
use crate::compute::qemu::networks::mac_bytes;

/// Where questions for names are asked.
const DNS: u16 = 53;

/// How far an answer may go: it has nowhere to go but to the guest.
const HOPS: u8 = 64;

/// The network's own address, and what answers there.
pub(super) struct Gateway {
    address: Ipv4Addr,
    mac: Mac,
    names: Names,
}

impl Gateway {
    /// At this address, in the network of this directory.
    pub(super) fn new(address: Ipv4Addr, dir: PathBuf) -> Self {
        Self {
            address,
            mac: mac_bytes(address),
            names: Names::new(dir),
        }
    }

    pub(super) fn mac(&self) -> Mac {
        self.mac
    }

    /// What to answer to a frame, if anything.
    pub(super) fn answer(&mut self, frame: &[u8]) -> Option<Vec<u8>> {
        let packet = SlicedPacket::from_ethernet(frame).ok()?;
        let Some(LinkSlice::Ethernet2(link)) = &packet.link else {
            return None;
        };
        let back = PacketBuilder::ethernet2(self.mac, link.source());
        let own = self.address.octets();
        let mut answer = Vec::new();
        match (&packet.net, &packet.transport) {
            (Some(NetSlice::Arp(asked)), _) => {
                let asked = asked.to_packet().try_eth_ipv4().ok()?;
                if asked.operation != ArpOperation::REQUEST || asked.target_ipv4 != own {
                    return None;
                }
                let here = ArpPacket::new(
                    ArpHardwareId::ETHERNET,
                    EtherType::IPV4,
                    ArpOperation::REPLY,
                    &self.mac,
                    &own,
                    &asked.sender_mac,
                    &asked.sender_ipv4,
                );
                back.arp(here.ok()?).write(&mut answer).ok()?;
            }
            (Some(NetSlice::Ipv4(ip)), Some(transport)) => {
                let header = ip.header();
                if header.destination() != own || ip.is_payload_fragmented() {
                    return None;
                }
                let back = back.ipv4(own, header.source(), HOPS);
                match transport {
                    TransportSlice::Icmpv4(asked) => {
                        let Icmpv4Type::EchoRequest(echo) = asked.icmp_type() else {
                            return None;
                        };
                        let back = back.icmpv4_echo_reply(echo.id, echo.seq);
                        back.write(&mut answer, asked.payload()).ok()?;
                    }
                    TransportSlice::Udp(asked) if asked.destination_port() == DNS => {
                        let said = self.names.answer(asked.payload())?;
                        let back = back.udp(DNS, asked.source_port());
                        back.write(&mut answer, &said).ok()?;
                    }
                    _ => return None,
                }
            }
            _ => return None,
        }
        Some(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUEST: Mac = [0x52, 0x54, 0x0a, 0, 0, 2];

    fn gateway() -> Gateway {
        Gateway::new([10, 0, 0, 1].into(), "no-such-directory".into())
    }

    fn arp(target: [u8; 4]) -> Vec<u8> {
        let packet = ArpPacket::new(
            ArpHardwareId::ETHERNET,
            EtherType::IPV4,
            ArpOperation::REQUEST,
            &GUEST,
            &[10, 0, 0, 2],
            &[0; 6],
            &target,
        );
        let mut frame = Vec::new();
        let builder = PacketBuilder::ethernet2(GUEST, [0xff; 6]);
        builder
            .arp(packet.unwrap())
            .write(&mut frame)
            .map(|()| frame)
            .unwrap()
    }

    #[test]
    fn it_says_where_it_is_and_nothing_of_others() {
        let mut gateway = gateway();
        let answer = gateway.answer(&arp([10, 0, 0, 1])).unwrap();
        let packet = SlicedPacket::from_ethernet(&answer).unwrap();
        let Some(NetSlice::Arp(said)) = packet.net else {
            panic!("{packet:?}")
        };
        let said = said.to_packet().try_eth_ipv4().unwrap();
        assert_eq!(said.operation, ArpOperation::REPLY);
        assert_eq!((said.sender_mac, said.target_mac), (gateway.mac(), GUEST));
        assert_eq!(gateway.answer(&arp([10, 0, 0, 2])), None);
    }

    #[test]
    fn it_answers_pings_to_itself_alone() {
        let mut gateway = gateway();
        let ping = |to| {
            let mut frame = Vec::new();
            let builder = PacketBuilder::ethernet2(GUEST, [1; 6]).ipv4([10, 0, 0, 2], to, 64);
            let builder = builder.icmpv4_echo_request(7, 9);
            builder.write(&mut frame, b"ping").map(|()| frame).unwrap()
        };
        let answer = gateway.answer(&ping([10, 0, 0, 1])).unwrap();
        let packet = SlicedPacket::from_ethernet(&answer).unwrap();
        let Some(TransportSlice::Icmpv4(said)) = packet.transport else {
            panic!("{packet:?}")
        };
        assert_eq!(said.payload(), b"ping");
        assert!(matches!(said.icmp_type(), Icmpv4Type::EchoReply(echo) if echo.seq == 9));
        assert_eq!(gateway.answer(&ping([10, 0, 0, 3])), None);
    }
}
