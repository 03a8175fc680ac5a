#![doc = include_str!("../README.md")]

mod answers;
mod apply;
mod backup;
mod catalogue;
mod compaction;
mod config;
mod connecting;
mod consents;
mod duplicates;
mod examination;
mod expiry;
mod fault;
mod jobs;
mod load;
mod lookups;
mod migrations;
mod moving;
mod replacement;
mod rows;
mod scan;
mod statement;
mod store;
mod traces;
mod writer;

pub use connecting::Options;
pub use migrations::SCHEMA_VERSION;
pub use moving::SqliteHeld;
pub use replacement::{Carried, Displaced};
pub use store::SqliteStore;
