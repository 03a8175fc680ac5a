#![doc = include_str!("../README.md")]

mod answers;
mod apply;
mod catalogue;
mod config;
mod connecting;
mod consents;
mod distribution;
mod duplicates;
mod examination;
mod expiry;
mod fault;
mod jobs;
mod load;
mod lookups;
mod migrations;
mod moving;
mod reading;
mod replica;
mod rows;
mod scan;
mod shards;
mod statement;
mod store;
mod traces;
mod unit;

pub use connecting::Options;
pub use distribution::Distribution;
pub use migrations::SCHEMA_VERSION;
pub use moving::PostgresHeld;
pub use store::PostgresStore;
