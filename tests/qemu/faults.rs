//! What a host can lack: room on its disk, an image, all that was running.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use cloudsfor_tests::binary::{cloudsfor, run};
use serde_json::Value;

use crate::host::{Host, IMAGE, count, image, kill, said_loudly, until};

/// A file system of its own in a file, at a directory; only root can have one.
struct SmallDisk {
    at: PathBuf,
    /// Which can't be removed before.
    within: PathBuf,
}

impl SmallDisk {
    /// One of 1.5 GB, which takes no more room than is used of it.
    fn at(within: &Path, place: &str) -> Option<Self> {
        let at = &within.join(place);
        let file = at.with_extension("disk");
        std::fs::create_dir_all(at).unwrap();
        std::fs::File::create(&file)
            .unwrap()
            .set_len(1500 << 20)
            .unwrap();
        let mut make = Command::new("mke2fs");
        make.args(["-q", "-t", "ext4", "-m", "0"]).arg(&file);
        let mut mount = Command::new("mount");
        mount.args(["-o", "loop"]).arg(&file).arg(at);
        let is_made = [make, mount].iter_mut().all(|command| {
            let ended = command.output();
            ended.is_ok_and(|ended| ended.status.success())
        });
        is_made.then(|| Self {
            at: at.to_owned(),
            within: within.to_owned(),
        })
    }

    /// Leaves hardly any room on it.
    fn fill(&self) {
        // A file without contents: none is written.
        for size in ["1000M", "100M", "50M", "10M", "1M"] {
            for number in 0..30 {
                let mut fill = Command::new("fallocate");
                let file = self.at.join(format!("fill-{size}-{number}"));
                fill.args(["-l", size]).arg(file);
                if !fill.output().unwrap().status.success() {
                    break;
                }
            }
        }
    }

    fn make_room(&self) {
        for file in std::fs::read_dir(&self.at).unwrap().flatten() {
            if file.file_name().to_string_lossy().starts_with("fill-") {
                std::fs::remove_file(file.path()).unwrap();
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Also while a process that was killed is still ending.
        let _ = Command::new("umount").arg("-l").arg(&self.at).status();
        let _ = std::fs::remove_dir_all(&self.within);
    }
}

#[test]
fn a_full_disk_holds_vms_until_there_is_room() {
    let Some(image) = image() else { return };
    let dir = tempfile::tempdir().unwrap();
    // The disks' alone: the service's own state is elsewhere.
    let Some(disk) = SmallDisk::at(dir.path(), "data/qemu") else {
        said_loudly("a full disk was not tested: a file system of its own needs root");
        return;
    };
    let host = Host::start_in(dir, &image);
    host.create("one", IMAGE, &["--wait-for", "ssh"]).ok();

    // Begun before, since a VM that is held answers nobody.
    let write = "(sleep 4; dd if=/dev/zero of=/root/large bs=1M count=60 && sync && touch /root/written) \
                 >/dev/null 2>&1 &";
    host.ssh("one", write);
    disk.fill();
    // By QEMU or, a moment before, by the service.
    until("the VM is held", || {
        ["io-error", "paused"].contains(&status(&host, "one").as_str())
    });
    let snapshot = host.cli(&["vm", "snapshot", "one", "--name", "none"]);
    assert_eq!(snapshot.code, 6, "{snapshot:?}");
    assert!(snapshot.stderr.contains("no room"), "{snapshot:?}");
    assert!(!host.dir_of("one").join("snapshot.new").exists());
    let refused = host.create("two", IMAGE, &[]);
    assert_eq!(refused.code, 6, "{refused:?}");
    let vm = host.vm("one");
    assert_eq!(
        (&vm["status"], &vm["locked"]),
        (&"running".into(), &false.into())
    );

    disk.make_room();
    until("the VM goes on", || status(&host, "one") == "running");
    until("it has written all", || {
        host.ssh("one", "ls /root/written 2>/dev/null || true") == "/root/written"
    });
    host.cli(&["vm", "snapshot", "one", "--name", "some"]).ok();
    host.cli(&["vm", "delete", "one", "--yes"]).ok();
    until("the VM's directory is gone", || {
        count(&host.data().join("qemu/vms")) == 0
    });
}

/// What a VM's QEMU says of it.
fn status(host: &Host, vm: &str) -> String {
    let mut control = UnixStream::connect(host.dir_of(vm).join("debug.sock")).unwrap();
    let ask = "{\"execute\":\"qmp_capabilities\"}{\"execute\":\"query-status\"}";
    control.write_all(ask.as_bytes()).unwrap();
    let limit = std::time::Duration::from_secs(30);
    control.set_read_timeout(Some(limit)).unwrap();
    let lines = BufReader::new(control).lines().map_while(Result::ok);
    let mut answers = lines.filter_map(|line| serde_json::from_str::<Value>(&line).ok());
    let status = answers.find_map(|answer| Some(answer["return"]["status"].as_str()?.to_owned()));
    status.unwrap()
}

#[test]
fn what_a_host_lost_is_said_and_what_stands_on_it_goes_on() {
    let Some(image) = image() else { return };
    let mut host = Host::start(&image);
    host.create("one", IMAGE, &["--private-networking"]).ok();

    // The host was switched off: all processes are gone, what they left is there, and
    // another process has the number.
    host.end("KILL");
    let dir = host.data().join("qemu/vms");
    let vm = std::fs::read_dir(&dir).unwrap().next().unwrap().unwrap();
    kill(&host.processes());
    kill(&host.switches());
    std::fs::write(vm.path().join("pid"), format!("{}\n", std::process::id())).unwrap();
    let found = host.data().join("qemu/acceleration.json");
    let of_another_boot = "{\"acceleration\":\"kvm\",\"notice\":null,\"boot\":\"another\"}";
    std::fs::write(&found, of_another_boot).unwrap();
    host.restart();
    assert_eq!(host.vm("one")["status"], "stopped");

    // An image that is removed meanwhile is what the VM stands on still.
    let mut remove = cloudsfor(&["serve", "image", "remove", IMAGE, "--data-dir"]);
    run(remove.arg(host.data())).ok();
    host.cli(&["vm", "start", "one", "--wait-for", "ssh"]).ok();
    assert_eq!(host.ssh("one", "hostname"), "one");
    assert_eq!(host.switches().len(), 1);
    let found = std::fs::read_to_string(found).unwrap();
    assert!(!found.contains("another"), "{found}");
    // But there are no new ones of it.
    let refused = host.create("two", IMAGE, &[]);
    assert_eq!(refused.code, 2, "{refused:?}");
    let rebuilt = host.cli(&["vm", "rebuild", "one", "--image", IMAGE, "--yes"]);
    assert_ne!(rebuilt.code, 0, "{rebuilt:?}");
    assert_eq!(host.vm("one")["status"], "running");

    // What it stands on is lost altogether: it says so, and can be deleted.
    host.cli(&["vm", "stop", "one"]).ok();
    for file in std::fs::read_dir(vm.path()).unwrap().flatten() {
        if file.file_name().to_string_lossy().starts_with("base-") {
            std::fs::remove_file(file.path()).unwrap();
        }
    }
    let lost = host.cli(&["vm", "start", "one"]);
    assert_eq!(lost.code, 1, "{lost:?}");
    assert!(lost.stderr.contains("base-"), "{lost:?}");
    assert_eq!(host.vm("one")["status"], "stopped");
    host.cli(&["vm", "delete", "one", "--yes"]).ok();
    until("the VM's directory is gone", || count(&dir) == 0);
    until("its network's switch has ended", || {
        host.switches().is_empty()
    });
}
