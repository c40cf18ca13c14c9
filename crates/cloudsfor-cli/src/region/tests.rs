use cloudsfor_core::{Error, ErrorKind, MockApi, Page};
use cloudsfor_types::Region;
use serde_json::{Value, json};

use crate::terminal::fake::Fake;
use crate::testing::{Ended, run};

fn list(regions: Vec<Region>, args: &[&str], fake: Fake) -> Ended {
    let mut api = MockApi::new();
    api.expect_list_regions()
        .once()
        .return_once(|_, _| Ok(Page::whole(regions)));
    let args: Vec<_> = ["region", "list"].iter().chain(args).copied().collect();
    run(&api, &args, fake)
}

fn two() -> Vec<Region> {
    let whole = json!({"name": "moscow_01", "country": "Russia", "description": "Moscow, first",
                       "coordinates": {"lat": 55.75, "lng": 37.62}, "tier": 3});
    vec![
        serde_json::from_value(whole).unwrap(),
        Region::named("moscow_02"),
    ]
}

#[test]
fn regions_are_a_table_json_or_names() {
    list(two(), &[], Fake::default()).golden("region-list/pipe.txt");
    list(two(), &[], Fake::person(40)).golden("region-list/40-columns.txt");
    list(Vec::new(), &[], Fake::default()).golden("region-list/empty.txt");
    let ended = list(two(), &["-o", "json"], Fake::default());
    let regions: Value = serde_json::from_str(&ended.screen.out()).unwrap();
    assert_eq!(regions[0]["tier"], 3);
    let ended = list(two(), &["-o", "name"], Fake::default());
    assert_eq!(ended.screen.out(), "moscow_01\nmoscow_02\n");
}

#[test]
fn an_error_has_its_exit_code() {
    let mut api = MockApi::new();
    api.expect_list_regions()
        .return_once(|_, _| Err(Error::new(ErrorKind::Unauthorized, "list_regions", "no")));
    run(&api, &["region", "list"], Fake::default()).golden("region-list/unauthorized.txt");
}
