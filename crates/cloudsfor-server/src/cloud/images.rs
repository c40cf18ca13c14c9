//! What a VM can be made of: public images, snapshots and backups.

use cloudsfor_types::FieldFault;
use rusqlite::Connection;

use super::catalog;
use super::error::{CloudError, CloudResult};
use crate::compute::Compute;
use crate::store::accounts::AccountId;
use crate::store::snapshots;

/// An image that was found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Image {
    /// Its internal id.
    pub(super) id: String,
    /// Its description.
    pub(super) name: String,
    /// The least disk that it needs, in GB.
    pub(super) min_disk: u32,
}

/// The image that this identifier names for the account: a public one, or a
/// snapshot's or backup's id.
pub(super) fn find(
    connection: &Connection,
    compute: &dyn Compute,
    account: AccountId,
    identifier: &str,
) -> CloudResult<Option<Image>> {
    if let Some(image) = compute.image(identifier) {
        return Ok(Some(Image {
            id: catalog::image_id(&image.name),
            name: image.description,
            min_disk: image.min_disk,
        }));
    }
    find_snapshot(connection, account, identifier)
}

/// The snapshot or backup that this id names for the account.
pub(super) fn find_snapshot(
    connection: &Connection,
    account: AccountId,
    id: &str,
) -> CloudResult<Option<Image>> {
    let snapshot = snapshots::get(connection, account, id)?;
    Ok(snapshot.map(|snapshot| Image {
        id: snapshot.id.to_string(),
        name: snapshot.name,
        min_disk: snapshot.disk,
    }))
}

/// The fault of an image that doesn't fit a disk, if it doesn't.
pub(super) fn disk_fault(image: &Image, field: &str, disk: u32) -> Option<FieldFault> {
    (disk < image.min_disk).then(|| {
        let message = format!(
            "the image {:?} needs a disk of at least {} GB, and this one has {disk}",
            image.name, image.min_disk
        );
        FieldFault::new(field, message)
    })
}

/// That the image of a rebuild or restore is there, and fits.
pub(super) fn check(
    image: Option<Image>,
    disk: u32,
    missing: impl FnOnce() -> FieldFault,
) -> CloudResult<()> {
    let fault = match image {
        None => Some(missing()),
        Some(image) => disk_fault(&image, "image", disk),
    };
    fault.map_or(Ok(()), |fault| Err(CloudError::Invalid(vec![fault])))
}
