//! The commands, one module each.

pub(crate) mod backup;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod duplicates;
pub(crate) mod group;
pub(crate) mod import;
pub(crate) mod key;
pub(crate) mod line;
pub(crate) mod migrate;
pub(crate) mod profile;
mod progress;
pub(crate) mod restore;
pub(crate) mod serve;
pub(crate) mod workspace;
