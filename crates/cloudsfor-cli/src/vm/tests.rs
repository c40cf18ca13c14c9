//! Each verb as its user meets it: what it asks of the API, and its screens.

mod act;
mod console;
mod create;
mod delete;
mod get;
mod list;
mod several;
mod snapshots;
mod update;
mod usage;
mod wait;
