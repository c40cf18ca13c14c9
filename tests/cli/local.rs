//! `--local`: the cloud embedded in the command.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use cloudsfor_core::{Api, CallOptions};
use cloudsfor_tests::binary::{Ended, cloudsfor, create, run};
use cloudsfor_tests::served::Served;
use cloudsfor_types::{CreateVm, VmSpec};

fn command(data_dir: &Path, args: &[&str]) -> Command {
    let mut command = cloudsfor(&["--local", "--data-dir"]);
    command
        .arg(data_dir)
        .args(args)
        .env("CLOUDSFOR_CREATE_TIME", "1ms");
    command
}

fn local(data_dir: &Path, args: &[&str]) -> Ended {
    run(&mut command(data_dir, args))
}

#[test]
fn a_vm_stays_for_the_next_command() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("new").join("data");
    let created = local(&data, &create("example.com", &[])).ok();
    assert!(
        created.stderr.contains("waiting until it runs"),
        "{}",
        created.stderr
    );
    assert!(
        created.stderr.contains("is running after"),
        "{}",
        created.stderr
    );
    assert!(
        created.stdout.contains("Status:    running"),
        "{}",
        created.stdout
    );

    let listed = local(&data, &["vm", "list", "-o", "json"]).ok().json();
    assert_eq!(
        (listed[0]["name"].as_str(), listed[0]["status"].as_str()),
        (Some("example.com"), Some("running"))
    );
    let id = listed[0]["id"].as_str().unwrap();
    let shown = local(&data, &["vm", "get", id, "-o", "json"]).ok().json();
    assert_eq!(shown, listed[0]);
    assert_eq!(
        local(&data, &["vm", "snapshots", "example.com", "-o", "json"])
            .ok()
            .json(),
        serde_json::json!([])
    );

    local(&data, &["vm", "delete", "EXAMPLE.com", "--yes"]).ok();
    assert_eq!(local(&data, &["vm", "get", "example.com"]).code, 3);
}

#[test]
fn the_state_is_kept_in_the_users_data_directory() {
    let home = tempfile::tempdir().unwrap();
    let run_at_home = |args: &[&str]| {
        let mut command = cloudsfor(args);
        command
            .env("XDG_DATA_HOME", home.path())
            .env("CLOUDSFOR_CREATE_TIME", "1ms");
        run(&mut command).ok()
    };
    let mut args = vec!["--local"];
    args.extend(create("example.com", &["-q", "-o", "id"]));
    let id = run_at_home(&args).stdout;
    assert_eq!(
        run_at_home(&["--local", "vm", "list", "-o", "id"]).stdout,
        id
    );
    assert!(home.path().join("cloudsfor/cloud.db").exists());
}

#[test]
fn what_fell_due_while_no_process_ran_is_found_finished() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    let mut slow = command(data, &create("example.com", &["--no-wait", "-o", "json"]));
    let vm = run(slow.env("CLOUDSFOR_CREATE_TIME", "1s")).ok().json();
    assert_eq!(
        (vm["status"].as_str(), vm["locked"].as_bool()),
        (Some("new"), Some(true))
    );
    let created = std::time::Instant::now();
    let slow = |args: &[&str]| {
        run(command(data, args).env("CLOUDSFOR_CREATE_TIME", "1s"))
            .ok()
            .json()
    };
    loop {
        let (asked, vm) = (
            created.elapsed(),
            slow(&["vm", "get", "example.com", "-o", "json"]),
        );
        if vm["status"] == "running" {
            break;
        }
        // A second and a half: the time is kept in milliseconds from acceptance.
        assert!(
            asked < Duration::from_millis(1500),
            "due since long, and {vm}"
        );
    }
}

#[test]
fn many_calls_at_once_and_a_service_see_one_state() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    // Also the first start is a race.
    let first: Vec<_> = (0..4)
        .map(|n| {
            let args = create(["a", "b", "c", "d"][n], &["-o", "id"]);
            command(&data, &args)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut ids: Vec<String> = Vec::new();
    let mut wait = |processes: Vec<std::process::Child>| {
        for process in processes {
            let ended = Ended::from(process.wait_with_output().unwrap()).ok();
            ids.push(ended.stdout.trim().to_owned());
        }
    };
    wait(first);

    let service = Served::start_with(&data, &[]);
    let both: Vec<_> = (0..3)
        .flat_map(|n| {
            let args = create(["e", "f", "g"][n], &["-o", "id"]);
            let local = command(&data, &args);
            let mut profile = cloudsfor(&["--profile", "local", "--data-dir"]);
            profile
                .arg(&data)
                .args(create(["h", "i", "j"][n], &["-o", "id"]));
            [local, profile]
        })
        .map(|mut command| {
            command
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    wait(both);
    ids.sort();

    let local_list = local(&data, &["vm", "list", "-o", "json"]).ok().json();
    let mut profile = cloudsfor(&[
        "--profile",
        "local",
        "vm",
        "list",
        "-o",
        "json",
        "--data-dir",
    ]);
    let served_list = run(profile.arg(&data)).ok().json();
    assert_eq!(local_list, served_list);
    let vms = local_list.as_array().unwrap();
    assert!(
        vms.iter()
            .all(|vm| vm["status"] == "running" && vm["locked"] == false),
        "{local_list}"
    );
    let mut listed: Vec<_> = vms
        .iter()
        .map(|vm| vm["id"].as_str().unwrap().to_owned())
        .collect();
    listed.sort();
    assert_eq!(listed, ids);
    let mut addresses: Vec<_> = vms
        .iter()
        .map(|vm| vm["networks"]["v4"][0]["ip_address"].as_str().unwrap())
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    assert_eq!(addresses.len(), ids.len());
    assert_eq!(service.end("TERM"), Some(0));
}

/// Clients that keep a service busy.
const CLIENTS: usize = 64;

/// VMs that they make at most.
const LOAD: usize = 8000;

/// Makes VMs, and says so, until there are enough or nobody listens.
async fn load(api: Arc<dyn Api>, asked: Arc<AtomicUsize>, made: mpsc::Sender<()>) {
    let request = CreateVm::new(VmSpec {
        name: "load".into(),
        region: "moscow_01".into(),
        image: "fedora-19".into(),
        size: 1.into(),
        cpu: 1,
        disk_size: 10,
    });
    let call = CallOptions::default();
    while asked.fetch_add(1, Relaxed) < LOAD {
        api.create_vm(&request, &call).await.unwrap();
        if made.send(()).is_err() {
            return;
        }
    }
}

#[test]
fn a_command_ends_beside_a_service_that_is_kept_busy() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let service = Served::start_with_account(&data, &["--vm-limit", "100000"]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let (sender, made) = mpsc::channel();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| runtime.spawn(load(service.api(), asked.clone(), sender.clone())))
        .collect();
    for _ in 0..LOAD / 8 {
        made.recv().unwrap();
    }
    local(&data, &create("beside", &["--no-wait"])).ok();
    assert!(
        asked.load(Relaxed) < LOAD,
        "the command lasted as long as the load"
    );
    drop(made);
    for client in clients {
        runtime.block_on(client).unwrap();
    }
    assert_eq!(service.end("TERM"), Some(0));
}

#[test]
fn the_service_carries_on_what_a_command_began() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let service = Served::start(&data);
    let id = local(&data, &create("example.com", &["--no-wait", "-o", "id"]))
        .ok()
        .stdout;
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    while service
        .cli(&["vm", "get", id.trim(), "-o", "json"])
        .ok()
        .json()["status"]
        != "running"
    {
        assert!(std::time::Instant::now() < deadline);
    }
}
