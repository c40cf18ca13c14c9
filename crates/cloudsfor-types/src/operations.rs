//! The operations of the API as data: one table that the client, the server's
//! routes and the tests of both read, so that none can be forgotten.

/// An HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Reads only.
    Get,
    /// Makes something; not idempotent by itself.
    Post,
    /// Idempotent: puts something in the place of what was there.
    Put,
    /// Idempotent.
    Delete,
}

impl Method {
    /// The method's name: `GET`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// Whether a request may be sent again when it's unknown if it was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Safety {
    /// Changes nothing: may always be sent again.
    Read,
    /// Sent twice does what sent once does: may always be sent again.
    Idempotent,
    /// May be sent again only under the same idempotency key, to a server that
    /// honours keys.
    NeedsKey,
}

/// One operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operation {
    /// Its name: `create_vm`.
    pub name: &'static str,
    /// Its method.
    pub method: Method,
    /// Its path under the base URL, with parameters in braces: `/vms/{id}`.
    pub path: &'static str,
    /// Whether it may be sent again.
    pub safety: Safety,
    /// The status of its success.
    pub success: u16,
}

/// Declares the table and a constant for each of its rows.
macro_rules! operations {
    ($($(#[$doc:meta])* $NAME:ident = $name:literal, $method:ident, $path:literal, $safety:ident, $success:literal;)+) => {
        $(
            $(#[$doc])*
            pub const $NAME: Operation = Operation {
                name: $name,
                method: Method::$method,
                path: $path,
                safety: Safety::$safety,
                success: $success,
            };
        )+

        /// All operations.
        pub const OPERATIONS: &[Operation] = &[$($NAME),+];
    };
}

operations! {
    /// `GET /vms`
    LIST_VMS = "list_vms", Get, "/vms", Read, 200;
    /// `POST /vms`
    CREATE_VM = "create_vm", Post, "/vms", NeedsKey, 202;
    /// `GET /vms/{id}`
    GET_VM = "get_vm", Get, "/vms/{id}", Read, 200;
    /// `PUT /vms/{id}`
    UPDATE_VM = "update_vm", Put, "/vms/{id}", Idempotent, 200;
    /// `DELETE /vms/{id}`
    DELETE_VM = "delete_vm", Delete, "/vms/{id}", Idempotent, 204;
    /// `GET /vms/{id}/snapshots`
    LIST_VM_SNAPSHOTS = "list_vm_snapshots", Get, "/vms/{id}/snapshots", Read, 200;
    /// `DELETE /vms/{id}/snapshots/{snapshot_id}`
    DELETE_VM_SNAPSHOT = "delete_vm_snapshot", Delete, "/vms/{id}/snapshots/{snapshot_id}", Idempotent, 204;
    /// `GET /vms/{id}/backups`
    LIST_VM_BACKUPS = "list_vm_backups", Get, "/vms/{id}/backups", Read, 200;
    /// `POST /vms/{id}/actions`
    CREATE_VM_ACTION = "create_vm_action", Post, "/vms/{id}/actions", NeedsKey, 201;
    /// `GET /vms/{id}/actions`
    LIST_VM_ACTIONS = "list_vm_actions", Get, "/vms/{id}/actions", Read, 200;
    /// `GET /vms/{id}/actions/{action_id}`
    GET_VM_ACTION = "get_vm_action", Get, "/vms/{id}/actions/{action_id}", Read, 200;
    /// `GET /actions`
    LIST_ACTIONS = "list_actions", Get, "/actions", Read, 200;
    /// `GET /actions/{action_id}`
    GET_ACTION = "get_action", Get, "/actions/{action_id}", Read, 200;
    /// `GET /snapshots`
    LIST_SNAPSHOTS = "list_snapshots", Get, "/snapshots", Read, 200;
    /// `GET /snapshots/{snapshot_id}`
    GET_SNAPSHOT = "get_snapshot", Get, "/snapshots/{snapshot_id}", Read, 200;
    /// `DELETE /snapshots/{snapshot_id}`
    DELETE_SNAPSHOT = "delete_snapshot", Delete, "/snapshots/{snapshot_id}", Idempotent, 204;
    /// `GET /account`
    GET_ACCOUNT = "get_account", Get, "/account", Read, 200;
    /// `GET /regions`
    LIST_REGIONS = "list_regions", Get, "/regions", Read, 200;
    /// `GET /distros`
    LIST_DISTROS = "list_distros", Get, "/distros", Read, 200;
    /// `GET /keys`
    LIST_KEYS = "list_keys", Get, "/keys", Read, 200;
    /// `POST /keys`
    CREATE_KEY = "create_key", Post, "/keys", NeedsKey, 201;
    /// `GET /keys/{key}`
    GET_KEY = "get_key", Get, "/keys/{key}", Read, 200;
    /// `PUT /keys/{key}`
    UPDATE_KEY = "update_key", Put, "/keys/{key}", Idempotent, 200;
    /// `DELETE /keys/{key}`
    DELETE_KEY = "delete_key", Delete, "/keys/{key}", Idempotent, 204;
    /// `GET /networks`
    LIST_NETWORKS = "list_networks", Get, "/networks", Read, 200;
    /// `POST /networks`
    CREATE_NETWORK = "create_network", Post, "/networks", NeedsKey, 201;
    /// `GET /networks/{network_id}`
    GET_NETWORK = "get_network", Get, "/networks/{network_id}", Read, 200;
    /// `DELETE /networks/{network_id}`
    DELETE_NETWORK = "delete_network", Delete, "/networks/{network_id}", Idempotent, 204;
    /// `POST /networks/{network_id}/vms`
    JOIN_NETWORK = "join_network", Post, "/networks/{network_id}/vms", NeedsKey, 201;
    /// `DELETE /networks/{network_id}/vms/{id}`
    LEAVE_NETWORK = "leave_network", Delete, "/networks/{network_id}/vms/{id}", Idempotent, 204;
    /// `GET /domains`
    LIST_DOMAINS = "list_domains", Get, "/domains", Read, 200;
    /// `POST /domains`
    CREATE_DOMAIN = "create_domain", Post, "/domains", NeedsKey, 201;
    /// `GET /domains/{name}`
    GET_DOMAIN = "get_domain", Get, "/domains/{name}", Read, 200;
    /// `DELETE /domains/{name}`
    DELETE_DOMAIN = "delete_domain", Delete, "/domains/{name}", Idempotent, 204;
    /// `GET /domains/{name}/records`
    LIST_RECORDS = "list_records", Get, "/domains/{name}/records", Read, 200;
    /// `POST /domains/{name}/records`
    CREATE_RECORD = "create_record", Post, "/domains/{name}/records", NeedsKey, 201;
    /// `GET /domains/{name}/records/{record_id}`
    GET_RECORD = "get_record", Get, "/domains/{name}/records/{record_id}", Read, 200;
    /// `PUT /domains/{name}/records/{record_id}`
    UPDATE_RECORD = "update_record", Put, "/domains/{name}/records/{record_id}", Idempotent, 200;
    /// `DELETE /domains/{name}/records/{record_id}`
    DELETE_RECORD = "delete_record", Delete, "/domains/{name}/records/{record_id}", Idempotent, 204;
    /// `GET /events`, server-sent events
    WATCH_EVENTS = "watch_events", Get, "/events", Read, 200;
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_table_has_no_doubles() {
        let names: HashSet<_> = OPERATIONS.iter().map(|op| op.name).collect();
        let routes: HashSet<_> = OPERATIONS.iter().map(|op| (op.method, op.path)).collect();
        assert_eq!(
            (names.len(), routes.len()),
            (OPERATIONS.len(), OPERATIONS.len())
        );
    }

    #[test]
    fn a_get_reads_a_delete_is_idempotent_and_a_post_needs_a_key() {
        for op in OPERATIONS {
            let safety = match op.method {
                Method::Get => Safety::Read,
                Method::Put | Method::Delete => Safety::Idempotent,
                Method::Post => Safety::NeedsKey,
            };
            assert_eq!(op.safety, safety, "{}", op.name);
        }
    }
}
