//! Logs: stderr, compact on a terminal and JSON elsewhere, UTC with milliseconds, filtered by `ENMUSUBI_LOG`.

use std::io::IsTerminal as _;

use profile_store::{Clock as _, SystemClock};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

/// Writes `2026-11-21T01:02:03.456Z`.
struct UtcMillis;

impl FormatTime for UtcMillis {
    fn format_time(&self, writer: &mut Writer<'_>) -> std::fmt::Result {
        write!(writer, "{}", SystemClock.now())
    }
}

/// Starts logging; `default` applies where `ENMUSUBI_LOG` says nothing or nothing usable.
pub(crate) fn start(default: &str) {
    let filter = std::env::var("ENMUSUBI_LOG").ok().and_then(|text| EnvFilter::try_new(text).ok());
    let filter = filter.unwrap_or_else(|| EnvFilter::new(default));
    let base =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_timer(UtcMillis);
    // An error says that a subscriber is set already: then logs have a home.
    let _ = if std::io::stderr().is_terminal() {
        base.compact().try_init()
    } else {
        base.json().flatten_event(true).try_init()
    };
}
