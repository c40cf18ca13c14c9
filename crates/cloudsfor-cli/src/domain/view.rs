//! What is shown of domains and their records.

use std::borrow::Cow;

use cloudsfor_types::{Domain, DomainRecord, RecordType};

use crate::output::table::Column;
use crate::output::{Described, Details, Resource};

impl Resource for Domain {
    const NOUN: &'static str = "domain";

    const ATTRIBUTES: &'static [&'static str] = Domain::ATTRIBUTES;

    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("NAME", |domain: &Self, cell| {
            cell.host_in_both_forms(&domain.name, domain.name_unicode.as_deref());
        })
        .elastic(),
        Column::new("TTL", |domain: &Self, cell| cell.number(domain.ttl)).right(),
    ];

    fn id(&self) -> Cow<'_, str> {
        self.name.as_str().into()
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl Described for Domain {
    fn details(&self, details: &mut Details) {
        details.line("Name", |cell| {
            cell.described(Some(&self.name), self.name_unicode.as_deref());
        });
        details.line("TTL", |cell| cell.number(self.ttl));
    }
}

impl Resource for DomainRecord {
    const NOUN: &'static str = "record";

    const ATTRIBUTES: &'static [&'static str] = DomainRecord::ATTRIBUTES;

    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("ID", |record: &Self, cell| cell.number(record.id)).right(),
        Column::new("TYPE", |record: &Self, cell| {
            cell.text(record.r#type.as_str());
        }),
        Column::new("NAME", |record: &Self, cell| {
            let name = record.name.as_deref().unwrap_or_default();
            cell.host_in_both_forms(name, record.name_unicode.as_deref());
        }),
        Column::new("DATA", |record: &Self, cell| {
            let data = record.data.as_deref().unwrap_or_default();
            match record.r#type {
                RecordType::Cname
                | RecordType::Mx
                | RecordType::Ns
                | RecordType::Srv
                | RecordType::Ptr => cell.host(data),
                _ => cell.text(data),
            }
        })
        .elastic(),
        Column::new("PRIORITY", |record: &Self, cell| {
            cell.number(record.priority);
        })
        .right()
        .rank(2),
        Column::new("WEIGHT", |record: &Self, cell| cell.number(record.weight))
            .right()
            .rank(0),
        Column::new("PORT", |record: &Self, cell| cell.number(record.port))
            .right()
            .rank(1),
    ];

    fn id(&self) -> Cow<'_, str> {
        self.id.to_string().into()
    }

    fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    fn named(&self) -> String {
        let name = self.name.as_deref().unwrap_or("-");
        format!("{} {name} ({})", self.r#type, self.id)
    }
}

impl Described for DomainRecord {
    fn details(&self, details: &mut Details) {
        details.line("ID", |cell| cell.number(self.id));
        details.line("Type", |cell| cell.text(self.r#type.as_str()));
        details.line("Name", |cell| {
            cell.described(self.name.as_deref(), self.name_unicode.as_deref());
        });
        details.line("Data", |cell| cell.optional_text(self.data.as_deref()));
        details.line("Priority", |cell| cell.number(self.priority));
        details.line("Weight", |cell| cell.number(self.weight));
        details.line("Port", |cell| cell.number(self.port));
    }
}
