//! Who gets which frame.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::gateway::Gateway;
use super::table::{Mac, Table, is_of_several};

/// The most guests at once.
const PORTS: usize = 1024;

/// The bytes of frames that wait for one guest, and for all of a network. A few of the
/// longest fit in; a guest that takes nothing costs no more.
const WAITING: usize = 512 << 10;
const WAITING_IN_ALL: usize = 64 << 20;

/// A frame that waits for a guest. It counts until it is dropped.
#[derive(Debug)]
pub(super) struct Waiting {
    frame: Bytes,
    bytes: Arc<AtomicUsize>,
    in_all: Arc<AtomicUsize>,
}

impl Deref for Waiting {
    type Target = Bytes;

    fn deref(&self) -> &Bytes {
        &self.frame
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let length = self.frame.len();
        self.bytes.fetch_sub(length, Ordering::Relaxed);
        self.in_all.fetch_sub(length, Ordering::Relaxed);
    }
}

/// Where a guest's frames wait.
struct Queue {
    frames: mpsc::Sender<Waiting>,
    bytes: Arc<AtomicUsize>,
}

/// Where a guest is plugged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Port(pub(super) usize);

/// All guests of a network, and its gateway.
pub(super) struct Hub {
    gateway: Gateway,
    table: Table,
    queues: HashMap<Port, Queue>,
    in_all: Arc<AtomicUsize>,
    next: usize,
}

impl Hub {
    pub(super) fn new(gateway: Gateway) -> Self {
        Self {
            gateway,
            table: Table::default(),
            queues: HashMap::new(),
            in_all: Arc::default(),
            next: 0,
        }
    }

    /// Plugs a guest in, whose frames go into this queue; refuses it if there are too
    /// many.
    pub(super) fn plug(&mut self, frames: mpsc::Sender<Waiting>) -> Option<Port> {
        if self.queues.len() == PORTS {
            return None;
        }
        let port = Port(self.next);
        self.next += 1;
        let bytes = Arc::default();
        self.queues.insert(port, Queue { frames, bytes });
        Some(port)
    }

    /// Forgets a guest.
    pub(super) fn unplug(&mut self, port: Port) {
        self.queues.remove(&port);
        self.table.forget(port);
    }

    /// Passes a frame on, which has both addresses.
    pub(super) fn pass(&mut self, from: Port, frame: &Bytes) {
        let (to, source) = (mac(&frame[..6]), mac(&frame[6..12]));
        if source == self.gateway.mac() {
            // Nobody else is the gateway.
            return;
        }
        self.table.learn(source, from);
        if is_of_several(to) || to == self.gateway.mac() {
            if let Some(answer) = self.gateway.answer(frame) {
                self.put(from, answer.into());
            }
            if to == self.gateway.mac() {
                return;
            }
        }
        match self.table.find(to) {
            Some(port) if port == from => {}
            Some(port) => self.put(port, frame.clone()),
            None => {
                for port in self.queues.keys().filter(|port| **port != from) {
                    self.put(*port, frame.clone());
                }
            }
        }
    }

    /// Gives a guest a frame, unless it hasn't taken those before.
    fn put(&self, port: Port, frame: Bytes) {
        let Some(queue) = self.queues.get(&port) else {
            return;
        };
        let length = frame.len();
        let waiting = Waiting {
            bytes: queue.bytes.clone(),
            in_all: self.in_all.clone(),
            frame,
        };
        // Counted first, as it is dropped in any case.
        let bytes = queue.bytes.fetch_add(length, Ordering::Relaxed) + length;
        let in_all = self.in_all.fetch_add(length, Ordering::Relaxed) + length;
        if bytes <= WAITING && in_all <= WAITING_IN_ALL {
            let _ = queue.frames.try_send(waiting);
        }
    }
}

fn mac(bytes: &[u8]) -> Mac {
    bytes.try_into().expect("six bytes")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Guest {
        port: Port,
        frames: mpsc::Receiver<Waiting>,
    }

    fn hub(guests: usize, queue: usize) -> (Hub, Vec<Guest>) {
        let gateway = Gateway::new([10, 0, 0, 1].into(), "no-such-directory".into());
        let mut hub = Hub::new(gateway);
        let guests = (0..guests).map(|_| {
            let (sender, frames) = mpsc::channel(queue);
            let port = hub.plug(sender).unwrap();
            Guest { port, frames }
        });
        let guests = guests.collect();
        (hub, guests)
    }

    fn frame(to: u8, from: u8) -> Bytes {
        let mut frame = vec![0; 60];
        frame[..6].fill(to);
        frame[6..12].fill(from);
        frame.into()
    }

    fn got(guest: &mut Guest) -> usize {
        std::iter::from_fn(|| guest.frames.try_recv().ok()).count()
    }

    const ALL: u8 = 0xff;

    #[test]
    fn a_frame_goes_to_whom_it_is_for_and_to_all_while_that_is_unknown() {
        let (mut hub, mut guests) = hub(3, 8);
        let ports: Vec<_> = guests.iter().map(|guest| guest.port).collect();
        let mut sent = |from: usize, frame: &Bytes| {
            hub.pass(ports[from], frame);
            guests.iter_mut().map(got).collect::<Vec<_>>()
        };
        assert_eq!(sent(0, &frame(4, 2)), [0, 1, 1]);
        assert_eq!(sent(1, &frame(2, 4)), [1, 0, 0]);
        assert_eq!(sent(0, &frame(4, 2)), [0, 1, 0]);
        assert_eq!(sent(2, &frame(ALL, 6)), [1, 1, 0]);
        // To itself: nobody else's.
        assert_eq!(sent(0, &frame(2, 2)), [0, 0, 0]);
        hub.unplug(ports[1]);
        assert!(guests[1].frames.try_recv().is_err());
        hub.pass(ports[0], &frame(4, 2));
        assert_eq!(guests.iter_mut().map(got).collect::<Vec<_>>(), [0, 0, 1]);
    }

    #[test]
    fn a_guest_that_takes_no_frames_loses_them_and_holds_up_nobody() {
        let (mut hub, mut guests) = hub(3, 4);
        for _ in 0..100 {
            hub.pass(guests[0].port, &frame(ALL, 2));
            assert_eq!(got(&mut guests[1]), 1);
        }
        assert_eq!(got(&mut guests[2]), 4);
    }

    #[test]
    fn frames_that_are_not_taken_are_bounded_in_bytes() {
        let (mut hub, mut guests) = hub(200, 256);
        let mut large = vec![0; 70_000];
        large[..6].fill(ALL);
        large[6..12].fill(2);
        let large = Bytes::from(large);
        for _ in 0..300 {
            hub.pass(guests[0].port, &large);
        }
        let waiting = hub.in_all.load(Ordering::Relaxed);
        assert!(
            waiting <= WAITING_IN_ALL && waiting > WAITING_IN_ALL / 2,
            "{waiting}"
        );
        for guest in guests.iter_mut().skip(1) {
            assert!(got(guest) <= WAITING / large.len());
        }
        assert_eq!(hub.in_all.load(Ordering::Relaxed), 0);
        // A guest that takes frames again gets frames again.
        hub.pass(guests[0].port, &large);
        assert_eq!(got(&mut guests[1]), 1);
    }

    #[test]
    fn there_are_never_too_many_guests() {
        let (mut hub, guests) = hub(PORTS, 1);
        let (sender, _frames) = mpsc::channel(1);
        assert!(hub.plug(sender.clone()).is_none());
        hub.unplug(guests[0].port);
        assert!(hub.plug(sender).is_some());
    }

    proptest! {
        /// Whatever guests send, nobody gets his own frames back, and none panics.
        #[test]
        fn forged_frames_do_no_harm(frames in prop::collection::vec(
            (0..3_usize, prop::collection::vec(
                prop_oneof![Just(0xff_u8), Just(0x52), Just(0x0a), Just(0), any::<u8>()],
                14..70)), 1..10)
        ) {
            let (mut hub, mut guests) = hub(3, 64);
            for (from, frame) in frames {
                let frame = Bytes::from(frame);
                hub.pass(guests[from].port, &frame);
                for (number, guest) in guests.iter_mut().enumerate() {
                    while let Ok(passed) = guest.frames.try_recv() {
                        prop_assert!(number != from || passed[6..12] == hub.gateway.mac());
                    }
                }
            }
        }
    }
}
