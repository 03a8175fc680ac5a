//! Load at a constant rate: each request is sent when it is due, whether or not the ones before it were answered, and
//! its time counts from when it was due. So a server that stalls is not asked less.

use std::time::Duration;

use anyhow::Result;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// What a steady load came to.
pub(crate) struct Steady {
    /// Answers per second.
    pub(crate) rate: f64,
    /// Requests sent.
    pub(crate) sent: u64,
    /// Requests without an answer, or with one that is not 2xx.
    pub(crate) refused: u64,
    /// 99th percentile of the answers.
    pub(crate) p99: Duration,
    /// The slowest of them.
    pub(crate) slowest: Duration,
}

/// Sends `per_second` requests a second for a while, and waits for all answers. `request` takes the number of a request
/// and gives the status of its answer.
pub(crate) async fn steady<F, W>(per_second: u32, time: Duration, request: F) -> Result<Steady>
where
    F: Fn(u64) -> W,
    W: Future<Output = Result<u16>> + Send + 'static,
{
    let (step, began) = (Duration::from_secs(1) / per_second, Instant::now());
    let mut tasks = JoinSet::new();
    let (mut due, mut sent) = (began, 0);
    while due < began + time {
        tokio::time::sleep_until(due).await;
        let answer = request(sent);
        tasks.spawn(async move { (answer.await, due.elapsed()) });
        sent += 1;
        due += step;
    }
    let (mut times, mut refused) = (Vec::new(), 0);
    while let Some(answer) = tasks.join_next().await {
        let (status, time) = answer?;
        times.push(time);
        refused += u64::from(!status.is_ok_and(|status| (200..300).contains(&status)));
    }
    let rate = times.len() as f64 / began.elapsed().as_secs_f64();
    times.sort_unstable();
    let p99 = times.get(times.len() * 99 / 100).copied().unwrap_or_default();
    Ok(Steady { rate, sent, refused, p99, slowest: times.last().copied().unwrap_or_default() })
}
