//! The account that asks.

use crate::lenient::{Text, Whole};
use crate::object::object;

object! {
    /// The account that the credentials open.
    pub struct Account {
        /// Its e-mail address.
        required email: String;
        /// Its public id.
        optional uuid: Option<String> as Text;
        /// How many VMs it may have.
        optional vm_limit: Option<u64> as Whole;
    }
}

object! {
    /// The answer that carries the account: `{"account":Account}`.
    pub struct AccountAnswer {
        /// The account.
        required account: Account;
    }
}
