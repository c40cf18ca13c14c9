//! `vm create`

use clap::{Args, ValueEnum};
use cloudsfor_core::call::InvalidKey;
use cloudsfor_core::{Api, CreatedVm, Error, ErrorKind, IdempotencyKey};
use cloudsfor_types::user_data::USER_DATA_MAX;
use cloudsfor_types::{CreateVm, FieldFault, Plan, UserData, Vm, VmStatus, Warning};
use serde_json::{Map, Value};

use super::ensure::existing;
use super::errored;
use super::goal::{WaitFor, Waiter};
use super::wait::{Wait, until_it_runs};
use crate::args::{Global, Waiting, label, labels, number, quote};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::key::Keys;
use crate::kinds::Findable;
use crate::kinds::find::find;
use crate::kinds::selector::Selector;
use crate::output;
use crate::terminal::{Interrupt, Terminal};
use crate::text_file;

/// More user data than is allowed, so that the fault can say how long it is.
const READ_AT_MOST: u64 = USER_DATA_MAX as u64 * 16;

/// What VM to create.
#[derive(Args)]
pub(crate) struct Create {
    /// The VM's name, which is its hostname too
    name: String,

    /// The region to run it in: moscow_01
    #[arg(long)]
    region: String,

    /// The image to make it of: fedora-19, or a snapshot's id
    #[arg(long)]
    image: String,

    /// Memory in GB: 0.25 to 1024 in steps of 0.25
    #[arg(long, value_name = "GB", value_parser = number, allow_negative_numbers = true)]
    size: f64,

    /// Virtual processors: 1 to 128
    #[arg(long, value_name = "N", value_parser = number, allow_negative_numbers = true)]
    cpu: f64,

    /// Disk in GB: 1 to 65536
    #[arg(long, value_name = "GB", value_parser = number, allow_negative_numbers = true)]
    disk_size: f64,

    /// The tariff
    #[arg(long, value_enum)]
    plan: Option<Tariff>,

    /// A key to put into root's account, by its name, id or fingerprint; may be
    /// repeated
    #[arg(long = "ssh-key", value_name = "NAME|ID")]
    ssh_keys: Vec<Selector>,

    /// Make backups automatically
    #[arg(long)]
    backups: bool,

    /// Give it an IPv6 address
    #[arg(long)]
    ipv6: bool,

    /// A file with data for the first boot (cloud-init), as text or gzip; `-` for
    /// standard input
    #[arg(long, value_name = "FILE")]
    user_data: Option<String>,

    /// Refuse user data that cloud-init would ignore, instead of a warning
    #[arg(long)]
    strict: bool,

    /// Join the account's default private network
    #[arg(long)]
    private_networking: bool,

    /// A label; may be repeated
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,

    /// Refuse to delete it
    #[arg(long)]
    protected: bool,

    /// Fail if there is a VM of this name
    #[arg(long)]
    unique_name: bool,

    /// Create it only if there is no VM of this name yet; one with other properties
    /// is an error (exit code 5)
    #[arg(long, conflicts_with = "idempotency_key")]
    ensure: bool,

    /// With --ensure, end with exit code 10 if the VM was there already
    #[arg(long, requires = "ensure")]
    detailed_exit_code: bool,

    /// Repeat a command of which it is unknown whether it was carried out: the
    /// same key makes one VM at most
    #[arg(long, value_name = "KEY", value_parser = idempotency_key)]
    idempotency_key: Option<IdempotencyKey>,

    #[command(flatten)]
    waiting: Waiting,
}

/// The tariffs, as people and as the API call them.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Tariff {
    #[value(alias = "PLAN_ID_FIX")]
    Static,
    #[value(alias = "PLAN_ID_STD")]
    Dynamic,
}

impl Tariff {
    fn plan(self) -> Plan {
        match self {
            Self::Static => Plan::Fixed,
            Self::Dynamic => Plan::Dynamic,
        }
    }
}

fn idempotency_key(text: &str) -> Result<IdempotencyKey, InvalidKey> {
    IdempotencyKey::new(text)
}

pub(super) async fn create(
    api: &dyn Api,
    args: &Create,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let keys = key_ids(api, args, global).await?;
    let request = request(args, &keys, global, terminal)?;
    if args.ensure
        && let Some(vm) = existing(api, &request, global).await?
    {
        return there_already(api, vm, args, global, terminal).await;
    }
    // Made here and not by the SDK, so that it can be told after Ctrl-C too.
    let key = args
        .idempotency_key
        .clone()
        .unwrap_or_else(IdempotencyKey::random);
    let mut interrupt = terminal.interrupt();
    let created = send(api, &request, args, &key, global, &mut interrupt).await?;
    warn(&created.warnings, terminal);
    if created.replayed {
        terminal.note("The key was used before: this is the VM that was made then.");
    }
    let goal = &args.waiting.goal;
    if args.waiting.no_wait {
        output::one(terminal, &global.view, &created.vm)?;
        let resume = match &created.action_id {
            Some(id) => global.command(&format!("action wait {id}")),
            None => goal.resume(&created.vm.id, global),
        };
        terminal.note(&format!("It is being created. To wait for it: {resume}"));
        return Ok(Exit::Done);
    }
    let wait = Wait {
        vm: &created.vm,
        waiter: &Waiter::new(api, goal, global),
        goal,
        global,
    };
    let vm = until_it_runs(api, &wait, terminal, &mut interrupt).await?;
    output::one(terminal, &global.view, &vm)?;
    Ok(Exit::Done)
}

/// Tells what the service found odd about a request that it accepted.
pub(crate) fn warn(warnings: &[Warning], terminal: &mut Terminal) {
    for warning in warnings {
        let field = flag(&warning.field);
        terminal.say(&format!("warning: {field} {}", warning.message));
    }
}

/// The ids of the keys, of which only those that aren't given are asked for.
async fn key_ids(api: &dyn Api, args: &Create, global: &Global) -> Result<Vec<u64>, Failure> {
    let undone = format!("the VM {} was not created: can't find the key", args.name);
    let mut ids = Vec::with_capacity(args.ssh_keys.len());
    for key in &args.ssh_keys {
        ids.push(match Keys::id(key).map(str::parse) {
            Some(Ok(id)) => id,
            _ => find(&Keys, api, key, global, &undone).await?.id,
        });
    }
    Ok(ids)
}

/// Shows a VM that needn't be created, when it is ready as a new one would be.
async fn there_already(
    api: &dyn Api,
    vm: Vm,
    args: &Create,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    terminal.note(&format!("The VM {} ({}) is there already.", vm.name, vm.id));
    let goal = &args.waiting.goal;
    let is_waited_for = (vm.locked || goal.wait_for > WaitFor::Action) && !args.waiting.no_wait;
    let vm = if is_waited_for {
        let waiter = Waiter::new(api, goal, global);
        let mut interrupt = terminal.interrupt();
        let mut progress = terminal.progress();
        tokio::select! {
            biased;
            ready = waiter.reach(&vm.id, |state| progress.show(state)) => ready?,
            () = &mut interrupt => return Err(waiter.interrupted(&vm.id)),
        }
    } else if vm.status == VmStatus::Errored {
        return Err(errored::failure(api, &vm).await);
    } else {
        vm
    };
    output::one(terminal, &global.view, &vm)?;
    Ok(match args.detailed_exit_code {
        true => Exit::Unchanged,
        false => Exit::Done,
    })
}

async fn send(
    api: &dyn Api,
    request: &CreateVm,
    args: &Create,
    key: &IdempotencyKey,
    global: &Global,
    interrupt: &mut Interrupt,
) -> Result<CreatedVm, Failure> {
    let send = async {
        match args.idempotency_key {
            // The same may have been sent before, so nothing is sent to a server
            // that doesn't honour keys.
            Some(_) => api.resume_create_vm(request, key, &global.call()).await,
            None => {
                let call = global.call().with_idempotency_key(key.clone());
                api.create_vm(request, &call).await
            }
        }
    };
    tokio::select! {
        biased;
        created = send => {
            created.map_err(|error| not_created(&error, &request.name, key, global))
        }
        () = interrupt => {
            let what = unknown_outcome(&request.name);
            let why = "the command was interrupted before the server answered";
            Err(repeatable(Failure::new(Exit::Interrupted, what, why), key))
        }
    }
}

fn not_created(error: &Error, name: &str, key: &IdempotencyKey, global: &Global) -> Failure {
    // A server that refuses a key's request has carried none out under that key.
    let is_refused = matches!(error.status(), Some(400..=499)) && error.status() != Some(408);
    let is_ambiguous = matches!(error.kind(), ErrorKind::Ambiguous { .. });
    if is_ambiguous || (error.may_have_been_applied() && !is_refused) {
        let look = global.command(&format!("vm list --name {}", quote(name)));
        repeatable(Failure::of(error, unknown_outcome(name)), key)
            .next(format!("or look whether it is there: {look}"))
    } else {
        Failure::of(error, format!("the VM {name} was not created")).naming(flag)
    }
}

fn unknown_outcome(name: &str) -> String {
    format!("it is unknown whether the VM {name} is being created")
}

fn repeatable(failure: Failure, key: &IdempotencyKey) -> Failure {
    let mut failure = failure.instead(format!(
        "repeat the same command within 24 hours with --idempotency-key {}: \
         it makes one VM at most",
        quote(key.as_str())
    ));
    failure.facts.idempotency_key = Some(key.to_string());
    failure
}

/// The request, read from its JSON as strictly as the server does, so that every
/// fault is found at once and before anything is sent.
fn request(
    args: &Create,
    keys: &[u64],
    global: &Global,
    terminal: &mut Terminal,
) -> Result<CreateVm, Failure> {
    let user_data = match &args.user_data {
        Some(file) => {
            let flag = "--user-data";
            let bytes = text_file::read_bytes(file, flag, READ_AT_MOST, global, terminal)?;
            Some(UserData::from(bytes))
        }
        None => None,
    };
    let mut body = Map::new();
    let mut set = |name: &str, value: Value| body.insert(name.to_owned(), value);
    set("name", args.name.as_str().into());
    set("region", args.region.as_str().into());
    set("image", args.image.as_str().into());
    set("size", args.size.into());
    set("cpu", args.cpu.into());
    set("disk_size", args.disk_size.into());
    set(
        "plan",
        args.plan.map(|tariff| tariff.plan().to_string()).into(),
    );
    set("ssh_keys", keys.into());
    set("backups", args.backups.into());
    set("ipv6", args.ipv6.into());
    if let Some((data, encoding)) = user_data.as_ref().map(UserData::encoded) {
        set("user_data", data.into());
        set("user_data_encoding", encoding.into());
    }
    set("strict", args.strict.into());
    set("private_networking", args.private_networking.into());
    let labels = labels(&args.labels).map_err(|faults| breaks_rules(args, faults))?;
    set("labels", labels.into());
    set("protected", args.protected.into());
    // Should somebody else create it meanwhile, there are not two.
    set("unique_name", (args.unique_name || args.ensure).into());
    CreateVm::decode(body).map_err(|faults| breaks_rules(args, faults))
}

fn breaks_rules(args: &Create, faults: Vec<FieldFault>) -> Failure {
    let what = format!("the VM {} was not created", args.name);
    Failure::breaking_rules(what, faults).naming(flag)
}

/// What the user calls an attribute of the request. One key of several is named
/// by its place: `ssh_keys[1]` is the second.
fn flag(attribute: &str) -> String {
    let place = attribute
        .strip_prefix("ssh_keys[")
        .and_then(|rest| rest.strip_suffix(']')?.parse::<usize>().ok());
    match (attribute, place) {
        (_, Some(place)) => format!("--ssh-key (number {})", place + 1),
        ("name", _) => "NAME".into(),
        ("ssh_keys", _) => "--ssh-key".into(),
        ("labels", _) => "--label".into(),
        (other, _) => format!("--{}", other.replace('_', "-")),
    }
}
