//! What happens to VMs and actions, as `/events` tells it.
//!
//! ```
//! use cloudsfor_types::Event;
//!
//! let data = br#"{"vm":{"id":"9a33ef4fec394360a88e3c60b78b5dbc"},"deleted":true}"#;
//! assert!(matches!(Event::decode("vm", data)?, Event::VmDeleted(_)));
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::fmt;

use serde::Deserialize;

use crate::action::{Action, ActionAnswer};
use crate::id::VmId;
use crate::timestamp::Timestamp;
use crate::vm::{Vm, VmAnswer};

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A VM is there or has changed: as it is now.
    Vm(Box<Vm>),
    /// A VM is gone.
    VmDeleted(VmId),
    /// An action began or ended: as it is now.
    Action(Box<Action>),
    /// Something may have happened that nobody will tell of any more: look at what
    /// there is.
    Reset,
    /// An event that this version doesn't know.
    Other {
        /// Its name.
        name: String,
        /// What it says.
        data: String,
    },
}

impl Event {
    /// When the event with these data happened, if the server tells it.
    pub fn time(data: &[u8]) -> Option<Timestamp> {
        #[derive(Deserialize)]
        struct Told {
            at: Option<Timestamp>,
        }
        serde_json::from_slice::<Told>(data).ok()?.at
    }

    /// Reads an event by its name and its data.
    ///
    /// # Errors
    /// If the data of an event of a known name aren't what they should be.
    pub fn decode(name: &str, data: &[u8]) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Deletion {
            vm: Gone,
            deleted: bool,
        }
        #[derive(Deserialize)]
        struct Gone {
            id: VmId,
        }
        match name {
            "vm" => match serde_json::from_slice::<Deletion>(data) {
                Ok(Deletion { vm, deleted: true }) => Ok(Self::VmDeleted(vm.id)),
                _ => serde_json::from_slice(data).map(|VmAnswer { vm, .. }| Self::Vm(Box::new(vm))),
            },
            "action" => serde_json::from_slice(data)
                .map(|ActionAnswer { action, .. }| Self::Action(Box::new(action))),
            "reset" => Ok(Self::Reset),
            _ => Ok(Self::Other {
                name: name.to_owned(),
                data: String::from_utf8_lossy(data).into_owned(),
            }),
        }
    }
}

/// Where one is in the stream of events, to go on from there: 1 to 255 visible
/// ASCII characters of the server's choice. Can be kept as text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EventCursor(String);

/// Why a text is no cursor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a cursor of events is 1 to 255 visible ASCII characters, not {0:?}")]
pub struct InvalidEventCursor(String);

impl EventCursor {
    /// Checks that the text can be a cursor.
    ///
    /// # Errors
    /// [`InvalidEventCursor`].
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidEventCursor> {
        let text = text.into();
        if (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(Self(text))
        } else {
            Err(InvalidEventCursor(text.chars().take(255).collect()))
        }
    }

    /// The cursor as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VM: &str = r#"{"vm":{"id":"7","name":"a","memory":1,"vcpus":1,"disk":10,
        "locked":false,"status":"running","created_at":"2015-01-14T16:36:31Z"}}"#;

    #[test]
    fn known_events_are_read_and_others_are_kept() {
        assert!(matches!(
            Event::decode("vm", VM.as_bytes()),
            Ok(Event::Vm(_))
        ));
        let kept = VM.replace("}}", "},\"deleted\":false}");
        assert!(matches!(
            Event::decode("vm", kept.as_bytes()),
            Ok(Event::Vm(_))
        ));
        let action = br#"{"action":{"id":"7","status":"completed","type":"reboot",
            "started_at":"2015-01-14T16:36:31Z"}}"#;
        assert!(matches!(
            Event::decode("action", action),
            Ok(Event::Action(_))
        ));
        assert_eq!(Event::decode("reset", b"?").unwrap(), Event::Reset);
        assert_eq!(
            Event::decode("quota", b"\xff").unwrap(),
            Event::Other {
                name: "quota".into(),
                data: "\u{fffd}".into()
            }
        );
    }

    #[test]
    fn what_is_none_is_an_error_that_says_what_a_vm_lacks() {
        for (name, data) in [
            ("vm", "{"),
            ("vm", r#"{"vm":{"id":""},"deleted":true}"#),
            ("action", "{}"),
        ] {
            assert!(Event::decode(name, data.as_bytes()).is_err(), "{data}");
        }
        let error = Event::decode("vm", br#"{"vm":{"id":"7"}}"#).unwrap_err();
        assert!(
            error.to_string().contains("missing field `name`"),
            "{error}"
        );
    }

    #[test]
    fn a_cursor_fits_a_header() {
        assert!(EventCursor::new("17-a").is_ok());
        for bad in ["", "a b", "a\n", "é", &"a".repeat(256)] {
            assert!(EventCursor::new(bad).is_err(), "{bad:?}");
        }
    }
}
