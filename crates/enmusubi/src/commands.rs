//! The commands, one module each.

pub(crate) mod import;
pub(crate) mod key;
pub(crate) mod migrate;
pub(crate) mod profile;
pub(crate) mod workspace;
