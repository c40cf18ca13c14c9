//! `/account`

use cloudsfor_types::{Account, AccountAnswer};

use super::call::{Answer, Call, ok};

pub(super) async fn get(call: Call) -> Answer {
    call.no_parameters()?;
    let (limits, used) = call.cloud.limits_and_use(call.account())?;
    let caller = call.caller();
    let account = Account {
        email: caller.email.clone(),
        uuid: Some(caller.uuid.clone()),
        vm_limit: Some(caller.vm_limit),
        limits: Some(limits),
        used: Some(used),
        extra: Default::default(),
    };
    ok(&AccountAnswer {
        account,
        extra: Default::default(),
    })
}
