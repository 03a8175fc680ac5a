//! One case of the story, as told and as printed with `--json`.

use serde::Serialize;

/// A case that was played.
#[derive(Debug, Serialize)]
pub(super) struct Case {
    /// Its fixed name.
    pub(super) case: &'static str,
    /// What was done.
    pub(super) done: String,
    /// What the store says now, read over HTTP.
    pub(super) store_says: String,
    /// Whether that is what the scenario table asks for.
    pub(super) ok: bool,
}
