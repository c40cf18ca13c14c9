use cloudsfor_core::MockApi;
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::terminal::fake::Fake;
use crate::testing::{ID, a_vm, run};

fn refused(verb: &str, changes: Value) -> String {
    let mut api = MockApi::new();
    api.expect_get_vm()
        .return_once(move |_, _| Ok(a_vm(changes)));
    let ended = run(&api, &["vm", verb, ID], Fake::default());
    assert_eq!(ended.exit, Exit::Conflict);
    ended.screen.both()
}

#[test]
fn nothing_is_looked_for_that_cannot_be_there() {
    for verb in ["console", "vnc"] {
        let simulated = refused(verb, json!({"features": ["simulated"]}));
        assert!(simulated.contains("it is simulated"), "{simulated}");
        let off = refused(verb, json!({"status": "stopped"}));
        assert!(off.contains("it is stopped"), "{off}");
        assert!(off.contains("cloudsfor vm start example.com"), "{off}");
    }
}
