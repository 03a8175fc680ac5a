//! Token buckets: steady refill, bursts up to the bucket's size (line.md E).

use std::collections::HashMap;

/// How many calls an endpoint takes: `calls` at once, refilled evenly over `per_ms`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    pub(crate) calls: u32,
    pub(crate) per_ms: u32,
}

/// Followers, profile, bot info: 2,000 a second.
pub(crate) const OTHER: Limit = Limit { calls: 2_000, per_ms: 1_000 };
/// Webhook endpoint, reading and setting: 1,000 a minute each.
pub(crate) const ENDPOINT: Limit = Limit { calls: 1_000, per_ms: 60_000 };
/// Webhook test: 60 an hour.
pub(crate) const TEST: Limit = Limit { calls: 60, per_ms: 3_600_000 };

/// One bucket per channel, method and endpoint, whatever the parameters.
#[derive(Debug, Default)]
pub(crate) struct Buckets {
    levels: HashMap<(String, &'static str), (f64, i64)>,
}

impl Buckets {
    /// Takes one call out of the bucket; `false` if it is empty. The limit is divided by `divisor`, for tests.
    pub(crate) fn take(
        &mut self,
        channel: &str,
        endpoint: &'static str,
        limit: Limit,
        divisor: u32,
        now_ms: i64,
    ) -> bool {
        let size = f64::from(limit.calls) / f64::from(divisor.max(1));
        let size = size.max(1.0);
        let (level, at) = self.levels.entry((channel.to_owned(), endpoint)).or_insert((size, now_ms));
        // A clock set back refills nothing.
        let elapsed = now_ms.saturating_sub(*at).max(0) as f64;
        *level = (*level + elapsed * size / f64::from(limit.per_ms)).min(size);
        *at = now_ms;
        let granted = *level >= 1.0;
        if granted {
            *level -= 1.0;
        }
        granted
    }
}
