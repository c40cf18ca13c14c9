//! What VMs used.

use cloudsfor_core::{MockApi, Page};
use serde_json::json;

use crate::terminal::fake::Fake;
use crate::testing::{Ended, ID, a_vm, an_action, run};

/// A VM that was made, resized, and is found stopped though nobody stopped it since.
fn usage(more: &[&str]) -> Ended {
    let mut api = MockApi::new();
    api.expect_get_vm().returning(|_, _| {
        Ok(a_vm(json!({"status": "stopped", "memory": 0.5, "vcpus": 2,
                        "created_at": "2015-01-17T12:00:00Z"})))
    });
    api.expect_list_vm_actions().times(1).returning(|_, _, _| {
        let action = |kind: &str, from: &str, to: &str| {
            let at = |time: &str| format!("2015-01-17T{time}Z");
            an_action(
                json!({"type": kind, "status": "completed", "started_at": at(from),
                             "completed_at": at(to)}),
            )
        };
        Ok(Page::whole(vec![
            action("create", "12:00:00", "12:30:00"),
            action("shutdown", "13:00:00", "13:30:00"),
            action("resize", "13:30:00", "14:00:00"),
            action("power_on", "14:00:00", "14:30:00"),
        ]))
    });
    run(
        &api,
        &[&["vm", "usage", ID], more].concat(),
        Fake::default(),
    )
}

#[test]
fn what_is_known_and_what_is_not_is_told_apart() {
    usage(&[]).golden("vm-usage/table.txt");
    usage(&["-o", "json"]).golden("vm-usage/json.txt");
}
