#![doc = include_str!("../README.md")]

mod answers;
mod apply;
mod catalogue;
mod compaction;
mod config;
mod consents;
mod duplicates;
mod examination;
mod expiry;
mod fault;
mod jobs;
mod load;
mod lookups;
mod migrations;
mod rows;
mod scan;
mod statement;
mod store;
mod traces;
mod writer;

pub use migrations::SCHEMA_VERSION;
pub use store::{Options, SqliteStore};
