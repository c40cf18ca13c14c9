//! What is shown of a key.

use std::borrow::Cow;

use cloudsfor_types::SshKey;

use crate::output::table::Column;
use crate::output::{Described, Details, Resource};

impl Resource for SshKey {
    const NOUN: &'static str = "key";

    const ATTRIBUTES: &'static [&'static str] = SshKey::ATTRIBUTES;

    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("ID", |key: &Self, cell| cell.number(key.id)).right(),
        Column::new("NAME", |key: &Self, cell| cell.text(&key.name)).elastic(),
        Column::new("FINGERPRINT", |key: &Self, cell| {
            cell.text(&key.fingerprint);
        })
        .rank(0),
    ];

    fn id(&self) -> Cow<'_, str> {
        self.id.to_string().into()
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl Described for SshKey {
    fn details(&self, details: &mut Details) {
        details.line("ID", |cell| cell.number(self.id));
        details.line("Name", |cell| cell.text(&self.name));
        details.line("Fingerprint", |cell| cell.text(&self.fingerprint));
        details.line("Public key", |cell| cell.text(&self.public_key));
    }
}
