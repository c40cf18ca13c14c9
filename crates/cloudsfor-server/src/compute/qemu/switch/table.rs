//! Which guest is behind which address, as their frames tell.

use std::collections::HashMap;

use super::hub::Port;

/// An address of Ethernet.
pub(super) type Mac = [u8; 6];

/// The most addresses that are kept of one guest: it may hold guests of its own, and
/// may invent as many as it likes.
const OF_A_PORT: usize = 64;

/// Whether an address is that of several, or of all.
pub(super) fn is_of_several(mac: Mac) -> bool {
    mac[0] & 1 == 1
}

/// Where addresses are.
#[derive(Debug, Default)]
pub(super) struct Table {
    ports: HashMap<Mac, Port>,
    known: HashMap<Port, usize>,
}

impl Table {
    /// Notes that a frame came from this address.
    pub(super) fn learn(&mut self, mac: Mac, port: Port) {
        if is_of_several(mac) || self.ports.get(&mac) == Some(&port) {
            return;
        }
        let known = self.known.entry(port).or_default();
        if *known == OF_A_PORT {
            return;
        }
        *known += 1;
        let before = self.ports.insert(mac, port);
        if let Some(known) = before.and_then(|port| self.known.get_mut(&port)) {
            *known -= 1;
        }
    }

    /// Where this address is, if that is known.
    pub(super) fn find(&self, mac: Mac) -> Option<Port> {
        self.ports.get(&mac).copied()
    }

    /// Forgets a guest that is gone.
    pub(super) fn forget(&mut self, port: Port) {
        self.known.remove(&port);
        self.ports.retain(|_, at| *at != port);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Event {
        Learn(u16, usize),
        Forget(usize),
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            9 => (any::<u16>(), 0..4_usize).prop_map(|(mac, port)| Event::Learn(mac, port)),
            1 => (0..4_usize).prop_map(Event::Forget),
        ]
    }

    fn mac(number: u16) -> Mac {
        let [a, b] = number.to_be_bytes();
        [a, b, 0, 0, 0, 0]
    }

    proptest! {
        /// Whoever was heard last has an address; nobody has more than he may, and
        /// who is gone has none.
        #[test]
        fn an_address_is_where_it_was_heard_last(events in prop::collection::vec(event(), 0..400)) {
            let mut table = Table::default();
            for event in events {
                match event {
                    Event::Learn(number, port) => {
                        let before = table.find(mac(number));
                        table.learn(mac(number), Port(port));
                        let after = table.find(mac(number));
                        prop_assert!(after == Some(Port(port)) || after == before);
                        prop_assert!(!is_of_several(mac(number)) || after.is_none());
                    }
                    Event::Forget(port) => {
                        table.forget(Port(port));
                        prop_assert!(table.ports.values().all(|at| *at != Port(port)));
                    }
                }
                for port in (0..4).map(Port) {
                    let has = table.ports.values().filter(|at| **at == port).count();
                    prop_assert_eq!(has, table.known.get(&port).copied().unwrap_or_default());
                    prop_assert!(has <= OF_A_PORT);
                }
            }
        }
    }

    #[test]
    fn an_address_moves_with_its_guest() {
        let mut table = Table::default();
        table.learn(mac(0), Port(1));
        table.learn(mac(0), Port(2));
        assert_eq!(table.find(mac(0)), Some(Port(2)));
        table.forget(Port(1));
        assert_eq!(table.find(mac(0)), Some(Port(2)));
        table.forget(Port(2));
        assert_eq!(table.find(mac(0)), None);
    }
}
