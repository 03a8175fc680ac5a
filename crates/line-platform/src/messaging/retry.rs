//! What is tried again, how often, and after how long.
//!
//! | what happened | again? | wait |
//! | --- | --- | --- |
//! | no answer, half an answer, time-out | yes | back-off |
//! | 5xx | yes | `Retry-After` if longer than the back-off, else back-off |
//! | 429, rate text | yes | the same |
//! | 429, quota text | no | |
//! | 2xx that cannot be read | yes | back-off |
//! | 400, 401, 403, 404, other 4xx, 3xx | no | |
//!
//! Back-off doubles from `first_delay` up to `longest_delay`, plus jitter of up to as much again, so that workers that failed
//! together do not come back together. A `Retry-After` longer than `longest_wait` ends the attempts: the caller has
//! better things to do than to sleep, and finds the time in [`super::LineFault::retry_after`].

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};

use super::LineFault;

/// How patient the client is. All calls here are reading calls, which may always be repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts in all, the first included; 0 counts as 1.
    pub attempts: usize,
    /// Delay before the second attempt.
    pub first_delay: Duration,
    /// Longest delay of the back-off, before jitter.
    pub longest_delay: Duration,
    /// Longest `Retry-After` that is waited for.
    pub longest_wait: Duration,
}

impl Default for RetryPolicy {
    /// Four attempts within a few seconds.
    fn default() -> Self {
        Self {
            attempts: 4,
            first_delay: Duration::from_millis(200),
            longest_delay: Duration::from_secs(5),
            longest_wait: Duration::from_secs(60),
        }
    }
}

impl RetryPolicy {
    /// One attempt, no waiting: for callers that have a schedule of their own.
    pub fn never() -> Self {
        Self { attempts: 1, ..Self::default() }
    }

    /// Makes the call until it works, cannot work, or the attempts are used up; answers the last fault.
    pub(super) async fn run<T, F, Fut>(&self, call: F) -> Result<T, LineFault>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, LineFault>>,
    {
        let backoff = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(self.first_delay)
            .with_max_delay(self.longest_delay)
            .with_max_times(self.attempts.saturating_sub(1));
        call.retry(backoff)
            .when(|fault| {
                fault.is_retryable() && fault.retry_after().is_none_or(|asked| asked <= self.longest_wait)
            })
            .adjust(|fault, delay| {
                // `delay` is `None` when the attempts are used up: `Retry-After` must not revive them.
                delay.map(|delay| fault.retry_after().map_or(delay, |asked| asked.max(delay)))
            })
            .notify(|fault, delay| {
                tracing::debug!(
                    reason = %fault,
                    delay_ms = delay.as_millis() as u64,
                    line_request_id = fault.request_id(),
                    "line.call.retry"
                );
            })
            .await
    }
}
