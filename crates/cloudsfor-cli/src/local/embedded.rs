//! The service as a part of this program.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cloudsfor_core::transport::InProcessTransport;
use cloudsfor_core::{Client, Credentials, Endpoint, Error};
use cloudsfor_server::cloud::{Cloud, DEFAULT_CREATE_TIME, Driver, FirstAccount, Parts};
use cloudsfor_server::compute::{AccelerationChoice, RealOptions};
use cloudsfor_server::http::{Body, router_of_owner};
use cloudsfor_server::local_profile::LocalProfile;
use etcetera::BaseStrategy;
use tokio::task::JoinHandle;

use crate::args::{Global, duration};
use crate::connect::{Connection, misconfigured};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::Terminal;
use crate::wire::Wire;

/// Stands for this process in URLs; nothing is ever sent there.
const NOWHERE: &str = "http://embedded.invalid/api/v1";

/// The cloud in this process.
pub(crate) struct Embedded {
    cloud: Arc<Cloud>,
    worker: JoinHandle<()>,
}

impl Embedded {
    /// Lets the worker end what it is at, so that nothing it claimed waits for
    /// its claim to run out; in a hurry, it gives that back.
    pub(crate) async fn close(self, in_a_hurry: bool) {
        if in_a_hurry {
            self.cloud.begin_close_in_a_hurry();
        } else {
            // What can't be done now is done by the next command.
            let _ = self.cloud.leave_nothing_due().await;
            self.cloud.begin_close();
        }
        let _ = self.worker.await;
        self.cloud.close().await;
    }
}

/// Opens the embedded cloud as the owner of its data directory, who needs no
/// password.
pub(crate) async fn connect(
    dir: Option<&Path>,
    global: &Global,
    wire: Wire,
    terminal: &mut Terminal,
) -> Result<Connection, Failure> {
    let dir = data_dir(dir)?;
    let failed = |error: &dyn std::fmt::Display| {
        let what = format!("the embedded cloud in {} can't be opened", dir.display());
        Failure::new(Exit::Error, what, error.to_string())
            .next("mend that, or name another directory with --data-dir")
    };
    let driver = Driver::of(&dir, compute(None)?).map_err(|error| failed(&error))?;
    let real = RealOptions {
        acceleration: acceleration(global.acceleration.as_deref())?,
        ..RealOptions::default()
    };
    let parts = driver.parts(&dir, Parts::simulated(create_time(None)?), real);
    let cloud = Cloud::open(&dir, parts.map_err(|error| failed(&error))?)
        .await
        .map_err(|error| failed(&error))?;
    driver.keep(&dir).map_err(|error| failed(&error))?;
    let profile = LocalProfile::new(&dir);
    let found = cloud
        .first_account(FirstAccount::default(), profile)
        .await
        .map_err(|error| failed(&error))?;
    if found.new_password.is_some() {
        terminal.note(&format!("Made a new cloud in {}.", dir.display()));
    }
    let router = router_of_owner(cloud.clone(), found.account);
    let builder = Client::builder().endpoint(
        NOWHERE
            .parse()
            .map_err(|error| misconfigured(&Error::from(error)))?,
    );
    let client = wire
        .over(builder, InProcessTransport::new::<Body>(router))
        .build()
        .map_err(|error| misconfigured(&error))?;
    let worker = cloud.start_worker();
    Ok(Connection {
        client,
        embedded: Some(Embedded { cloud, worker }),
        wire,
        columns: BTreeMap::new(),
    })
}

/// Where `cloudsfor serve` listens, as whom, and with which certificate, by what it wrote
/// down.
pub(crate) fn profile(
    dir: Option<&Path>,
) -> Result<(Endpoint, Credentials, Option<PathBuf>), Failure> {
    let profile = LocalProfile::new(&data_dir(dir)?);
    let file = profile.path().display().to_string();
    let failed = |why: String| {
        Failure::new(Exit::Usage, "the profile `local` can't be used", why)
            .next("start the service with `cloudsfor serve`, or use --local or --endpoint")
    };
    let found = profile
        .load()
        .map_err(|error| failed(error.to_string()))?
        .ok_or_else(|| failed(format!("there is no {file}")))?;
    let endpoint = found
        .endpoint
        .ok_or_else(|| failed(format!("the service of {file} has not been started yet")))?;
    let endpoint = endpoint
        .parse()
        .map_err(|error| misconfigured(&Error::from(error)))?;
    let credentials = Credentials::basic(found.email, found.password)
        .map_err(|error| misconfigured(&Error::from(error)))?;
    Ok((endpoint, credentials, found.ca_file))
}

/// The directory that was asked for, or else the user's own.
pub(crate) fn data_dir(asked: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(dir) = asked {
        return Ok(dir.to_owned());
    }
    let strategy = etcetera::choose_base_strategy().map_err(|error| {
        Failure::new(Exit::Usage, "there is no data directory", error.to_string())
            .next("set HOME, or name a directory with --data-dir")
    })?;
    Ok(strategy.data_dir().join("cloudsfor"))
}

/// What makes VMs, by name.
pub(crate) fn driver(name: &str) -> Result<Driver, String> {
    Driver::named(name).ok_or_else(|| {
        let names = Driver::ALL.map(Driver::name);
        format!("must be {}", names.join(" or "))
    })
}

/// What makes VMs: as asked for, or as `CLOUDSFOR_COMPUTE` says, if either does.
pub(crate) fn compute(asked: Option<Driver>) -> Result<Option<Driver>, Failure> {
    by_variable(asked, "CLOUDSFOR_COMPUTE", driver)
}

/// How real VMs run, by name.
fn acceleration_choice(name: &str) -> Result<AccelerationChoice, String> {
    AccelerationChoice::named(name).ok_or_else(|| {
        let names = AccelerationChoice::ALL.map(AccelerationChoice::name);
        format!("must be {}", names.join(" or "))
    })
}

/// How real VMs run: as asked for, or as `CLOUDSFOR_ACCELERATION` says, or the default.
pub(crate) fn acceleration(asked: Option<&str>) -> Result<AccelerationChoice, Failure> {
    let asked = asked.and_then(AccelerationChoice::named);
    let found = by_variable(asked, "CLOUDSFOR_ACCELERATION", acceleration_choice)?;
    Ok(found.unwrap_or_default())
}

/// What is asked for, or else what a variable of the environment says.
fn by_variable<T>(
    asked: Option<T>,
    variable: &str,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<T>, Failure> {
    match (asked, std::env::var(variable)) {
        (Some(asked), _) => Ok(Some(asked)),
        (None, Ok(text)) if !text.is_empty() => read(&text).map(Some).map_err(|rule| {
            let what = format!("the environment variable {variable} can't be used");
            Failure::new(Exit::Usage, what, format!("it {rule}, not {text:?}"))
                .next("set it again, or unset it")
        }),
        (None, _) => Ok(None),
    }
}

/// How long a simulated VM takes until it runs: as asked for, or as
/// `CLOUDSFOR_CREATE_TIME` says, or the default.
pub(crate) fn create_time(asked: Option<Duration>) -> Result<Duration, Failure> {
    let found = by_variable(asked, "CLOUDSFOR_CREATE_TIME", duration)?;
    Ok(found.unwrap_or(DEFAULT_CREATE_TIME))
}
