//! `serve account`: the accounts of the cloud in a data directory.

use std::borrow::Cow;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use cloudsfor_server::admin::Admin;
use cloudsfor_server::cloud::{AccountError, DEFAULT_VM_LIMIT};
use cloudsfor_server::store::accounts::{Account, DEFAULT_PASSWORD, Password};
use cloudsfor_server::store::limits::Limits;
use cloudsfor_types::Timestamp;
use serde::Serialize;

use super::{read_password, show_password};
use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::table::Column;
use crate::output::{self, Resource};
use crate::terminal::Terminal;

/// What can be done with accounts.
#[derive(Subcommand)]
pub(crate) enum Verb {
    /// List accounts
    List,
    /// Add an account; its password is shown once unless one is given
    Add(Add),
    /// Set an account's password; a new random one is shown once unless one is given
    Passwd(Passwd),
    /// Set how many VMs an account may have
    Limit(Limit),
    /// Let nobody log in to an account any more; what it has goes on running
    Disable(One),
    /// Let a disabled account's users log in again
    Enable(One),
    /// Further passwords of an account, each of which can be revoked
    #[command(subcommand_required = true, arg_required_else_help = true)]
    Password {
        #[command(subcommand)]
        verb: PasswordVerb,
    },
}

/// What can be done with further passwords.
#[derive(Subcommand)]
pub(crate) enum PasswordVerb {
    /// List an account's passwords by name
    List(One),
    /// Add a password; a random one is shown once unless one is given
    Add(NewPassword),
    /// Remove a password: whoever uses it is locked out at once
    Revoke(Named),
}

/// Which account.
#[derive(Args)]
pub(crate) struct One {
    /// The account's e-mail
    email: String,
}

/// Which account to add.
#[derive(Args)]
pub(crate) struct Add {
    /// The account's e-mail
    email: String,

    #[command(flatten)]
    secret: Secret,

    /// How many VMs it may have
    #[arg(long, value_name = "N", default_value_t = DEFAULT_VM_LIMIT)]
    vm_limit: u64,
}

/// Whose password to set.
#[derive(Args)]
pub(crate) struct Passwd {
    /// The account's e-mail
    email: String,

    /// Which of its passwords
    #[arg(long, value_name = "NAME", default_value = DEFAULT_PASSWORD)]
    name: String,

    #[command(flatten)]
    secret: Secret,
}

/// Which password to add.
#[derive(Args)]
pub(crate) struct NewPassword {
    #[command(flatten)]
    named: Named,

    #[command(flatten)]
    secret: Secret,
}

/// Which of an account's passwords.
#[derive(Args)]
pub(crate) struct Named {
    /// The account's e-mail
    email: String,

    /// The password's name: who or what uses it
    name: String,
}

/// Where the password is.
#[derive(Args)]
pub(crate) struct Secret {
    /// A file with the password, or `-` for standard input
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl Secret {
    fn read(&self, terminal: &mut Terminal) -> Result<Option<secrecy::SecretString>, Failure> {
        let file = self.password_file.as_deref();
        file.map(|file| read_password(file, terminal)).transpose()
    }
}

/// How much which account may have. What it has beyond a limit stays.
#[derive(Args)]
#[command(group = clap::ArgGroup::new("limit").required(true).multiple(true))]
pub(crate) struct Limit {
    /// The account's e-mail
    email: String,

    /// How many VMs; what it has beyond stays
    #[arg(group = "limit", conflicts_with = "vms")]
    vm_limit: Option<u64>,

    /// VMs
    #[arg(long, value_name = "N", group = "limit")]
    vms: Option<u64>,

    /// SSH keys
    #[arg(long, value_name = "N", group = "limit")]
    keys: Option<u64>,

    /// Private networks, 256 at most
    #[arg(long, value_name = "N", group = "limit", value_parser = clap::value_parser!(u64).range(..=256))]
    networks: Option<u64>,

    /// Domains
    #[arg(long, value_name = "N", group = "limit")]
    domains: Option<u64>,

    /// Records of each domain
    #[arg(long, value_name = "N", group = "limit")]
    records_per_domain: Option<u64>,

    /// Snapshots, without backups
    #[arg(long, value_name = "N", group = "limit")]
    snapshots: Option<u64>,

    /// Space of snapshots, in GB
    #[arg(long, value_name = "GB", group = "limit")]
    snapshot_gigabytes: Option<u32>,

    /// Space of backups, in GB
    #[arg(long, value_name = "GB", group = "limit")]
    backup_gigabytes: Option<u32>,
}

impl Limit {
    fn limits(&self) -> Limits {
        Limits {
            keys: self.keys,
            networks: self.networks,
            domains: self.domains,
            records_per_domain: self.records_per_domain,
            snapshots: self.snapshots,
            snapshot_gigabytes: self.snapshot_gigabytes.map(f64::from),
            backup_gigabytes: self.backup_gigabytes.map(f64::from),
        }
    }
}

pub(super) async fn run(
    admin: &Admin,
    verb: &Verb,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let accounts = admin.accounts();
    match verb {
        Verb::List => {
            let found = accounts.list().map_err(|error| failed(&error))?;
            let items: Vec<_> = found.into_iter().map(AccountItem::from).collect();
            output::list(terminal, &global.view, &items)?;
        }
        Verb::Add(args) => {
            let secret = args.secret.read(terminal)?;
            let new = accounts.add(&args.email, secret, args.vm_limit).await;
            let new = new.map_err(|error| failed(&error))?;
            terminal.note(&format!("Added {}.", args.email));
            show_password(terminal, new.as_ref())?;
        }
        Verb::Passwd(args) => {
            let secret = args.secret.read(terminal)?;
            let set = accounts.set_password(&args.email, &args.name, secret.clone());
            let new = set.await.map_err(|error| failed(&error))?;
            // So that `--profile local` goes on working.
            if let Some(password) = secret.as_ref().or(new.as_ref())
                && args.name == DEFAULT_PASSWORD
            {
                let noted = admin.local_profile().set_password(&args.email, password);
                noted.map_err(|error| failed(&AccountError::Profile(error)))?;
            }
            terminal.note(&format!("Set the password of {}.", args.email));
            show_password(terminal, new.as_ref())?;
        }
        Verb::Limit(args) => {
            let limits = args.limits();
            if limits != Limits::default() {
                let set = accounts.set_limits(&args.email, limits).await;
                set.map_err(|error| failed(&error))?;
                terminal.note(&format!("Changed what {} may have.", args.email));
            }
            if let Some(vms) = args.vm_limit.or(args.vms) {
                let set = accounts.set_vm_limit(&args.email, vms).await;
                set.map_err(|error| failed(&error))?;
                terminal.note(&format!("{} may have {vms} VMs.", args.email));
            }
        }
        Verb::Disable(args) => {
            let disabled = accounts.set_disabled(&args.email, true).await;
            disabled.map_err(|error| failed(&error))?;
            terminal.note(&format!("{} is disabled.", args.email));
        }
        Verb::Enable(args) => {
            let enabled = accounts.set_disabled(&args.email, false).await;
            enabled.map_err(|error| failed(&error))?;
            terminal.note(&format!("{} is enabled.", args.email));
        }
        Verb::Password { verb } => return passwords(admin, verb, global, terminal).await,
    }
    Ok(Exit::Done)
}

async fn passwords(
    admin: &Admin,
    verb: &PasswordVerb,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let accounts = admin.accounts();
    match verb {
        PasswordVerb::List(args) => {
            let found = accounts.passwords(&args.email);
            let found = found.map_err(|error| failed(&error))?;
            let items: Vec<_> = found.into_iter().map(PasswordItem::from).collect();
            output::list(terminal, &global.view, &items)?;
        }
        PasswordVerb::Add(NewPassword { named, secret }) => {
            let secret = secret.read(terminal)?;
            let new = accounts.add_password(&named.email, &named.name, secret);
            let new = new.await.map_err(|error| failed(&error))?;
            let said = format!("Added the password {} of {}.", named.name, named.email);
            terminal.note(&said);
            show_password(terminal, new.as_ref())?;
        }
        PasswordVerb::Revoke(named) => {
            let revoked = accounts.revoke_password(&named.email, &named.name).await;
            revoked.map_err(|error| failed(&error))?;
            let said = format!("Revoked the password {} of {}.", named.name, named.email);
            terminal.note(&said);
        }
    }
    Ok(Exit::Done)
}

fn failed(error: &AccountError) -> Failure {
    let next = match error {
        AccountError::NoPassword { email, .. } | AccountError::LastPassword { email, .. } => {
            format!("cloudsfor serve account password list {email}")
        }
        AccountError::Exists(_) | AccountError::NoAccount(_) => {
            "cloudsfor serve account list".into()
        }
        _ => "`cloudsfor serve account --help` says what can be done".into(),
    };
    Failure::new(exit(error), "nothing was changed", error.to_string()).next(next)
}

/// How a command ends that this stops.
pub(super) fn exit(error: &AccountError) -> Exit {
    match error {
        AccountError::InvalidEmail(_)
        | AccountError::InvalidPassword
        | AccountError::InvalidName(_) => Exit::Usage,
        AccountError::NoAccount(_) | AccountError::NoPassword { .. } => Exit::NotFound,
        AccountError::OtherAccount { .. }
        | AccountError::WrongPassword(_)
        | AccountError::Exists(_)
        | AccountError::PasswordExists { .. }
        | AccountError::LastPassword { .. } => Exit::Conflict,
        AccountError::Profile(_) | AccountError::Cloud(_) => Exit::Error,
    }
}

/// An account, as it is listed.
#[derive(Serialize)]
struct AccountItem {
    email: String,
    uuid: String,
    vm_limit: u64,
    vms: u64,
    disabled: bool,
}

impl From<Account> for AccountItem {
    fn from(account: Account) -> Self {
        Self {
            email: account.email,
            uuid: account.uuid,
            vm_limit: account.vm_limit,
            vms: account.vm_count,
            disabled: account.disabled,
        }
    }
}

impl Resource for AccountItem {
    const NOUN: &'static str = "account";

    const ATTRIBUTES: &'static [&'static str] = &["email", "uuid", "vm_limit", "vms", "disabled"];

    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("EMAIL", |item: &Self, cell| cell.text(&item.email)).elastic(),
        Column::new("UUID", |item: &Self, cell| cell.text(&item.uuid)).rank(0),
        Column::new("VMS", |item: &Self, cell| cell.number(item.vms)),
        Column::new("LIMIT", |item: &Self, cell| cell.number(item.vm_limit)),
        Column::new("DISABLED", |item: &Self, cell| {
            cell.yes_or_no(item.disabled);
        })
        .rank(1),
    ];

    fn id(&self) -> Cow<'_, str> {
        self.uuid.as_str().into()
    }

    fn name(&self) -> &str {
        &self.email
    }
}

/// A password, as it is listed.
#[derive(Serialize)]
struct PasswordItem {
    name: String,
    created_at: Timestamp,
}

impl From<Password> for PasswordItem {
    fn from(password: Password) -> Self {
        Self {
            name: password.name,
            created_at: super::timestamp(password.created_at * 1000),
        }
    }
}

impl Resource for PasswordItem {
    const NOUN: &'static str = "password";

    const ATTRIBUTES: &'static [&'static str] = &["name", "created_at"];

    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("NAME", |item: &Self, cell| cell.text(&item.name)).elastic(),
        Column::new("SET", |item: &Self, cell| cell.time(&item.created_at)),
    ];

    fn id(&self) -> Cow<'_, str> {
        self.name.as_str().into()
    }

    fn name(&self) -> &str {
        &self.name
    }
}
