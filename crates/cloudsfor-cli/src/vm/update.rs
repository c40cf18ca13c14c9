//! `vm update`

use clap::{ArgGroup, Args};
use cloudsfor_core::Api;
use cloudsfor_types::{FieldFault, UpdateVm, Vm, VmSelector};
use serde_json::{Map, Value};

use super::find::{find, find_id, named};
use crate::args::{Global, label, labels};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::terminal::Terminal;

/// What to change of which VM.
#[derive(Args)]
#[command(group = ArgGroup::new("changes").required(true).multiple(true))]
pub(crate) struct Update {
    /// The VM's name or id; `name:` and `id:` before it say which
    vm: VmSelector,

    /// A label that it is to have, in place of all that it has; may be repeated
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = label, group = "changes")]
    labels: Vec<(String, String)>,

    /// Take all its labels away
    #[arg(long, conflicts_with = "labels", group = "changes")]
    no_labels: bool,

    /// A label to add to those that it has, or to change; may be repeated
    #[arg(long = "add-label", value_name = "KEY=VALUE", value_parser = label, group = "changes",
          conflicts_with_all = ["labels", "no_labels"])]
    add_labels: Vec<(String, String)>,

    /// The key of a label to take away, if it is there; may be repeated
    #[arg(long = "remove-label", value_name = "KEY", group = "changes",
          conflicts_with_all = ["labels", "no_labels"])]
    remove_labels: Vec<String>,

    /// Refuse to delete it
    #[arg(long, group = "changes")]
    protect: bool,

    /// Allow to delete it
    #[arg(long, conflicts_with = "protect", group = "changes")]
    unprotect: bool,
}

pub(super) async fn update(
    api: &dyn Api,
    args: &Update,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let undone = "can't update the VM";
    let what = || format!("{undone} {}", named(&args.vm));
    let broken = |faults| Failure::breaking_rules(what(), faults).naming(flag);
    let mut body = request(args).map_err(broken)?;
    let id = if args.add_labels.is_empty() && args.remove_labels.is_empty() {
        find_id(api, &args.vm, global, undone).await?
    } else {
        let vm = find(api, &args.vm, global, undone).await?;
        let all = changed_labels(args, &vm).map_err(broken)?;
        body.insert("labels".into(), all.into());
        vm.id
    };
    let request = UpdateVm::decode(body).map_err(broken)?;
    let vm = api
        .update_vm(&id, &request, &global.call())
        .await
        .map_err(|error| Failure::of(&error, what()).naming(flag).about(&id))?;
    output::one(terminal, &global.view, &vm)?;
    Ok(Exit::Done)
}

/// All the labels that the VM is to have.
fn changed_labels(args: &Update, vm: &Vm) -> Result<Map<String, Value>, Vec<FieldFault>> {
    let is = vm.labels.iter().flatten();
    let kept = is.filter(|(key, _)| !args.remove_labels.contains(key));
    let kept = kept.map(|(key, value)| (key.clone(), Value::from(value.as_str())));
    let mut all: Map<_, _> = kept.collect();
    all.extend(labels(&args.add_labels)?);
    Ok(all)
}

fn request(args: &Update) -> Result<Map<String, Value>, Vec<FieldFault>> {
    let mut body = Map::new();
    if args.no_labels || !args.labels.is_empty() {
        body.insert("labels".into(), labels(&args.labels)?.into());
    }
    if args.protect || args.unprotect {
        body.insert("protected".into(), Value::Bool(args.protect));
    }
    Ok(body)
}

/// What the user calls an attribute of the request.
fn flag(attribute: &str) -> String {
    match attribute {
        "labels" => "--label".into(),
        "protected" => "--protect".into(),
        other => other.into(),
    }
}
