//! `serve doctor`: whether this machine can run real VMs, and what of the cloud in the data
//! directory needs its operator.

use std::path::Path;

use clap::Args;
use cloudsfor_server::admin::Admin;
use cloudsfor_server::compute::qemu::{Finding, Health, examine};

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::local::acceleration;
use crate::output;
use crate::terminal::Terminal;

/// Nothing is asked but what all commands are.
#[derive(Args)]
pub(crate) struct Doctor {}

pub(super) async fn run(
    dir: &Path,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let choice = acceleration(global.acceleration.as_deref())?;
    let mut findings = examine(dir, choice).await.map_err(|error| {
        let what = format!("{} can't be examined", dir.display());
        Failure::new(Exit::Error, what, error.to_string())
            .next("mend that, or name another directory with --data-dir")
    })?;
    findings.extend(names(dir).await);
    for finding in &findings {
        output::line(terminal, &line(finding))?;
        if let Some(advice) = &finding.advice {
            output::line(terminal, &format!("              {advice}"))?;
        }
    }
    let worst = findings.iter().map(|finding| finding.health).max();
    if worst == Some(Health::Bad) {
        terminal.note("Real VMs can't run here yet.");
        return Ok(Exit::Error);
    }
    terminal.note("Real VMs can run here: cloudsfor serve --compute qemu");
    Ok(Exit::Done)
}

/// What there is to say of domains, if there is a cloud that can be opened.
async fn names(dir: &Path) -> Option<Finding> {
    let admin = Admin::open(dir).ok()?;
    let found = admin.domains_not_served();
    admin.close().await;
    let found = found.ok().filter(|found| !found.is_empty())?;
    Some(Finding {
        what: "names",
        health: Health::Notice,
        found: format!("domains that DNS serves no more: {}", found.join(", ")),
        advice: Some(
            "They are in a reverse zone or below the service's own name (--dns-name), where no \
             account's domain is served. Ask their accounts to run `cloudsfor domain delete NAME`."
                .into(),
        ),
    })
}

fn line(finding: &Finding) -> String {
    let health = match finding.health {
        Health::Good => "ok",
        Health::Notice => "!",
        Health::Bad => "NO",
    };
    format!("{health:<3}{:<11}{}", finding.what, finding.found)
}
