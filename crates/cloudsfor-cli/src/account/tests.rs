use cloudsfor_core::{Error, ErrorKind, MockApi};
use cloudsfor_types::Account;
use serde_json::{Value, json};

use crate::terminal::fake::Fake;
use crate::testing::{Ended, run};

fn get(account: Value, args: &[&str]) -> Ended {
    let account: Account = serde_json::from_value(account).unwrap();
    let mut api = MockApi::new();
    api.expect_get_account().return_once(|_| Ok(account));
    let args: Vec<_> = ["account", "get"].iter().chain(args).copied().collect();
    run(&api, &args, Fake::default())
}

#[test]
fn the_account_is_shown() {
    let whole = json!({"email": "user@example.com", "uuid": "u-1", "vm_limit": 25, "team": "a"});
    get(whole.clone(), &[]).golden("account-get/pipe.txt");
    get(json!({"email": "user@example.com"}), &[]).golden("account-get/bare.txt");
    let shown: Value =
        serde_json::from_str(&get(whole.clone(), &["-o", "json"]).screen.out()).unwrap();
    assert_eq!(shown, whole);
    assert_eq!(get(whole.clone(), &["-o", "id"]).screen.out(), "u-1\n");
    assert_eq!(
        get(whole, &["-o", "name"]).screen.out(),
        "user@example.com\n"
    );
}

#[test]
fn wrong_credentials_have_their_exit_code() {
    let mut api = MockApi::new();
    api.expect_get_account()
        .return_once(|_| Err(Error::new(ErrorKind::Unauthorized, "get_account", "no")));
    let ended = run(&api, &["account", "get"], Fake::default());
    assert_eq!(ended.exit.code(), 4);
}
