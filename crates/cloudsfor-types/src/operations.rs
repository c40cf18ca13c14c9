//! The operations of the API as data: one table that the client, the server's
//! routes and the tests of both read, so that none can be forgotten.

/// An HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Reads only.
    Get,
    /// Makes something; not idempotent by itself.
    Post,
    /// Idempotent.
    Delete,
}

impl Method {
    /// The method's name: `GET`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
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

/// `GET /vms`
pub const LIST_VMS: Operation = operation("list_vms", Method::Get, "/vms", Safety::Read, 200);
/// `POST /vms`
pub const CREATE_VM: Operation =
    operation("create_vm", Method::Post, "/vms", Safety::NeedsKey, 202);
/// `GET /vms/{id}`
pub const GET_VM: Operation = operation("get_vm", Method::Get, "/vms/{id}", Safety::Read, 200);
/// `DELETE /vms/{id}`
pub const DELETE_VM: Operation = operation(
    "delete_vm",
    Method::Delete,
    "/vms/{id}",
    Safety::Idempotent,
    204,
);
/// `GET /vms/{id}/snapshots`
pub const LIST_VM_SNAPSHOTS: Operation = operation(
    "list_vm_snapshots",
    Method::Get,
    "/vms/{id}/snapshots",
    Safety::Read,
    200,
);

/// All operations.
pub const OPERATIONS: &[Operation] = &[LIST_VMS, CREATE_VM, GET_VM, DELETE_VM, LIST_VM_SNAPSHOTS];

const fn operation(
    name: &'static str,
    method: Method,
    path: &'static str,
    safety: Safety,
    success: u16,
) -> Operation {
    Operation {
        name,
        method,
        path,
        safety,
        success,
    }
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
                Method::Delete => Safety::Idempotent,
                Method::Post => Safety::NeedsKey,
            };
            assert_eq!(op.safety, safety, "{}", op.name);
        }
    }
}
