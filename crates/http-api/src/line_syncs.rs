//! Follower syncs: one file per call.

pub(crate) mod show;
pub(crate) mod start;

const PERMISSION: &str = "line.sync";
