//! Actions: operations on VMs that take a while, from their request to their
//! end; and the requests that start them.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::FieldFault;
use crate::id::{ActionId, VmId};
use crate::object::object;
use crate::open_enum::open_enum;
use crate::page::{Links, Meta};
use crate::region::RegionName;
use crate::request::{Fields, checked, number, string, title};
use crate::timestamp::Timestamp;
use crate::units::Gigabytes;
use crate::{names, rules};

open_enum! {
    /// How far an action is.
    pub enum ActionStatus {
        /// It runs.
        InProgress = "in-progress",
        /// It succeeded.
        Completed = "completed",
        /// It failed; [`Action::error`] says why.
        Errored = "errored",
    }
}

open_enum! {
    /// What an action does.
    pub enum ActionType {
        /// Creates the VM; started by the create request itself.
        Create = "create",
        /// Starts a stopped VM.
        PowerOn = "power_on",
        /// Stops a VM as by its power switch.
        PowerOff = "power_off",
        /// Asks the VM to shut down.
        Shutdown = "shutdown",
        /// Asks the VM to restart.
        Reboot = "reboot",
        /// Restarts a VM as by its power switch.
        PowerCycle = "power_cycle",
        /// Changes memory, processors or disk.
        Resize = "resize",
        /// Takes a snapshot.
        Snapshot = "snapshot",
        /// Puts the disk back to a snapshot or backup.
        Restore = "restore",
        /// Makes the VM anew from an image.
        Rebuild = "rebuild",
        /// Gives the VM another name.
        Rename = "rename",
        /// Begins to make backups.
        EnableBackups = "enable_backups",
        /// Makes no more backups.
        DisableBackups = "disable_backups",
    }
}

object! {
    /// One operation on one VM.
    pub struct Action {
        /// As documented, the id of the VM; [`Action::action_id`] is the action's.
        required id: VmId;
        /// The action's own id, where the server says it.
        optional action_id: Option<ActionId>;
        /// How far it is.
        required status: ActionStatus;
        /// What it does (`type` on the wire).
        required r#type: ActionType;
        /// When it was accepted.
        required started_at: Timestamp;
        /// When it ended; `null` until then.
        nullable completed_at: Option<Timestamp>;
        /// What it is done to: `vm`.
        optional resource_type: Option<String>;
        /// Where: the region's name, also if the server sent more of it.
        optional region: Option<String> as RegionName;
        /// Why it failed.
        optional error: Option<String>;
        /// What the VM's owner is to know of how it went.
        optional notice: Option<String>;
    }
}

impl Action {
    /// The VM that it is done to.
    pub fn vm_id(&self) -> &VmId {
        &self.id
    }

    /// Whether it runs no more.
    pub fn has_ended(&self) -> bool {
        matches!(self.status, ActionStatus::Completed | ActionStatus::Errored)
    }
}

object! {
    /// The answer that carries one action: `{"action":Action}`.
    pub struct ActionAnswer {
        /// The action.
        required action: Action;
    }
}

object! {
    /// The answer to a list of actions.
    pub struct ActionList {
        /// The actions, oldest first.
        required actions: Vec<Action> as crate::lenient::OneOrMany<Action>;
        /// The pages around this one.
        optional links: Option<Links>;
        /// The total over all pages.
        optional meta: Option<Meta>;
    }
}

/// A request for an action on a VM, with what it needs.
///
/// ```
/// use cloudsfor_types::VmAction;
///
/// let resize = VmAction::Resize { size: None, cpu: None, disk_size: Some(20) };
/// assert_eq!(serde_json::to_string(&resize)?, r#"{"type":"resize","disk_size":20}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum VmAction {
    /// Start a stopped VM.
    PowerOn,
    /// Stop a running VM as by its power switch.
    PowerOff,
    /// Ask a running VM to shut down.
    Shutdown,
    /// Ask a running VM to restart.
    Reboot,
    /// Restart a running VM as by its power switch.
    PowerCycle,
    /// Change sizes; at least one. Memory and processors of a stopped VM only;
    /// a disk never shrinks.
    Resize {
        /// The new memory.
        #[serde(skip_serializing_if = "Option::is_none")]
        size: Option<Gigabytes>,
        /// The new number of virtual processors.
        #[serde(skip_serializing_if = "Option::is_none")]
        cpu: Option<u32>,
        /// The new disk, in GB of 2^30 bytes.
        #[serde(skip_serializing_if = "Option::is_none")]
        disk_size: Option<u32>,
    },
    /// Take a snapshot.
    Snapshot {
        /// Its name.
        name: String,
    },
    /// Put the disk back to a snapshot or backup of this VM or another.
    Restore {
        /// The snapshot's id.
        image: String,
    },
    /// Make the VM anew.
    Rebuild {
        /// An image's identifier, or a snapshot's id.
        image: String,
    },
    /// Give the VM another name.
    Rename {
        /// The name.
        name: String,
    },
    /// Begin to make backups.
    EnableBackups,
    /// Make no more backups.
    DisableBackups,
}

impl VmAction {
    /// What it does.
    pub fn action_type(&self) -> ActionType {
        match self {
            Self::PowerOn => ActionType::PowerOn,
            Self::PowerOff => ActionType::PowerOff,
            Self::Shutdown => ActionType::Shutdown,
            Self::Reboot => ActionType::Reboot,
            Self::PowerCycle => ActionType::PowerCycle,
            Self::Resize { .. } => ActionType::Resize,
            Self::Snapshot { .. } => ActionType::Snapshot,
            Self::Restore { .. } => ActionType::Restore,
            Self::Rebuild { .. } => ActionType::Rebuild,
            Self::Rename { .. } => ActionType::Rename,
            Self::EnableBackups => ActionType::EnableBackups,
            Self::DisableBackups => ActionType::DisableBackups,
        }
    }

    /// Checks every rule that can be checked without the service.
    ///
    /// # Errors
    /// All faults at once, each with its attribute.
    pub fn validate(&self) -> Result<(), Vec<FieldFault>> {
        match serde_json::to_value(self) {
            Ok(Value::Object(body)) => Self::decode(body).map(drop),
            _ => Err(vec![FieldFault::new("type", "can't be written as JSON")]),
        }
    }

    /// Reads an action request strictly, as the server does.
    ///
    /// # Errors
    /// All faults at once.
    pub fn decode(body: Map<String, Value>) -> Result<Self, Vec<FieldFault>> {
        let mut fields = Fields::new(body);
        let Some(action_type) = fields.required("type", |v| startable(string(v)?)) else {
            // What else belongs to an action, its type decides.
            return Err(fields.faults().to_vec());
        };
        let action = match action_type {
            ActionType::PowerOn => Some(Self::PowerOn),
            ActionType::PowerOff => Some(Self::PowerOff),
            ActionType::Shutdown => Some(Self::Shutdown),
            ActionType::Reboot => Some(Self::Reboot),
            ActionType::PowerCycle => Some(Self::PowerCycle),
            ActionType::EnableBackups => Some(Self::EnableBackups),
            ActionType::DisableBackups => Some(Self::DisableBackups),
            ActionType::Resize => Some(Self::resize(&mut fields)),
            ActionType::Snapshot => fields
                .required("name", |v| title(v, rules::title_beside_hex_ids))
                .map(|name| Self::Snapshot { name }),
            ActionType::Restore => fields
                .required("image", |v| checked(string(v)?, rules::identifier))
                .map(|image| Self::Restore { image }),
            ActionType::Rebuild => fields
                .required("image", |v| checked(string(v)?, rules::identifier))
                .map(|image| Self::Rebuild { image }),
            ActionType::Rename => fields
                .required("name", |v| names::hostname(string(v)?))
                .map(|name| Self::Rename { name }),
            ActionType::Create | ActionType::Unknown(_) => None,
        };
        let faults = fields.finish();
        action.filter(|_| faults.is_empty()).ok_or(faults)
    }

    fn resize(fields: &mut Fields) -> Self {
        let size = fields.optional("size", |v| rules::memory(number(v)?));
        let cpu = fields.optional("cpu", |v| rules::vcpus(number(v)?));
        let disk_size = fields.optional("disk_size", |v| rules::disk(number(v)?));
        if size.is_none() && cpu.is_none() && disk_size.is_none() && fields.faults().is_empty() {
            fields.fault("type", "needs at least one of size, cpu and disk_size");
        }
        Self::Resize {
            size,
            cpu,
            disk_size,
        }
    }
}

fn startable(name: &str) -> Result<ActionType, String> {
    match ActionType::from(name) {
        ActionType::Create | ActionType::Unknown(_) => {
            let known = ActionType::KNOWN
                .iter()
                .filter(|known| **known != ActionType::Create);
            let known: Vec<_> = known.map(ActionType::as_str).collect();
            Err(format!("must be one of {}, not {name:?}", known.join(", ")))
        }
        known => Ok(known),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn decode(body: &Value) -> Result<VmAction, Vec<String>> {
        VmAction::decode(body.as_object().unwrap().clone())
            .map_err(|faults| faults.into_iter().map(|fault| fault.name).collect())
    }

    #[test]
    fn what_is_encoded_decodes_to_the_same_action() {
        for action in [
            VmAction::PowerOn,
            VmAction::PowerOff,
            VmAction::Shutdown,
            VmAction::Reboot,
            VmAction::PowerCycle,
            VmAction::Resize {
                size: Gigabytes::new(0.5),
                cpu: Some(2),
                disk_size: Some(20),
            },
            VmAction::Snapshot {
                name: "before the upgrade".into(),
            },
            VmAction::Restore {
                image: "9a33ef4fec394360a88e3c60b78b5dbc".into(),
            },
            VmAction::Rebuild {
                image: "fedora-19".into(),
            },
            VmAction::Rename {
                name: "example.com".into(),
            },
            VmAction::EnableBackups,
            VmAction::DisableBackups,
        ] {
            let body = serde_json::to_value(&action).unwrap();
            assert_eq!(body["type"], action.action_type().as_str());
            assert_eq!(action.validate(), Ok(()));
            assert_eq!(decode(&body), Ok(action));
        }
    }

    #[test]
    fn every_fault_is_named() {
        for (body, faults) in [
            (json!({}), vec!["type"]),
            (json!({"type": "create"}), vec!["type"]),
            (json!({"type": 7, "name": "x"}), vec!["type"]),
            (json!({"type": "explode"}), vec!["type"]),
            (json!({"type": "resize"}), vec!["type"]),
            (
                json!({"type": "resize", "cpu": 0, "size": "1"}),
                vec!["size", "cpu"],
            ),
            (json!({"type": "snapshot"}), vec!["name"]),
            (json!({"type": "snapshot", "name": "\n"}), vec!["name"]),
            (json!({"type": "restore", "image": ""}), vec!["image"]),
            (json!({"type": "rename", "name": "a_b"}), vec!["name"]),
            (
                json!({"type": "reboot", "name": "a", "hard": true}),
                vec!["hard", "name"],
            ),
        ] {
            assert_eq!(
                decode(&body),
                Err(faults.into_iter().map(Into::into).collect()),
                "{body}"
            );
        }
    }

    #[test]
    fn an_action_keeps_both_ids_apart() {
        let json = json!({"id": "9a33ef4fec394360a88e3c60b78b5dbc", "action_id": "a1",
            "status": "in-progress", "type": "reboot", "started_at": "2015-01-14T16:36:31Z",
            "completed_at": null, "resource_type": "vm", "region": "moscow_01"});
        let action: Action = serde_json::from_value(json).unwrap();
        assert_eq!(action.vm_id().as_str(), "9a33ef4fec394360a88e3c60b78b5dbc");
        assert_eq!(action.action_id.as_ref().unwrap().as_str(), "a1");
        assert!(!action.has_ended());
    }
}
