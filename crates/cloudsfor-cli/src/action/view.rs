//! What is shown of an action.

use std::borrow::Cow;

use cloudsfor_types::{Action, ActionId};

use crate::output::table::Column;
use crate::output::{Described, Details, Resource};

impl Resource for Action {
    const NOUN: &'static str = "action";

    const ATTRIBUTES: &'static [&'static str] = Action::ATTRIBUTES;

    const WITHIN: &'static [&'static str] = &[
        "region.name",
        "region.country",
        "region.description",
        "region.coordinates",
        "region.coordinates.lat",
        "region.coordinates.lng",
    ];

    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("ID", |action: &Self, cell| {
            cell.optional_text(action.action_id.as_ref().map(ActionId::as_str));
        }),
        Column::new("TYPE", |action: &Self, cell| {
            cell.text(action.r#type.as_str());
        }),
        Column::new("STATUS", |action: &Self, cell| {
            cell.text(action.status.as_str());
        })
        .status(),
        Column::new("VM", |action: &Self, cell| {
            cell.text(action.vm_id().as_str());
        })
        .rank(3),
        Column::new("STARTED", |action: &Self, cell| {
            cell.time(&action.started_at);
        })
        .rank(4),
        Column::new("COMPLETED", |action: &Self, cell| {
            cell.time(action.completed_at.as_ref());
        })
        .rank(1),
        Column::new("REGION", |action: &Self, cell| {
            cell.optional_text(action.region.as_deref());
        })
        .rank(0),
        Column::new("ERROR", |action: &Self, cell| {
            cell.optional_text(action.error.as_deref());
        })
        .elastic()
        .rank(2),
    ];

    /// A server that says no id of the action leaves nothing to call it by: `id`
    /// on the wire is the VM's.
    fn id(&self) -> Cow<'_, str> {
        let id = self.action_id.as_ref().map(ActionId::as_str);
        id.unwrap_or_default().into()
    }

    fn name(&self) -> &str {
        self.r#type.as_str()
    }
}

impl Described for Action {
    fn details(&self, details: &mut Details) {
        details.line("ID", |cell| cell.text(&self.id()));
        details.line("Type", |cell| cell.text(self.r#type.as_str()));
        details.status("Status", self.status.as_str());
        details.line("VM", |cell| cell.text(self.vm_id().as_str()));
        details.line("Region", |cell| cell.optional_text(self.region.as_deref()));
        details.line("Started", |cell| cell.time(&self.started_at));
        details.line("Completed", |cell| cell.time(self.completed_at.as_ref()));
        details.line("Error", |cell| cell.optional_text(self.error.as_deref()));
        if let Some(notice) = &self.notice {
            details.line("Notice", |cell| cell.text(notice));
        }
    }
}
