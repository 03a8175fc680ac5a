//! The clock, the log, and waiting.

use serde::{Deserialize, Serialize};

/// What to do to the clock; parts are done in this order.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClockChange {
    /// Stops it or lets it run.
    pub frozen: Option<bool>,
    /// Makes it this time, in milliseconds since 1970.
    pub set_ms: Option<i64>,
    /// Moves it by so many milliseconds.
    pub advance_ms: Option<i64>,
}

/// The clock as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockView {
    /// Milliseconds since 1970.
    pub now_ms: i64,
    /// The same as text.
    pub now: String,
    /// Whether it stands still.
    pub frozen: bool,
}

/// One API call that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// When, by the simulator's clock.
    pub at: String,
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The channel whose token was given, if it was anybody's.
    pub channel_id: Option<String>,
    /// The answer's status.
    pub status: u16,
    /// Why: `ok`, the check that failed, or `fault:` and its kind.
    pub verdict: String,
    /// The answer's `x-line-request-id`.
    pub request_id: String,
}

/// How long to wait for webhooks under way and redeliveries due.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settle {
    /// In real milliseconds.
    pub timeout_ms: u64,
}

impl Default for Settle {
    fn default() -> Self {
        Self { timeout_ms: 30_000 }
    }
}
