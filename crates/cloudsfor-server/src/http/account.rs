//! `/account`

use cloudsfor_types::{Account, AccountAnswer};

use super::call::{Answer, Call, ok};

pub(super) async fn get(call: Call) -> Answer {
    call.no_parameters()?;
    let caller = call.caller();
    let account = Account {
        email: caller.email.clone(),
        uuid: Some(caller.uuid.clone()),
        vm_limit: Some(caller.vm_limit),
        extra: Default::default(),
    };
    ok(&AccountAnswer {
        account,
        extra: Default::default(),
    })
}
