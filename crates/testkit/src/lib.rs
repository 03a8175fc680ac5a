#![doc = include_str!("../README.md")]

mod caller;
pub mod postgres;
mod server;
mod webhook;
mod world;

pub use caller::{Answer, Caller};
pub use server::{BUCKETS_VARIABLE, ENGINE_VARIABLE, Server, ServerOptions, is_on_postgres, is_spread};
pub use webhook::{Event, Webhook, sign};
pub use world::World;

/// A LINE user id by number.
#[must_use]
pub fn line_id(number: u32) -> String {
    format!("U{number:032x}")
}

/// An alias as requests carry it.
#[must_use]
pub fn alias(label: &str, name: &str) -> serde_json::Value {
    serde_json::json!({"alias_label": label, "alias_name": name})
}

/// Waits until `condition` gives a value, asking every 20 ms for at most `seconds`.
///
/// # Errors
/// When the time is over; `what` says what was waited for.
pub async fn eventually<T>(
    what: &str,
    seconds: u64,
    mut condition: impl AsyncFnMut() -> Option<T>,
) -> anyhow::Result<T> {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(seconds);
    loop {
        if let Some(value) = condition().await {
            return Ok(value);
        }
        anyhow::ensure!(std::time::Instant::now() < end, "not within {seconds} s: {what}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
