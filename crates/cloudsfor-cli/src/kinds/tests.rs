//! The kinds of commands, by nouns that have them.

use cloudsfor_core::{MockApi, Page};
use cloudsfor_types::{Network, Vm};
use serde_json::{Value, json};

use crate::terminal::fake::Fake;
use crate::testing::{Ended, ID, OTHER_ID, a_full_vm, a_vm, offer_region, run};

fn vms() -> Vec<Vm> {
    vec![a_vm(json!({})), a_full_vm()]
}

/// `vm list` with these arguments, of a server that filters nothing.
fn list(args: &[&str], fake: Fake) -> Ended {
    let mut api = MockApi::new();
    api.expect_list_vms()
        .returning(|_, _, _| Ok(Page::whole(vms())));
    let args: Vec<_> = ["vm", "list"].iter().chain(args).copied().collect();
    run(&api, &args, fake)
}

fn out(args: &[&str]) -> String {
    let ended = list(args, Fake::default());
    assert_eq!(ended.exit.code(), 0, "{}", ended.screen.err());
    ended.screen.out()
}

#[test]
fn a_list_has_the_form_that_was_asked_for() {
    for format in ["csv", "yaml", "ssh-config", "ansible-inventory"] {
        let ended = list(&["-o", format], Fake::default());
        ended.golden(&format!("formats/{format}.txt"));
    }
    assert_eq!(
        out(&["-o", "template={{ name }}: {{ region.name }}"]),
        "example.com: moscow_01\na-name-that-is-quite-long.example.com: moscow_01\n"
    );
    let wrong = list(&["-o", "template={{ nmae }}"], Fake::default());
    wrong.golden("formats/template-wrong.txt");
}

#[test]
fn columns_are_chosen_for_every_format() {
    let columns = ["--columns", "name,labels.role,ip"];
    let with = |more: &[&'static str]| out(&[&columns[..], more].concat());
    assert_eq!(
        with(&[]),
        "NAME                                   LABELS.ROLE  IP\n\
         example.com                            -            100.64.0.2\n\
         a-name-that-is-quite-long.example.com  web          100.64.12.34\n"
    );
    assert_eq!(
        with(&["-o", "csv", "--no-headers"]),
        "example.com,,100.64.0.2\na-name-that-is-quite-long.example.com,web,100.64.12.34\n"
    );
    let json: Value = serde_json::from_str(&with(&["-o", "json"])).unwrap();
    let second = &json[1];
    let expected = json!({"name": "a-name-that-is-quite-long.example.com",
                          "labels.role": "web", "ip": "100.64.12.34"});
    assert_eq!(*second, expected);
    assert!(with(&["-o", "yaml"]).contains("ip: \"100.64.12.34\""));

    let ended = list(&["--columns", "nmae"], Fake::default());
    ended.golden("formats/unknown-column.txt");
}

#[test]
fn a_list_is_filtered_and_sorted() {
    assert_eq!(
        out(&["--filter", "status=stopped", "-o", "id"]),
        format!("{OTHER_ID}\n")
    );
    assert_eq!(
        out(&["--sort", "name", "-o", "id"]),
        format!("{OTHER_ID}\n{ID}\n")
    );
    let none = list(&["--filter", "status=new"], Fake::default());
    assert_eq!(none.screen.err(), "No VM matches.\n");
}

#[test]
fn a_status_or_region_is_filtered_by_the_server_too() {
    let mut api = MockApi::new();
    offer_region(&mut api, "moscow_01");
    api.expect_list_vms()
        .withf(|filter, _, _| {
            filter
                .status
                .as_ref()
                .is_some_and(|status| status.as_str() == "stopped")
                && filter.region.as_deref() == Some("moscow_01")
        })
        .return_once(|_, _, _| Ok(Page::whole(vms())));
    let args = [
        "vm",
        "list",
        "--filter",
        "status=stopped",
        "--region",
        "moscow_01",
        "-o",
        "id",
    ];
    assert_eq!(
        run(&api, &args, Fake::default()).screen.out(),
        format!("{OTHER_ID}\n")
    );
}

#[test]
fn a_watched_list_takes_the_place_of_the_one_before() {
    let person = Fake::person(120).interrupts_after(5);
    let ended = list(&["--watch", "-o", "id"], person);
    let screens = ended.screen.out();
    // At 0, 2 and 4 seconds.
    let once = format!("\u{1b}[2J\u{1b}[H{ID}\n{OTHER_ID}\n");
    assert_eq!((screens, ended.exit.code()), (once.repeat(3), 0));
    let piped = list(
        &["--watch=10s", "-o", "id"],
        Fake::default().interrupts_after(15),
    );
    assert_eq!(piped.screen.out(), format!("{ID}\n{OTHER_ID}\n").repeat(2));
}

fn network(id: &str, name: &str) -> Network {
    serde_json::from_value(json!({"id": id, "name": name})).unwrap()
}

/// Three networks, two of one name.
fn networks() -> MockApi {
    let mut api = MockApi::new();
    api.expect_list_networks().returning(|_, _| {
        let (twin, name) = ("1".repeat(32), "2".repeat(32));
        Ok(Page::whole(vec![
            network(ID, "back end"),
            network(&twin, "twin"),
            network(&name, "twin"),
        ]))
    });
    api
}

#[test]
fn a_name_is_taken_wherever_an_id_is() {
    let get = |name: &str| {
        run(
            &networks(),
            &["network", "get", name, "-o", "id"],
            Fake::default(),
        )
    };
    assert_eq!(get("back end").screen.out(), format!("{ID}\n"));
    assert_eq!(get("name:back end").screen.out(), format!("{ID}\n"));
    get("twin").golden("network-get/ambiguous.txt");
    get("none").golden("network-get/no-such-name.txt");
    assert_eq!(get("Back End").exit.code(), 3);
}

#[test]
fn targets_come_from_standard_input_too() {
    let delete = |input: &str| {
        let mut api = networks();
        api.expect_delete_network().returning(|_, _| Ok(()));
        let fake = Fake::default().with_input(input.as_bytes());
        run(
            &api,
            &["network", "delete", "back end", "-", "-o", "id"],
            fake,
        )
    };
    let all = delete(&format!("\n name:back end \n{}\n", "back end"));
    assert_eq!(all.screen.out(), format!("{ID}\n"));
    let one_is_wrong = delete("back end\nid:\n");
    one_is_wrong.golden("network-delete/wrong-input.txt");
    let mut api = MockApi::new();
    api.expect_delete_network().never();
    let nothing = run(&api, &["network", "delete", "-"], Fake::default());
    assert_eq!(
        (nothing.exit.code(), nothing.screen.out()),
        (0, String::new())
    );
    assert!(nothing.screen.err().contains("Nothing to do"));
}
