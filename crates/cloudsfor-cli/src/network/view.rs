//! What is shown of a network.

use std::borrow::Cow;

use cloudsfor_types::{Network, NetworkId};

use crate::output::table::Column;
use crate::output::{Described, Details, Resource};

impl Resource for Network {
    const NOUN: &'static str = "network";

    const ATTRIBUTES: &'static [&'static str] = Network::ATTRIBUTES;

    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("ID", |network: &Self, cell| cell.text(network.id.as_str())),
        Column::new("NAME", |network: &Self, cell| cell.text(&network.name)).elastic(),
        Column::new("TAG", |network: &Self, cell| {
            cell.optional_text(network.tag.as_deref());
        })
        .right()
        .rank(1),
        Column::new("ADDRESSES", |network: &Self, cell| {
            cell.number(network.size);
        })
        .right()
        .rank(2),
        Column::new("PART OF", |network: &Self, cell| {
            cell.optional_text(network.parent_id.as_ref().map(NetworkId::as_str));
        })
        .rank(0),
    ];

    fn id(&self) -> Cow<'_, str> {
        self.id.as_str().into()
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl Described for Network {
    fn details(&self, details: &mut Details) {
        details.line("ID", |cell| cell.text(self.id.as_str()));
        details.line("Name", |cell| cell.text(&self.name));
        details.line("Tag", |cell| cell.optional_text(self.tag.as_deref()));
        details.line("Addresses", |cell| cell.number(self.size));
        details.line("Part of", |cell| {
            cell.optional_text(self.parent_id.as_ref().map(NetworkId::as_str));
        });
    }
}
