#![doc = include_str!("../README.md")]

mod answers;
mod apply;
mod catalogue;
mod config;
mod consents;
mod distribution;
mod duplicates;
mod examination;
mod expiry;
mod fault;
mod jobs;
mod load;
mod migrations;
mod rows;
mod scan;
mod shards;
mod statement;
mod store;
mod traces;
mod unit;

pub use distribution::Distribution;
pub use migrations::SCHEMA_VERSION;
pub use store::{Options, PostgresStore};
