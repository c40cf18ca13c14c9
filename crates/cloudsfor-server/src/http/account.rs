//! `/account`

use cloudsfor_types::{Account, AccountAnswer};

use super::call::{Answer, Call, ok};

pub(super) async fn get(call: Call) -> Answer {
    call.no_parameters()?;
    let account = Account {
        email: call.caller.email,
        uuid: Some(call.caller.uuid),
        vm_limit: Some(call.caller.vm_limit),
        extra: Default::default(),
    };
    ok(&AccountAnswer {
        account,
        extra: Default::default(),
    })
}
