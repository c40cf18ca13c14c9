//! Snapshots of VMs: what is shown of them.

use cloudsfor_types::Snapshot;

use crate::output::Resource;
use crate::output::table::Column;

impl Resource for Snapshot {
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

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }
}
