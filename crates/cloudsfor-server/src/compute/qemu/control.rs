//! Talking to a VM's QEMU, by its control socket.
//!
//! A socket serves one client: another waits unseen. So the driver connects for
//! each thing that it does, and waits for no answer for ever.

use std::path::Path;
use std::time::{Duration, Instant};

use qapi::futures::{QapiStream, QmpStreamTokio};
use qapi::qmp::{
    BackupCommon, BlockdevBackup, BlockdevOptions, BlockdevOptionsBase, BlockdevOptionsFile,
    BlockdevOptionsGenericCOWFormat, BlockdevOptionsGenericFormat, BlockdevOptionsQcow2,
    BlockdevRef, JobStatus, MirrorSyncMode, QmpCommand, RunState, block_resize, blockdev_add,
    blockdev_backup, blockdev_del, cont, device_add, device_del, job_cancel, job_dismiss,
    netdev_del, qom_list, query_blockstats, query_chardev, query_jobs, query_status, quit, stop,
    system_powerdown,
};
use serde::Serialize;
use serde_json::Value;
use tokio::io::{ReadHalf, WriteHalf};
use tokio::net::UnixStream;

use super::arguments::{CONSOLE_DEVICE, DISK_NODE, NIC};
use super::life::DiskUse;
use super::networks::Interface;
use super::places::CONTROL;
use super::sockets::ShortPath;
use crate::compute::ComputeError;

/// The longest that QEMU may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// How often to look how far a copy is.
const COPY_PROGRESS: Duration = Duration::from_millis(100);

/// The job that copies the disk, and the node that it writes to.
const COPY: &str = "copy";

/// The longest that a guest may take to let a device go.
const UNPLUG_LIMIT: Duration = Duration::from_secs(5);

/// What makes the other end of an interface. The type in `qapi` lacks what newer
/// versions have.
#[derive(Debug, Serialize)]
struct NetdevAdd(Value);

impl QmpCommand for NetdevAdd {}

impl qapi::Command for NetdevAdd {
    type Ok = qapi::Empty;
    const NAME: &'static str = "netdev_add";
    const ALLOW_OOB: bool = false;
}

type Stream =
    QapiStream<QmpStreamTokio<ReadHalf<UnixStream>>, QmpStreamTokio<WriteHalf<UnixStream>>>;

/// A connection to a VM's QEMU.
pub(super) struct Control {
    stream: Stream,
}

impl Control {
    /// By the driver's own socket in a VM's directory.
    pub(super) async fn connect(dir: &Path) -> Result<Self, ComputeError> {
        Self::connect_to(&dir.join(CONTROL)).await
    }

    /// By this socket.
    pub(super) async fn connect_to(socket: &Path) -> Result<Self, ComputeError> {
        let connect = async {
            let socket = ShortPath::of(socket)?;
            let greeted = QmpStreamTokio::open_uds(socket.path()).await?;
            greeted.negotiate().await
        };
        let stream = answered(connect).await?;
        Ok(Self { stream })
    }

    async fn execute<C>(&mut self, command: C) -> Result<C::Ok, ComputeError>
    where
        C: QmpCommand,
    {
        answered(self.stream.execute(command)).await
    }

    /// Presses the power button.
    pub(super) async fn press_power_button(&mut self) -> Result<(), ComputeError> {
        self.execute(system_powerdown {}).await.map(drop)
    }

    /// Ends QEMU, which writes its disks out. It may be gone before it answers.
    pub(super) async fn quit(&mut self) -> Result<(), ComputeError> {
        self.execute(quit {}).await.map(drop)
    }

    /// Whether somebody has the serial console.
    pub(super) async fn is_console_taken(&mut self) -> Result<bool, ComputeError> {
        let devices = self.execute(query_chardev {}).await?;
        let console = devices.iter().find(|device| device.label == CONSOLE_DEVICE);
        Ok(console.is_some_and(|console| !console.filename.starts_with("disconnected:")))
    }

    /// Holds the guest.
    pub(super) async fn hold(&mut self) -> Result<(), ComputeError> {
        self.execute(stop {}).await.map(drop)
    }

    /// Has the guest go on, if it is held for want of room on the host's disk: by QEMU, or
    /// by us.
    pub(super) async fn release(&mut self, is_held: bool) -> Result<(), ComputeError> {
        let status = self.execute(query_status {}).await?.status;
        if status == RunState::io_error || (is_held && status == RunState::paused) {
            self.execute(cont {}).await?;
        }
        Ok(())
    }

    /// What the guest has done with its disk.
    pub(super) async fn disk_use(&mut self) -> Result<DiskUse, ComputeError> {
        let asked = query_blockstats { query_nodes: None };
        let mut devices = self.execute(asked).await?.into_iter();
        let disk = devices.find(|device| device.node_name.as_deref() == Some(DISK_NODE));
        Ok(disk.map_or_else(DiskUse::default, |disk| DiskUse {
            writes: disk.stats.wr_operations > 0,
            idle: disk
                .stats
                .idle_time_ns
                .and_then(|idle| u64::try_from(idle).ok())
                .map(Duration::from_nanos),
        }))
    }

    /// Makes the disk larger while the guest runs.
    pub(super) async fn grow_disk(&mut self, bytes: u64) -> Result<(), ComputeError> {
        let grow = block_resize {
            device: None,
            node_name: Some(DISK_NODE.into()),
            size: bytes as i64,
        };
        self.execute(grow).await.map(drop)
    }

    /// Gives the guest an interface while it runs, unless it has it.
    pub(super) async fn plug(&mut self, interface: &Interface) -> Result<(), ComputeError> {
        let id = &interface.id;
        if self.has_device(id).await? {
            return Ok(());
        }
        // One end may be there, if the other was not plugged in to its end.
        let _ = self.execute(netdev_del { id: id.clone() }).await;
        self.execute(NetdevAdd(interface.netdev.clone())).await?;
        let properties = [("netdev", id.clone()), ("mac", interface.mac.clone())];
        let properties = properties.into_iter().chain([("romfile", String::new())]);
        let device = device_add {
            bus: None,
            id: Some(id.clone()),
            driver: NIC.into(),
            arguments: properties
                .map(|(name, value)| (name.to_owned(), value.into()))
                .collect(),
        };
        self.execute(device).await.map(drop)
    }

    /// Takes an interface from the guest, which gets and sends nothing by it from then
    /// on. Fails as long as the guest doesn't let it go.
    pub(super) async fn unplug(&mut self, id: &str) -> Result<(), ComputeError> {
        let netdev = netdev_del { id: id.to_owned() };
        // It is gone already, if the guest didn't let the interface go before.
        let _ = self.execute(netdev).await;
        if !self.has_device(id).await? {
            return Ok(());
        }
        // An earlier call may have asked for the same.
        let _ = self.execute(device_del { id: id.to_owned() }).await;
        let deadline = Instant::now() + UNPLUG_LIMIT;
        while self.has_device(id).await? {
            if Instant::now() > deadline {
                let what = "the guest doesn't let go of a network's interface, which is cut off";
                return Err(ComputeError(what.into()));
            }
            tokio::time::sleep(COPY_PROGRESS).await;
        }
        Ok(())
    }

    async fn has_device(&mut self, id: &str) -> Result<bool, ComputeError> {
        let devices = qom_list {
            path: "/machine/peripheral".into(),
        };
        let devices = self.execute(devices).await?;
        Ok(devices.iter().any(|device| device.name == id))
    }

    /// Copies the disk as it is now into an image that there is already, while the
    /// guest goes on. A copy that an earlier call left unfinished is given up.
    pub(super) async fn copy_disk(&mut self, target: &Path) -> Result<(), ComputeError> {
        self.give_up_copy().await?;
        let filename = target
            .to_str()
            .ok_or_else(|| ComputeError(format!("the path {} is no UTF-8", target.display())))?;
        self.execute(blockdev_add(qcow2(COPY, filename))).await?;
        self.execute(blockdev_backup(disk_copy())).await?;
        let ended = self.copy_ended().await;
        self.give_up_copy().await?;
        ended
    }

    async fn copy_ended(&mut self) -> Result<(), ComputeError> {
        loop {
            let job = self.copy_job().await?;
            match job {
                Some((JobStatus::concluded, None)) => return Ok(()),
                Some((JobStatus::concluded, Some(error))) => {
                    return Err(ComputeError(format!("the disk can't be copied: {error}")));
                }
                Some(_) => tokio::time::sleep(COPY_PROGRESS).await,
                None => return Err(ComputeError("the copy of the disk is gone".into())),
            }
        }
    }

    /// How far the copy is, and why it failed.
    async fn copy_job(&mut self) -> Result<Option<(JobStatus, Option<String>)>, ComputeError> {
        let jobs = self.execute(query_jobs {}).await?;
        let copy = jobs.into_iter().find(|job| job.id == COPY);
        Ok(copy.map(|job| (job.status, job.error)))
    }

    /// Leaves nothing of a copy in QEMU.
    async fn give_up_copy(&mut self) -> Result<(), ComputeError> {
        while let Some((status, _)) = self.copy_job().await? {
            let id = COPY.into();
            match status {
                JobStatus::concluded => self.execute(job_dismiss { id }).await.map(drop)?,
                JobStatus::aborting => tokio::time::sleep(COPY_PROGRESS).await,
                _ => {
                    self.execute(job_cancel { id }).await?;
                    tokio::time::sleep(COPY_PROGRESS).await;
                }
            }
        }
        let delete = blockdev_del {
            node_name: COPY.into(),
        };
        // There is none, unless a copy was begun.
        let _ = self.execute(delete).await;
        Ok(())
    }
}

async fn answered<T, E: std::fmt::Display>(
    answer: impl Future<Output = Result<T, E>>,
) -> Result<T, ComputeError> {
    match tokio::time::timeout(ANSWER_LIMIT, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(ComputeError(format!("the VM's QEMU says: {error}"))),
        Err(_) => Err(ComputeError(format!(
            "the VM's QEMU has not answered for {} s",
            ANSWER_LIMIT.as_secs()
        ))),
    }
}

/// A whole copy of the disk, whose end is kept until it was seen.
fn disk_copy() -> BlockdevBackup {
    BlockdevBackup {
        base: BackupCommon {
            auto_dismiss: Some(false),
            auto_finalize: None,
            bitmap: None,
            bitmap_mode: None,
            compress: None,
            discard_source: None,
            filter_node_name: None,
            job_id: Some(COPY.into()),
            on_source_error: None,
            on_target_error: None,
            speed: None,
            x_perf: None,
            device: DISK_NODE.into(),
            sync: MirrorSyncMode::full,
        },
        target: COPY.into(),
    }
}

fn qcow2(node: &str, filename: &str) -> BlockdevOptions {
    let base = |node_name| BlockdevOptionsBase {
        auto_read_only: None,
        cache: None,
        detect_zeroes: None,
        discard: None,
        force_share: None,
        node_name,
        read_only: None,
    };
    let file = BlockdevOptions::file {
        base: base(None),
        file: BlockdevOptionsFile {
            aio: None,
            aio_max_batch: None,
            drop_cache: None,
            locking: None,
            pr_manager: None,
            x_check_cache_dropped: None,
            filename: filename.into(),
        },
    };
    BlockdevOptions::qcow2 {
        base: base(Some(node.into())),
        qcow2: BlockdevOptionsQcow2 {
            base: BlockdevOptionsGenericCOWFormat {
                base: BlockdevOptionsGenericFormat {
                    file: BlockdevRef::definition(Box::new(file)),
                },
                backing: None,
            },
            cache_clean_interval: None,
            cache_size: None,
            data_file: None,
            discard_no_unref: None,
            encrypt: None,
            l2_cache_entry_size: None,
            l2_cache_size: None,
            lazy_refcounts: None,
            overlap_check: None,
            pass_discard_other: None,
            pass_discard_request: None,
            pass_discard_snapshot: None,
            refcount_cache_size: None,
        },
    }
}
