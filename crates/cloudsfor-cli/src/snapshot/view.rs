//! What is shown of a snapshot.

use std::borrow::Cow;

use cloudsfor_types::{Snapshot, VmId};

use crate::output::table::Column;
use crate::output::{Described, Details, Resource};

impl Resource for Snapshot {
    const NOUN: &'static str = "snapshot";

    const ATTRIBUTES: &'static [&'static str] = Snapshot::ATTRIBUTES;

    const WITHIN: &'static [&'static str] = &[
        "region.name",
        "region.country",
        "region.description",
        "region.coordinates",
        "region.coordinates.lat",
        "region.coordinates.lng",
        "networks.*",
    ];

    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("ID", |snapshot: &Self, cell| {
            cell.text(snapshot.id.as_str());
        }),
        Column::new("NAME", |snapshot: &Self, cell| {
            cell.optional_text(snapshot.name.as_deref());
        })
        .elastic(),
        Column::new("SIZE", |snapshot: &Self, cell| {
            cell.gigabytes(snapshot.size_gigabytes);
        })
        .right()
        .rank(3),
        Column::new("DISK", |snapshot: &Self, cell| {
            cell.whole_gigabytes(snapshot.disk);
        })
        .right()
        .rank(2),
        Column::new("IMAGE", |snapshot: &Self, cell| {
            cell.optional_text(snapshot.distro.as_deref());
        })
        .rank(0),
        Column::new("REGION", |snapshot: &Self, cell| {
            cell.optional_text(snapshot.region.as_ref().map(|region| region.name.as_str()));
        })
        .rank(1),
        Column::new("CREATED", |snapshot: &Self, cell| {
            cell.time(snapshot.created_at.as_ref());
        })
        .rank(4),
    ];

    fn id(&self) -> Cow<'_, str> {
        self.id.as_str().into()
    }

    fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }
}

impl Described for Snapshot {
    fn details(&self, details: &mut Details) {
        details.line("ID", |cell| cell.text(self.id.as_str()));
        details.line("Name", |cell| cell.optional_text(self.name.as_deref()));
        details.line("VM", |cell| {
            cell.optional_text(self.vm_id.as_ref().map(VmId::as_str));
        });
        details.line("Size", |cell| cell.gigabytes(self.size_gigabytes));
        details.line("Disk", |cell| cell.whole_gigabytes(self.disk));
        details.line("Memory", |cell| cell.gigabytes(self.memory));
        details.line("VCPUs", |cell| cell.number(self.vcpus));
        details.line("Image", |cell| cell.optional_text(self.distro.as_deref()));
        details.line("Region", |cell| {
            let region = self.region.as_ref();
            cell.described(
                region.map(|region| region.name.as_str()),
                region.and_then(|region| region.description.as_deref()),
            );
        });
        details.line("Created", |cell| cell.time(self.created_at.as_ref()));
    }
}
