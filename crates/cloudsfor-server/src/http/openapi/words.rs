//! What each operation does, in words.

use cloudsfor_types::operations::{self as op, Operation};

/// An operation in a few words, and what there is to know about it.
pub(super) fn of(operation: Operation) -> (&'static str, &'static str) {
    match operation {
        op::LIST_VMS => (
            "List VMs",
            "All VMs of the account, oldest first, or those that every filter lets through.",
        ),
        op::CREATE_VM => (
            "Create a VM",
            "Answers at once with the VM, which is `new` and locked until it runs. With an \
             `Idempotency-Key` the request can be sent again and makes one VM.",
        ),
        op::GET_VM => (
            "Get a VM",
            "With `wait`, the answer comes when the VM is unlocked or the time is over.",
        ),
        op::UPDATE_VM => (
            "Change a VM's labels or protection",
            "What is left out or `null` stays; `labels` are replaced as a whole.",
        ),
        op::DELETE_VM => (
            "Delete a VM",
            "With its disk and backups. Its snapshots stay. A protected VM is refused.",
        ),
        op::LIST_VM_SNAPSHOTS => ("List a VM's snapshots", "Oldest first."),
        op::DELETE_VM_SNAPSHOT => (
            "Delete a VM's snapshot",
            "VMs that were made from it stay as they are.",
        ),
        op::LIST_VM_BACKUPS => (
            "List a VM's backups",
            "Oldest first, in the shape of snapshots. Each is an image.",
        ),
        op::CREATE_VM_ACTION => (
            "Do something to a VM",
            "Answers at once with the action, which goes on. The VM is locked until it ends.",
        ),
        op::LIST_VM_ACTIONS => ("List a VM's actions", "Oldest first."),
        op::GET_VM_ACTION => (
            "Get an action of a VM",
            "With `wait`, the answer comes when the action has ended or the time is over.",
        ),
        op::LIST_ACTIONS => (
            "List actions",
            "All of the account, oldest first, or those of `ids`; with `wait`, when any of those has ended.",
        ),
        op::GET_ACTION => (
            "Get an action",
            "With `wait`, the answer comes when the action has ended or the time is over.",
        ),
        op::LIST_SNAPSHOTS => (
            "List snapshots",
            "All of the account, of deleted VMs too, oldest first.",
        ),
        op::GET_SNAPSHOT => ("Get a snapshot", "Its id is an image for new VMs."),
        op::DELETE_SNAPSHOT => (
            "Delete a snapshot",
            "VMs that were made from it stay as they are.",
        ),
        op::GET_ACCOUNT => ("Get the account", "The one whose credentials were sent."),
        op::LIST_REGIONS => ("List regions", "Where VMs can be."),
        op::LIST_DISTROS => ("List distros", "The public images that VMs can be made of."),
        op::LIST_KEYS => ("List SSH keys", "All of the account."),
        op::CREATE_KEY => (
            "Add an SSH key",
            "New VMs can be made with it. The same key can't be added twice.",
        ),
        op::GET_KEY => ("Get an SSH key", "By its id or its fingerprint."),
        op::UPDATE_KEY => ("Rename an SSH key", "By its id or its fingerprint."),
        op::DELETE_KEY => (
            "Delete an SSH key",
            "VMs that were made with it go on accepting it.",
        ),
        op::LIST_NETWORKS => ("List private networks", "All of the account."),
        op::CREATE_NETWORK => ("Create a private network", "VMs can join it."),
        op::GET_NETWORK => ("Get a private network", "By its id."),
        op::DELETE_NETWORK => (
            "Delete a private network",
            "One that VMs are in is refused.",
        ),
        op::JOIN_NETWORK => (
            "Let a VM join a private network",
            "It gets an address there.",
        ),
        op::LEAVE_NETWORK => (
            "Let a VM leave a private network",
            "Its address there is free again.",
        ),
        op::LIST_DOMAINS => ("List domains", "All of the account."),
        op::CREATE_DOMAIN => (
            "Add a domain",
            "With `ip_address`, its address record is made too.",
        ),
        op::GET_DOMAIN => ("Get a domain", "With its zone file."),
        op::DELETE_DOMAIN => ("Delete a domain", "With all its records."),
        op::LIST_RECORDS => (
            "List a domain's records",
            "Those of the account's own making.",
        ),
        op::CREATE_RECORD => ("Add a record", "It is served by DNS at once."),
        op::GET_RECORD => ("Get a record", "By its id."),
        op::UPDATE_RECORD => (
            "Change a record",
            "It has the id that it had; its type may change.",
        ),
        op::DELETE_RECORD => ("Delete a record", "DNS serves it no more."),
        op::WATCH_EVENTS => (
            "Watch what happens",
            "Events `vm`, `action` and `reset`, as they happen, as server-sent events.",
        ),
        _ => ("", ""),
    }
}
