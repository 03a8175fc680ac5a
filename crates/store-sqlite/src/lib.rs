#![doc = include_str!("../README.md")]

mod apply;
mod config;
mod fault;
mod jobs;
mod load;
mod migrations;
mod rows;
mod scan;
mod statement;
mod store;
mod writer;

pub use migrations::SCHEMA_VERSION;
pub use store::{Options, SqliteStore};
