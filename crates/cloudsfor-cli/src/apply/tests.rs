//! Fleets, against the service itself in memory.

use std::sync::Arc;
use std::time::Duration;

use cloudsfor_core::{Api, CallOptions, CreatedVm, MockApi, Page};
use cloudsfor_testing::{Rule, Simulator, operations};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

use crate::terminal::fake::Fake;
use crate::testing::{Ended, a_new_vm, a_vm, an_action, offer_region, run, run_in};

const KEY: &str = "ssh-ed25519 \
    AAAAC3NzaC1lZDI1NTE5AAAAIJ9M9z4e4Cq0mT9m1m5bZ9aV1xq3bJ1tq6WmYp0Yw3mF me@laptop";

const VM: &str = "region: moscow_01, image: fedora-19, cpu: 1, disk_size: 10";

/// A cloud whose VMs are made at once.
struct World {
    runtime: Runtime,
    cloud: Simulator,
}

impl World {
    fn new() -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let cloud = {
            let _inside = runtime.enter();
            Simulator::builder().create_time(Duration::ZERO).build()
        };
        Self { runtime, cloud }
    }

    fn api(&self) -> Arc<dyn Api> {
        let _inside = self.runtime.enter();
        self.cloud.api()
    }

    fn run(&self, args: &[&str], fake: Fake) -> Ended {
        run_in(&self.runtime, &*self.api(), args, fake)
    }

    /// Applies this file, given on standard input.
    fn apply(&self, file: &str, more: &[&str]) -> Ended {
        let args = [&["apply", "-f", "-"], more].concat();
        self.run(&args, Fake::default().with_input(file.as_bytes()))
    }

    fn names(&self) -> String {
        let ended = self.run(
            &["vm", "list", "--sort", "name", "-o", "name"],
            Fake::default(),
        );
        ended.screen.out().replace('\n', " ")
    }
}

fn fleet(vms: &str) -> String {
    format!(
        "fleet: web\n\
         keys: [{{name: laptop, public_key: {KEY:?}}}]\n\
         networks: [{{name: backend}}]\n\
         domains: [{{name: example.com, records: [{{type: TXT, name: '@', data: hello}}]}}]\n\
         vms:\n{vms}"
    )
}

fn vm(name: &str, size: &str, more: &str) -> String {
    format!("  - {{name: {name}, size: {size}, {VM}{more}}}\n")
}

#[test]
fn a_fleet_is_made_changed_and_deleted_and_nothing_else_is_touched() {
    let world = World::new();
    let create = "vm create other.example.com --region moscow_01 --image fedora-19 --size 1 \
                  --cpu 1 --disk-size 10 -q";
    let create: Vec<_> = create.split_whitespace().collect();
    assert_eq!(world.run(&create, Fake::default()).exit.code(), 0);

    let with = ", ssh_keys: [laptop], networks: [backend]";
    let two = fleet(&(vm("a.example.com", "1", with) + &vm("b.example.com", "1", "")));
    let planned = world.apply(&two, &["--dry-run"]);
    planned.golden("apply/dry-run.txt");
    assert_eq!(world.names(), "other.example.com ");
    let made = world.apply(&two, &["--yes"]);
    assert_eq!(made.exit.code(), 0, "{}", made.screen.err());
    assert!(
        made.screen.err().contains("Applied: 6 of 6 steps."),
        "{}",
        made.screen.err()
    );
    assert_eq!(
        world.names(),
        "a.example.com b.example.com other.example.com "
    );

    // Again, there is nothing to do.
    world.apply(&two, &["--yes"]).golden("apply/unchanged.txt");
    assert_eq!(
        world
            .apply(&two, &["-y", "--detailed-exit-code"])
            .exit
            .code(),
        10
    );

    let changed = fleet(&vm(
        "a.example.com",
        "2",
        ", backups: true, labels: {role: db}",
    ));
    let ended = world.apply(&changed, &["--yes"]);
    assert_eq!(ended.exit.code(), 0, "{}", ended.screen.err());
    assert_eq!(world.names(), "a.example.com other.example.com ");
    let columns = [
        "--columns",
        "memory,status,features,labels.role,labels.fleet",
    ];
    let get = [
        &["vm", "get", "a.example.com", "-o", "csv", "--no-headers"][..],
        &columns,
    ]
    .concat();
    let a = world.run(&get, Fake::default()).screen.out();
    assert_eq!(
        a,
        "2,running,\"backups,private_networking,simulated\",db,web\n"
    );
}

#[test]
fn a_person_sees_the_plan_and_is_asked() {
    let world = World::new();
    let file = fleet(&vm("a.example.com", "1", ""));
    let apply = |fake: Fake| world.run(&["apply", "-f", "-"], fake.with_input(file.as_bytes()));
    apply(Fake::person(80).types("n")).golden("apply/refused.txt");
    assert_eq!(world.names(), "");
    apply(Fake::default()).golden("apply/no-terminal.txt");
    assert_eq!(apply(Fake::person(80).types("yes")).exit.code(), 0);
    assert_eq!(world.names(), "a.example.com ");
}

#[test]
fn what_fails_is_told_and_taken_up_by_the_next_run() {
    let world = World::new();
    let file = fleet(&(vm("a.example.com", "1", "") + &vm("b.example.com", "1", "")));
    let rule = Rule::on(operations::CREATE_VM)
        .nth(1)
        .answer(cloudsfor_testing::StatusCode::FORBIDDEN);
    world.cloud.fail(rule);
    let partly = world.apply(&file, &["--yes"]);
    assert_eq!(partly.exit.code(), 9, "{}", partly.screen.err());
    assert!(
        partly.screen.err().contains("Applied 5 of 6 steps; "),
        "{}",
        partly.screen.err()
    );
    world.cloud.heal();
    let rest = world.apply(&file, &["--yes"]);
    assert_eq!(rest.exit.code(), 0);
    assert!(
        rest.screen
            .err()
            .contains("1 to create, 0 to change, 0 to delete")
    );
    assert_eq!(world.names(), "a.example.com b.example.com ");
}

#[test]
fn a_creation_that_failed_in_the_cloud_says_why() {
    let mut api = MockApi::new();
    api.expect_list_vms()
        .returning(|_, _, _| Ok(Page::whole(Vec::new())));
    api.expect_list_keys()
        .returning(|_, _| Ok(Page::whole(Vec::new())));
    api.expect_list_networks()
        .returning(|_, _| Ok(Page::whole(Vec::new())));
    api.expect_list_domains()
        .returning(|_, _| Ok(Page::whole(Vec::new())));
    offer_region(&mut api, "moscow_01");
    api.expect_list_distros().returning(|_, _| {
        let image = json!({"id": "1", "name": "fedora-19", "image_type": "template"});
        Ok(Page::whole(vec![serde_json::from_value(image).unwrap()]))
    });
    api.expect_get_account().returning(|_| {
        let account = json!({"email": "me@example.com", "uuid": "1", "vm_limit": 10});
        Ok(serde_json::from_value(account).unwrap())
    });
    api.expect_create_vm()
        .returning(|_, _| Ok(CreatedVm::new(a_new_vm(), None, false)));
    api.expect_wait_vm()
        .returning(|_, _, _| Ok(a_vm(json!({"status": "errored"}))));
    api.expect_list_vm_actions().times(1).returning(|_, _, _| {
        let error = "moscow_01 has no room for 1 GB of memory";
        let failed = json!({"type": "create", "status": "errored", "error": error});
        Ok(Page::whole(vec![an_action(failed)]))
    });
    let file = format!("fleet: web\nvms:\n{}", vm("example.com", "1", ""));
    let fake = Fake::default().with_input(file.as_bytes());
    run(&api, &["apply", "-f", "-", "--yes"], fake).golden("apply/errored.txt");
}

#[test]
fn what_can_not_become_what_the_file_says_is_refused_before_anything_is_done() {
    let world = World::new();
    let create = "vm create a.example.com --region moscow_01 --image fedora-19 --size 1 --cpu 1 \
                  --disk-size 10 -q -o id";
    let create: Vec<_> = create.split_whitespace().collect();
    let id = world.run(&create, Fake::default()).screen.out();
    let a = fleet(&vm("a.example.com", "1", ""));
    let told = |ended: Ended| {
        assert_eq!((ended.exit.code(), ended.screen.out()), (5, String::new()));
        ended.screen.err().replace(id.trim(), "ID")
    };
    crate::golden::check("apply/not-owned.txt", &told(world.apply(&a, &["-y"])));
    let adopt = [
        "vm",
        "update",
        "a.example.com",
        "--label",
        "fleet=web",
        "--protect",
    ];
    assert_eq!(world.run(&adopt, Fake::default()).exit.code(), 0);
    let smaller = a
        .replace("disk_size: 10", "disk_size: 5")
        .replace("moscow_01", "moscow_02");
    crate::golden::check(
        "apply/impossible.txt",
        &told(world.apply(&smaller, &["-y"])),
    );
    let gone = fleet("").replace("vms:\n", "");
    crate::golden::check("apply/protected.txt", &told(world.apply(&gone, &["-y"])));
    let unknown =
        fleet(&(vm("a.example.com", "1", "") + &vm("b.example.com", "1", ", ssh_keys: [nobody]")));
    assert_eq!(world.apply(&unknown, &["-y"]).exit.code(), 3);
    let keys = world.runtime.block_on(
        world
            .api()
            .list_keys(&Default::default(), &CallOptions::default()),
    );
    assert!(keys.unwrap().items.is_empty());
}

#[test]
fn a_file_that_breaks_rules_names_every_fault() {
    let world = World::new();
    let file = "fleet: web\n\
                keys: [{name: a, public_key: nonsense}]\n\
                vms:\n\
                \u{20} - {name: a_b, region: moscow_01, image: f, size: 0.3, cpu: 1, disk_size: 1}\n\
                \u{20} - {name: A_B, region: moscow_01, image: f, size: 1, cpu: 0, disk_size: 1, \
                    labels: {fleet: other}}\n";
    world.apply(file, &["-y"]).golden("apply/invalid.txt");
    let unknown = fleet(&vm("a.example.com", "1", ", ssh_key: [a]"));
    let ended = world.apply(&unknown, &["-y"]);
    assert_eq!(ended.exit.code(), 2);
    assert!(
        ended.screen.err().contains("ssh_key"),
        "{}",
        ended.screen.err()
    );
}

#[test]
fn a_fleet_may_be_toml() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("fleet.toml");
    let text = "fleet = \"web\"\n\
                [[vms]]\nname = \"a.example.com\"\nregion = \"moscow_01\"\nimage = \"fedora-19\"\n\
                size = 0.5\ncpu = 1\ndisk_size = 10\n";
    std::fs::write(&path, text).unwrap();
    let world = World::new();
    let ended = world.run(
        &["apply", "-y", "-f", path.to_str().unwrap()],
        Fake::default(),
    );
    assert_eq!(ended.exit.code(), 0, "{}", ended.screen.err());
    assert_eq!(world.names(), "a.example.com ");
}

#[test]
fn a_vm_is_ensured_and_not_made_twice() {
    let world = World::new();
    let ensure = |size: &str, more: &[&str]| {
        let args = [
            "vm",
            "create",
            "a.example.com",
            "--region",
            "moscow_01",
            "--image",
            "fedora-19",
            "--cpu",
            "1",
            "--disk-size",
            "10",
            "--ensure",
            "--label",
            "role=web",
            "-o",
            "name",
            "--size",
            size,
        ];
        world.run(&[&args, more].concat(), Fake::default())
    };
    assert_eq!(ensure("1", &[]).exit.code(), 0);
    let again = ensure("1", &[]);
    assert_eq!(
        (again.exit.code(), again.screen.out().as_str()),
        (0, "a.example.com\n")
    );
    assert!(again.screen.err().contains("is there already"));
    assert_eq!(ensure("1", &["--detailed-exit-code"]).exit.code(), 10);
    let other = ensure("2", &[]);
    assert_eq!(other.exit.code(), 5);
    assert!(
        other.screen.err().contains("memory is 1 GB, not 2 GB"),
        "{}",
        other.screen.err()
    );
    assert_eq!(world.names(), "a.example.com ");
}

/// What a plan says of a file, without doing it.
fn planned(world: &World, file: &str) -> String {
    let ended = world.apply(file, &["--dry-run"]);
    assert_eq!(ended.exit.code(), 0, "{}", ended.screen.err());
    ended.screen.out()
}

const OTHER_KEY: &str = "ssh-ed25519 \
    AAAAC3NzaC1lZDI1NTE5AAAAIMC2nHvJbYNgvcgdwuCNFokbt3A1TlYuuBZ8I9MJmQNq other@laptop";

/// A fleet of which every attribute has a value.
fn full(change: &[(&str, &str)]) -> String {
    let mut file = format!(
        "fleet: shop\n\
         keys:\n\
         - {{name: one, public_key: {KEY:?}}}\n\
         - {{name: two, public_key: {OTHER_KEY:?}}}\n\
         networks: [{{name: backend}}, {{name: front}}]\n\
         domains:\n\
         - name: example.com\n\
         \x20 records:\n\
         \x20 - {{type: A, name: www, data: 192.0.2.1}}\n\
         \x20 - {{type: CNAME, name: docs, data: one}}\n\
         \x20 - {{type: MX, name: '@', data: mail, priority: 10}}\n\
         \x20 - {{type: SRV, name: _sip._tcp, data: sip, priority: 1, port: 5060, weight: 5}}\n\
         \x20 - {{type: TXT, name: k, data: 'p=AbCd'}}\n\
         vms:\n\
         - name: db.example.com\n\
         \x20 region: moscow_01\n\
         \x20 image: fedora-19\n\
         \x20 size: 1\n\
         \x20 cpu: 2\n\
         \x20 disk_size: 20\n\
         \x20 plan: static\n\
         \x20 ssh_keys: [one]\n\
         \x20 networks: [backend]\n\
         \x20 backups: false\n\
         \x20 ipv6: false\n\
         \x20 private_networking: false\n\
         \x20 user_data: \"#cloud-config\"\n\
         \x20 labels: {{role: db, release: 1.10}}\n\
         \x20 protected: false\n"
    );
    for (from, to) in change {
        assert!(file.contains(from), "{from:?} is in the file");
        file = file.replacen(from, to, 1);
    }
    file
}

#[test]
fn every_attribute_that_changes_is_carried_out_or_refused_in_words() {
    let carried_out = [
        (
            "{name: one, public",
            "{name: uno, public",
            "~ key one: is named uno",
        ),
        (
            "192.0.2.1",
            "192.0.2.2",
            "~ record A www of example.com: 192.0.2.1 -> 192.0.2.2",
        ),
        ("data: one", "data: two", "-> two.example.com."),
        (
            "priority: 10",
            "priority: 20",
            "10 mail.example.com. -> 20 mail.example.com.",
        ),
        (
            "port: 5060",
            "port: 5061",
            "1 5 5060 sip.example.com. -> 1 5 5061 sip.example.com.",
        ),
        ("weight: 5", "weight: 6", "-> 1 6 5060"),
        (
            "AbCd",
            "aBcD",
            "~ record TXT k of example.com: p=AbCd -> p=aBcD",
        ),
        ("name: k,", "name: k2,", "+ record TXT k2"),
        (
            "type: A, name: www",
            "type: A, name: www2",
            "+ record A www2",
        ),
        ("size: 1\n", "size: 2\n", "memory 1 GB -> 2 GB"),
        ("cpu: 2", "cpu: 4", "vcpus 2 -> 4"),
        ("disk_size: 20", "disk_size: 30", "disk 20 GB -> 30 GB"),
        (
            "networks: [backend]\n",
            "networks: [front]\n",
            "joins the network front, leaves the network backend",
        ),
        (
            "networks: [backend]\n",
            "networks: []\n",
            "leaves the network backend",
        ),
        (
            "networks: [backend]\n",
            "networks: [backend, front]\n",
            "joins the network front",
        ),
        ("backups: false", "backups: true", "backups off -> on"),
        ("role: db", "role: web", "label role=db -> web"),
        ("role: db, ", "", "label role=db is removed"),
        ("release: 1.10", "release: 1.1", "label release=1.10 -> 1.1"),
        ("role: db", "role: db, tier: '1'", "label tier=1 is added"),
        (
            "\x20 labels: {role: db, release: 1.10}\n",
            "",
            "label release=1.10 is removed, label role=db is removed",
        ),
        (
            "protected: false",
            "protected: true",
            "protected false -> true",
        ),
    ];
    for (from, to, told) in carried_out {
        let world = World::new();
        let before = world.apply(&full(&[]), &["--yes"]);
        assert_eq!(before.exit.code(), 0, "{}", before.screen.err());
        assert_eq!(planned(&world, &full(&[])), "", "a second plan is empty");
        let changed = full(&[(from, to)]);
        let changed = match from.contains("name: one") {
            true => changed.replace("ssh_keys: [one]", "ssh_keys: [uno]"),
            false => changed,
        };
        let plan = planned(&world, &changed);
        assert!(plan.contains(told), "{from:?} -> {to:?}: {plan}");
        let done = world.apply(&changed, &["--yes"]);
        assert_eq!(
            done.exit.code(),
            0,
            "{from:?} -> {to:?}: {}",
            done.screen.err()
        );
        assert_eq!(
            planned(&world, &changed),
            "",
            "{from:?} -> {to:?}: a second plan is empty"
        );
    }
    let world = World::new();
    assert_eq!(world.apply(&full(&[]), &["--yes"]).exit.code(), 0);
    let refused = [
        (
            "region: moscow_01",
            "region: moscow_02",
            "region is moscow_01, not moscow_02",
        ),
        (
            "image: fedora-19",
            "image: windows-server-2008-r2-dc-en",
            "vm rebuild",
        ),
        ("disk_size: 20", "disk_size: 10", "never shrinks"),
        (
            "plan: static",
            "plan: dynamic",
            "plan is PLAN_ID_FIX, not PLAN_ID_STD",
        ),
        (
            "ssh_keys: [one]",
            "ssh_keys: [one, two]",
            "ssh_keys is [one], not [one, two]",
        ),
        (
            "ssh_keys: [one]",
            "ssh_keys: []",
            "ssh_keys is [one], not []",
        ),
        (
            "#cloud-config",
            "#cloud-config ",
            "user_data is another text",
        ),
        ("ipv6: false", "ipv6: true", "ipv6 is off, not on"),
        (
            "private_networking: false",
            "private_networking: true",
            "private_networking is off",
        ),
        (
            "networks: [backend]\n",
            "networks: [nowhere]\n",
            "the network nowhere is neither",
        ),
        (
            "ssh_keys: [one]",
            "ssh_keys: [nobody]",
            "the key nobody is neither",
        ),
        (
            "{name: one, public",
            "{name: two2, public",
            "the key one is neither",
        ),
        (
            "AAAAIJ9M9z4e4Cq0mT9m1m5bZ9aV1xq3bJ1tq6WmYp0Yw3mF",
            "AAAAINixzYR0w+/X3f8rUOehi+PTqswuqEdsmRWH0sSFpxWR",
            "another key of that name",
        ),
        (
            "type: A, name: www, data: 192.0.2.1",
            "type: CNAME, name: www, data: one",
            "domain record delete example.com",
        ),
    ];
    for (from, to, told) in refused {
        let changed = full(&[(from, to)]);
        for args in [&["--yes"][..], &["--dry-run"]] {
            let ended = world.apply(&changed, args);
            assert_ne!(ended.exit.code(), 0, "{from:?} -> {to:?}");
            assert_eq!(ended.screen.out(), "", "{from:?} -> {to:?}");
            assert!(
                ended.screen.err().contains(told),
                "{from:?} -> {to:?}: {}",
                ended.screen.err()
            );
        }
        assert_eq!(
            planned(&world, &full(&[])),
            "",
            "{from:?} -> {to:?}: nothing was changed"
        );
    }
}

#[test]
fn names_of_domains_and_vms_are_the_same_in_every_case_and_alphabet() {
    let world = World::new();
    let file = |domain: &str, vm: &str| {
        format!(
            "fleet: f\ndomains: [{{name: {domain}, records: [{{type: CNAME, name: www, data: a.{domain}}}]}}]\n\
             vms: [{{name: {vm}, region: moscow_01, image: fedora-19, size: 1, cpu: 1, disk_size: 10}}]\n"
        )
    };
    let made = world.apply(&file("Example.COM", "A.example.com"), &["--yes"]);
    assert_eq!(made.exit.code(), 0, "{}", made.screen.err());
    assert_eq!(planned(&world, &file("example.com", "a.Example.com")), "");
    let made = world.apply(&file("пример.рф", "сервер.пример.рф"), &["--yes"]);
    assert_eq!(made.exit.code(), 0, "{}", made.screen.err());
    assert_eq!(
        planned(
            &world,
            &file("xn--e1afmkfd.xn--p1ai", "xn--b1afb6bcb.ПРИМЕР.рф")
        ),
        ""
    );
}

#[test]
fn a_dry_run_refuses_what_the_real_run_would_refuse() {
    let world = World::new();
    for (from, to, told) in [
        (
            "moscow_01",
            "mars_1",
            "there is no region \"mars_1\"; there are: moscow_01",
        ),
        (
            "fedora-19",
            "nope",
            "there is no image \"nope\"; there are: ",
        ),
        (
            "fedora-19",
            "9a33ef4fec394360a88e3c60b78b5dbc",
            "there is no image",
        ),
    ] {
        for args in [&["--yes"][..], &["--dry-run"]] {
            let ended = world.apply(&full(&[(from, to)]), args);
            assert_eq!((ended.exit.code(), ended.screen.out()), (2, String::new()));
            assert!(ended.screen.err().contains(told), "{}", ended.screen.err());
        }
    }
    let networks = world.run(&["network", "list", "-o", "name"], Fake::default());
    assert_eq!(networks.screen.out(), "");
}

#[test]
fn faults_of_a_file_have_their_line_and_attribute() {
    let world = World::new();
    for (from, to, told) in [
        (
            "size: 1\n",
            "size: 1GB\n",
            "line 18: vms[0].size must be a number of GB, not \"1GB\"",
        ),
        (
            "size: 1\n",
            "size: .inf\n",
            "line 18: vms[0].size must be a number of GB, not \".inf\"",
        ),
        (
            "cpu: 2",
            "cpu: [2]",
            "line 19: vms[0].cpu must be a number, not a list",
        ),
        ("cpu: 2", "cpu: 0", "line 19: vms[0].cpu must be"),
        (
            "role: db",
            "role: ",
            "line 28: vms[0].labels.role must be a text",
        ),
        (
            "role: db",
            "role: db, role: x",
            "line 28: vms[0].labels.role is there twice",
        ),
        (
            "backups: false",
            "backups: 1",
            "line 24: vms[0].backups must be true or false, not 1",
        ),
        (
            "  plan: static",
            "  plan: static\n  plna: static",
            "line 22: vms[0].plna is no attribute of a fleet: there are name, region",
        ),
        (
            "  plan: static",
            "  plan: free",
            "line 21: vms[0].plan must be PLAN_ID_STD or PLAN_ID_FIX",
        ),
        (
            "fleet: shop\n",
            "fleet: shop\nnetworks: []\n",
            "line 6: networks is there twice: write it once",
        ),
        (
            "fleet: shop\n",
            "fleet: shop\n---\nfleet: b\n",
            "begins a second document",
        ),
        ("fleet: shop\n", "", "fleet is required"),
        ("vms:\n- name", "vms:\n  name", "line "),
        (
            "priority: 10",
            "priority: x",
            "line 11: domains[0].records[2].priority must be a number, not \"x\"",
        ),
        (
            "data: 192.0.2.1}",
            "data: 192.0.2.1}\n  - {type: A, name: WWW, data: 192.0.2.1}",
            "line 10: the record A www is there twice",
        ),
        (
            "data: 192.0.2.1}",
            "data: 192.0.2.1}\n  - {type: CNAME, name: www, data: a}",
            "a CNAME is its name's only one",
        ),
        (
            "front}",
            "front}, {name: Backend}",
            "networks have the name \"Backend\" twice",
        ),
    ] {
        let ended = world.apply(&full(&[(from, to)]), &["--yes"]);
        let err = ended.screen.err();
        assert_eq!(ended.exit.code(), 2, "{from:?} -> {to:?}: {err}");
        assert!(err.contains(told), "{from:?} -> {to:?}: {err}");
        for words in [
            "Options",
            "from_str",
            "Option<",
            "expected",
            "floating point",
            "sequence",
            " / ",
        ] {
            assert!(!err.contains(words), "{from:?} -> {to:?}: {err}");
        }
    }
    assert_eq!(world.apply("fleet: f\nvms:\n", &["--yes"]).exit.code(), 0);
}

#[test]
fn the_advice_to_adopt_a_vm_keeps_its_labels() {
    let world = World::new();
    let create = "vm create w1 --region moscow_01 --image fedora-19 --size 1 --cpu 1 \
                  --disk-size 10 -q --label role=web --label owner=ann";
    let create: Vec<_> = create.split_whitespace().collect();
    assert_eq!(world.run(&create, Fake::default()).exit.code(), 0);
    let file = format!(
        "fleet: shop\nvms:\n{}",
        vm("w1", "1", ", labels: {role: web, owner: ann}")
    );
    let told = world.apply(&file, &["--yes"]).screen.err();
    let advice = told
        .lines()
        .find_map(|line| line.split_once("the fleet's: cloudsfor "));
    let advice: Vec<_> = advice.unwrap().1.split_whitespace().collect();
    assert_eq!(
        world.run(&advice, Fake::default()).exit.code(),
        0,
        "{advice:?}"
    );
    let labels = world.run(
        &[
            "vm",
            "get",
            "w1",
            "--columns",
            "labels.role,labels.owner,labels.fleet",
            "-o",
            "csv",
            "--no-headers",
        ],
        Fake::default(),
    );
    assert_eq!(labels.screen.out(), "web,ann,shop\n");
    assert_eq!(planned(&world, &file), "");
    let remove = [
        "vm",
        "update",
        "w1",
        "--remove-label",
        "owner",
        "--add-label",
        "role=db",
        "-o",
        "json",
        "--columns",
        "labels",
    ];
    let labels: serde_json::Value =
        serde_json::from_str(&world.run(&remove, Fake::default()).screen.out()).unwrap();
    assert_eq!(labels["labels"], json!({"fleet": "shop", "role": "db"}));
}
