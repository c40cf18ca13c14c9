//! What programs spawn as tasks can be spawned.

use std::sync::Arc;
use std::time::Duration;

use cloudsfor_core::bulk::Bulk;
use cloudsfor_core::types::VmFilter;
use cloudsfor_core::{
    Api, CallOptions, Client, find_vm, list_all_vms, stream, wait_for_action, wait_for_actions,
    wait_for_port, wait_for_ssh, wait_until_unlocked,
};

use crate::canned::Canned;
use crate::samples::{VM, id, request};

fn can_be_sent<T: Send>(_: &T) {}

#[test]
fn futures_and_streams_can_be_sent() {
    let client: Client = Canned::new(200, VM).client();
    let (call, filter) = (CallOptions::default(), VmFilter::default());
    let (vm, action) = (id(), "7".parse().unwrap());
    let ip = "127.0.0.1".parse().unwrap();
    let selector = "web".parse().unwrap();
    let create = request();
    let api: &dyn Api = &client;
    can_be_sent(&api.create_vm(&create, &call));
    can_be_sent(&find_vm(api, &selector, &call));
    can_be_sent(&list_all_vms(api, &filter, &call));
    can_be_sent(&wait_until_unlocked(api, &vm, &call, |_| ()));
    can_be_sent(&wait_for_action(api, &action, &call, |_| ()));
    can_be_sent(&wait_for_actions(api, &[], &call, |_| ()));
    can_be_sent(&wait_for_port(ip, 22, Duration::ZERO));
    can_be_sent(&wait_for_ssh(ip, 22, Duration::ZERO));
    let bulk = Bulk::default();
    can_be_sent(&bulk.run([&vm], |id| api.get_vm(id, &call)));
    can_be_sent(&stream::vms(Arc::new(client.clone()), filter, call).items());
}
