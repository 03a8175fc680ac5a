//! Connected LINE channels: one file per call.

pub(crate) mod connect;
pub(crate) mod list;

const PERMISSION: &str = "line.channels";
