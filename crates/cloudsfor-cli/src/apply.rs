//! `apply`: brings a cloud to what a file says.
//!
//! The file names a fleet. VMs that are made for it carry its name as a label, and
//! only those are ever changed or deleted. Keys, networks and domains that the file
//! names are made where they are missing; of a domain's names and types that it has
//! records for, its values are the values. What exists already is not made again, so
//! that repeating the command takes up one that was interrupted.
//!
//! `document` and `attributes` read the file, `fleet` is what it says, `plan` compares
//! it with the cloud (`change` a VM, `records` a domain), `work` carries the plan out.

mod attributes;
mod change;
mod document;
mod fleet;
mod plan;
mod records;
#[cfg(test)]
mod tests;
mod work;

use std::path::Path;

use clap::Args;
use cloudsfor_core::Api;

use crate::args::Global;
use crate::confirm::{Confirmation, confirmed};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::terminal::Terminal;
use fleet::Fleet;
use plan::Plan;

/// Bring the cloud to what a file says: a fleet of VMs, with keys, networks and
/// domains.
///
/// The plan is shown first, and nothing is done without a yes. Only VMs with the
/// fleet's label (fleet=NAME) are changed or deleted. A VM gets the labels that the
/// file has and no others, joins and leaves networks, and is resized; a name and type
/// of a domain gets the values that the file has. What an existing VM can't become
/// (another region, other keys or user data) is an error that says what to do.
/// Attributes that the file leaves out stay as they are. An example:
///
///   fleet: web
///   keys:
///     - {name: laptop, public_key: "ssh-ed25519 AAAA…"}
///   networks:
///     - {name: backend}
///   domains:
///     - name: example.com
///       records: [{type: CNAME, name: www, data: a.example.com}]
///   vms:
///     - name: a.example.com
///       region: moscow_01
///       image: fedora-19
///       size: 1
///       cpu: 1
///       disk_size: 10
///       ssh_keys: [laptop]
///       networks: [backend]
///       labels: {role: web}
#[derive(Args)]
#[command(
    verbatim_doc_comment,
    about = "Bring the cloud to what a file says: VMs, keys, networks, domains"
)]
pub(crate) struct Apply {
    /// The file: YAML, JSON, or TOML if its name ends in .toml; `-` reads YAML from
    /// standard input
    #[arg(short, long, value_name = "FILE")]
    file: String,

    /// Don't ask
    #[arg(short, long)]
    yes: bool,

    /// End with exit code 10 if there was nothing to do
    #[arg(long)]
    detailed_exit_code: bool,
}

pub(crate) async fn apply(
    api: &dyn Api,
    args: &Apply,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let confirmation = Confirmation {
        undone: "nothing was changed",
        question: &|_| "Apply this plan?".into(),
    };
    let asks = !args.yes && !global.dry_run;
    if asks {
        confirmation.possible(terminal)?;
    }
    let fleet = Fleet::read(&args.file, global, terminal)?;
    let plan = Plan::make(api, &fleet, global).await?;
    for note in &plan.notes {
        terminal.note(note);
    }
    let lines = plan.lines();
    if plan.is_empty() {
        show_plan(&plan, global, terminal)?;
        terminal.note(&format!("The fleet {} is as the file says.", fleet.name));
        return Ok(match args.detailed_exit_code {
            true => Exit::Unchanged,
            false => Exit::Done,
        });
    }
    if asks {
        let heading = format!("The fleet {}: {}", fleet.name, plan.counts());
        if !confirmed(&confirmation, &heading, &lines, terminal)? {
            return Ok(Exit::Error);
        }
    } else {
        show_plan(&plan, global, terminal)?;
        terminal.note(&format!("The fleet {}: {}", fleet.name, plan.counts()));
    }
    if global.dry_run {
        terminal.note("Nothing was changed: this is what would be.");
        return Ok(Exit::Done);
    }
    let file = crate::args::quote(&args.file);
    let resume = match Path::new(&args.file) == Path::new("-") {
        true => "repeat the command: it goes on where it was".to_owned(),
        false => format!("to go on: {}", global.command(&format!("apply -f {file}"))),
    };
    work::carry_out(api, plan, &resume, global, terminal).await
}

fn show_plan(plan: &Plan, global: &Global, terminal: &mut Terminal) -> Result<(), Failure> {
    if global.view.output.is_document() {
        return output::document(terminal, &global.view, &plan.as_json());
    }
    for line in plan.lines() {
        output::line(terminal, &line)?;
    }
    Ok(())
}
