//! What holds for all values, not only for those that somebody thought of.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use cloudsfor_types::request::parse_object;
use cloudsfor_types::{
    CreateVm, DomainRecord, ErrorBody, Gigabytes, RecordSpec, RecordType, SnapshotList, Timestamp,
    Vm, VmList, VmSelector, VmSpec, names,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9f64).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{1,8}", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn number_in_any_spelling(range: std::ops::Range<u32>) -> impl Strategy<Value = Value> {
    range.prop_flat_map(|n| {
        prop_oneof![
            Just(json!(n)),
            Just(json!(f64::from(n))),
            Just(json!(n.to_string()))
        ]
    })
}

prop_compose! {
    fn any_vm()(
        id in "[0-9a-f]{32}",
        name in ".{0,20}",
        memory in prop_oneof![Just(json!(0.5)), Just(json!("1")), Just(json!(16))],
        vcpus in number_in_any_spelling(1..129),
        disk in number_in_any_spelling(1..65_537),
        status in "[a-z]{1,10}",
        created_at in prop_oneof![Just("2015-01-14T16:36:31Z".to_owned()), ".{0,30}"],
        region in prop_oneof![Just(Value::Null), Just(json!("moscow_01")), Just(json!({"name": "x", "tier": 3}))],
        networks in prop_oneof![Just(Value::Null), Just(json!({"ipv4": [{"ip_address": "1.2.3.4"}], "v7": []}))],
        unknown in prop::collection::btree_map("x_[a-z]{1,6}", any_json(), 0..3),
    ) -> Value {
        let mut vm = json!({
            "id": id, "name": name, "memory": memory, "vcpus": vcpus, "disk": disk,
            "status": status, "created_at": created_at, "region": region, "networks": networks,
        });
        vm.as_object_mut().unwrap().extend(unknown);
        vm
    }
}

proptest! {
    #[test]
    fn a_vm_is_the_same_after_another_round(vm in any_vm()) {
        let first: Vm = serde_json::from_value(vm.clone()).unwrap();
        let encoded = serde_json::to_string(&first).unwrap();
        let second: Vm = serde_json::from_str(&encoded).unwrap();
        prop_assert_eq!(&first, &second);
        prop_assert_eq!(encoded, serde_json::to_string(&second).unwrap());
        for (name, value) in vm.as_object().unwrap().iter().filter(|(name, _)| name.starts_with("x_")) {
            prop_assert_eq!(&first.extra[name], value);
        }
    }

    #[test]
    fn unknown_numbers_survive_digit_by_digit(
        number in "-?(0|[1-9][0-9]{0,40})([.][0-9]{1,40})?([eE][+-]?[0-9]{1,6})?",
        vm in any_vm(),
    ) {
        let mut attributes = vm.to_string();
        attributes.pop();
        for value in [number.clone(), format!(r#"{{"deep":[[{number}],{{"a":{number}}}]}}"#)] {
            let text = format!(r#"{attributes},"serial":{value}}}"#);
            let vm: Vm = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(vm.extra["serial"].to_string(), value.clone());
            let encoded = serde_json::to_string(&vm).unwrap();
            let expected = format!(r#""serial":{value}"#);
            prop_assert!(encoded.contains(&expected), "{}", encoded);
        }
    }

    #[test]
    fn no_json_makes_a_decoder_panic(value in any_json(), vm in any_vm(), key in "[a-z_]{1,10}") {
        let mut odd_vm = vm;
        odd_vm[key] = value.clone();
        for value in [value.clone(), json!({"vms": odd_vm}), json!({"vms": [value]}), json!({"id": value, "fields": [value]})] {
            let text = value.to_string();
            let _ = serde_json::from_str::<VmList>(&text);
            let _ = serde_json::from_str::<SnapshotList>(&text);
            let _ = serde_json::from_str::<ErrorBody>(&text);
            if let Ok(body) = parse_object(text.as_bytes()) {
                let _ = CreateVm::decode(body);
            }
        }
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in ".{0,60}", bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let _ = parse_object(&bytes);
        let _ = text.parse::<VmSelector>();
        prop_assert_eq!(Timestamp::from(text.as_str()).to_string(), text);
    }

    #[test]
    fn what_validates_here_decodes_there_and_the_other_way_round(
        name in "[a-zA-Z0-9.-]{0,70}",
        quarters in 0u32..5000,
        cpu in 0u32..140,
        disk_size in 0u32..66_000,
    ) {
        let request = CreateVm::new(VmSpec {
            name,
            region: "moscow_01".into(),
            image: "fedora-19".into(),
            size: Gigabytes::new(f64::from(quarters) / 4.0).unwrap(),
            cpu,
            disk_size,
        });
        let body = serde_json::to_vec(&request).unwrap();
        let there = CreateVm::decode(parse_object(&body).unwrap());
        match request.validate() {
            Ok(()) => prop_assert_eq!(there, Ok(request)),
            Err(faults) => prop_assert_eq!(there, Err(faults)),
        }
    }

    #[test]
    fn a_name_that_is_taken_is_in_its_own_form(
        text in "[a-zA-Z0-9.*_@\\-яß。\u{200d}]{0,20}|.{0,20}|(xn--)?[a-z0-9-]{0,12}(\\.рф)?",
        other in "[a-c.@*]{0,8}",
        domain in "[a-c]{1,2}\\.[a-c]{1,2}|example\\.com|xn--e1afmkfd\\.xn--p1ai",
    ) {
        let is_a_name = |name: &str| name.is_ascii() && name.len() <= 254;
        for text in [text, format!("{other}.{domain}"), format!("{other}.{domain}."), other] {
            for taken in [names::hostname(&text), names::domain(&text)].into_iter().flatten() {
                prop_assert!(is_a_name(&taken), "{}", taken);
                prop_assert_eq!(names::hostname(&taken), Ok(taken.clone()));
                if let Some(unicode) = names::unicode(&taken) {
                    prop_assert_eq!(names::normal(&unicode), names::normal(&taken));
                }
            }
            if let Ok(relative) = names::record_name(&text, &domain) {
                let full = names::full_name(&relative, &domain);
                prop_assert!(is_a_name(&full) && full.ends_with(&domain), "{}", full);
                let shown = names::shown_record_name(&relative, &domain);
                prop_assert_eq!(names::record_name(&shown, &domain), Ok(relative.clone()));
                prop_assert_eq!(names::record_name(&format!("{full}."), &domain), Ok(relative));
            }
            if let Ok(target) = names::target(&text, &domain) {
                prop_assert!(is_a_name(&target) && target.ends_with('.'), "{}", target);
                prop_assert_eq!(names::target(&target, &domain), Ok(target));
            }
            let normal = names::normal(&text);
            prop_assert_eq!(names::normal(&normal), normal);
        }
    }

    #[test]
    fn a_record_is_read_back_from_the_answer_that_it_gets(
        text in "[ -~]{1,20}|(\"[ -~]{0,6}\" ?){1,3}",
        name in "@|[a-c.]{1,5}",
    ) {
        let spec = RecordSpec {
            r#type: RecordType::Txt,
            name,
            data: text,
            priority: None,
            port: None,
            weight: None,
        };
        if let Ok(kept) = spec.in_domain("a.b") {
            let answer = json!({"id": 1, "type": "TXT", "name": kept.name, "data": kept.data});
            let answer: DomainRecord = serde_json::from_value(answer).unwrap();
            prop_assert_eq!(answer.spec().unwrap().in_domain("a.b"), Ok(kept));
        }
    }
}
