//! CSV imports: one file per call.

use axum::http::StatusCode;

use crate::answer::{Code, Problem};

pub(crate) mod report;
pub(crate) mod show;
pub(crate) mod upload;

const PERMISSION: &str = "imports";

fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, Code::ImportUnknown, "there is no such import")
}
