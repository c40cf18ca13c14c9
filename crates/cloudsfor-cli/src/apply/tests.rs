//! Fleets, against the service itself in memory.

use std::sync::Arc;
use std::time::Duration;

use cloudsfor_core::{Api, CallOptions, CreatedVm, MockApi, Page};
use cloudsfor_testing::{Rule, Simulator, operations};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

use crate::terminal::fake::Fake;
use crate::testing::{Ended, a_new_vm, a_vm, an_action, run, run_in};

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
