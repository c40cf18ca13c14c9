//! The account that asks.

use crate::lenient::{Text, Whole};
use crate::object::object;
use crate::units::Gigabytes;

object! {
    /// The account that the credentials open.
    pub struct Account {
        /// Its e-mail address.
        required email: String;
        /// Its public id.
        optional uuid: Option<String> as Text;
        /// How many VMs it may have.
        optional vm_limit: Option<u64> as Whole;
        /// How much of each kind it may have. What it has beyond a limit stays.
        optional limits: Option<AccountLimits>;
        /// How much of each kind it has.
        optional used: Option<AccountLimits>;
    }
}

object! {
    /// How much of each kind an account may have, or has.
    pub struct AccountLimits {
        /// VMs.
        optional vms: Option<u64> as Whole;
        /// SSH keys.
        optional keys: Option<u64> as Whole;
        /// Private networks.
        optional networks: Option<u64> as Whole;
        /// Domains.
        optional domains: Option<u64> as Whole;
        /// Records of one domain; of the fullest one.
        optional records_per_domain: Option<u64> as Whole;
        /// Snapshots, without backups.
        optional snapshots: Option<u64> as Whole;
        /// The space of snapshots.
        optional snapshot_gigabytes: Option<Gigabytes>;
        /// The space of backups.
        optional backup_gigabytes: Option<Gigabytes>;
    }
}

object! {
    /// The answer that carries the account: `{"account":Account}`.
    pub struct AccountAnswer {
        /// The account.
        required account: Account;
    }
}
