//! Rate limits (`RL-*`): off, or Braze's table, for each workspace. Counted in this process.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use governor::clock::Clock;
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use profile_model::{RateLimits, WorkspaceId};
use tokio::time::Instant;

use crate::answer::Problem;

/// Limit shown where none holds: large, so that clients that read it go on (`CLI-7`).
const NO_LIMIT: u32 = 1_000_000;

/// How far ahead the end of the (unlimited) window is shown.
const NO_LIMIT_WINDOW: Duration = Duration::from_secs(60);

/// Calls that share one limit: a row of section 0.2 of the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Pool {
    Track,
    TrackSync,
    TrackBulk,
    Identity,
    Rename,
    Remove,
    /// Every export; those that the next row does not hold are the cheap ones.
    Export,
    /// Exports without `fields_to_export`, or with campaigns or canvases.
    CostlyExport,
    StatusSet,
    Catalogue,
    /// Everything without a limit of its own, our calls too.
    Shared,
}

impl Pool {
    /// The pool of a route, by its template.
    pub(crate) fn of(route: &str) -> Self {
        match route {
            "/users/track" => Self::Track,
            "/users/track/sync" => Self::TrackSync,
            "/users/track/bulk" => Self::TrackBulk,
            "/users/delete"
            | "/users/alias/new"
            | "/users/alias/update"
            | "/users/identify"
            | "/users/merge" => Self::Identity,
            "/users/external_ids/rename" => Self::Rename,
            "/users/external_ids/remove" => Self::Remove,
            "/users/export/ids" => Self::Export,
            "/subscription/status/set" | "/v2/subscription/status/set" => Self::StatusSet,
            "/custom_attributes" | "/events" | "/events/list" | "/purchases/product_list" => Self::Catalogue,
            _ => Self::Shared,
        }
    }

    /// Requests, and the seconds in which so many may come.
    pub(crate) const fn limit(self) -> (u32, u64) {
        match self {
            Self::Track => (3_000, 3),
            Self::TrackSync => (500, 60),
            Self::TrackBulk => (5, 1),
            Self::Identity => (20_000, 60),
            Self::Rename | Self::Remove => (1_000, 60),
            Self::Export => (40, 1),
            Self::CostlyExport => (250, 60),
            Self::StatusSet => (5_000, 60),
            Self::Catalogue => (1_000, 3_600),
            Self::Shared => (250_000, 3_600),
        }
    }
}

/// Time in whole windows: it stands still within one. So a window's requests are all of one moment to the limiter, and
/// the next one finds everything there again.
#[derive(Clone, Debug)]
struct Windows {
    start: Instant,
    length: Duration,
}

impl Windows {
    /// How many windows have ended, and how long the present one lasts.
    fn passed(&self) -> (u32, Duration) {
        let (elapsed, length) = (self.start.elapsed().as_millis(), self.length.as_millis().max(1));
        let left = length - elapsed % length;
        let whole = |millis: u128| u64::try_from(millis).unwrap_or(u64::MAX);
        (u32::try_from(elapsed / length).unwrap_or(u32::MAX), Duration::from_millis(whole(left)))
    }
}

impl Clock for Windows {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.length * self.passed().0
    }
}

type Limiter = RateLimiter<NotKeyed, InMemoryState, Windows, StateInformationMiddleware>;

/// What the headers of an answer say (`RL-1`, `RL-2`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    limit: u32,
    remaining: u32,
    /// From now to the end of the window.
    left: Duration,
}

impl Reading {
    /// Where nothing is limited.
    pub(crate) const UNLIMITED: Self = Self { limit: NO_LIMIT, remaining: NO_LIMIT, left: NO_LIMIT_WINDOW };

    /// Writes the three headers; the end of the window in UTC epoch seconds, never too early.
    pub(crate) fn show(self, headers: &mut HeaderMap) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let reset = (now + self.left).as_millis().div_ceil(1000);
        let reset = u64::try_from(reset).unwrap_or(u64::MAX);
        headers.insert(HeaderName::from_static("x-ratelimit-limit"), self.limit.into());
        headers.insert(HeaderName::from_static("x-ratelimit-remaining"), self.remaining.into());
        headers.insert(HeaderName::from_static("x-ratelimit-reset"), reset.into());
    }

    /// `429 Rate Limited`. `RL-3`: the seconds to wait, too, also under the name that HTTP has for them.
    fn refuse(self) -> Problem {
        let seconds: HeaderValue = self.left.as_secs().saturating_add(1).into();
        Problem::quoted(StatusCode::TOO_MANY_REQUESTS, "Rate Limited")
            .with_header(HeaderName::from_static("x-ratelimit-retry-after"), seconds.clone())
            .with_header(header::RETRY_AFTER, seconds)
    }
}

/// Where a request's reading is left for the headers of its answer; the last one counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meter(Arc<Mutex<Option<Reading>>>);

impl Meter {
    fn set(&self, reading: Reading) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(reading);
    }

    /// What was read, or that nothing is limited.
    pub(crate) fn reading(&self) -> Reading {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or(Reading::UNLIMITED)
    }
}

type Limiters = HashMap<(WorkspaceId, Pool), Arc<Limiter>>;

/// The counters of this process. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Quotas(Arc<Mutex<Limiters>>);

impl Quotas {
    /// Counts one request, or refuses it.
    pub(crate) fn take(
        &self,
        limits: RateLimits,
        workspace: WorkspaceId,
        pool: Pool,
        meter: Option<&Meter>,
    ) -> Result<(), Problem> {
        if limits == RateLimits::Off {
            return Ok(());
        }
        let limiter = self.limiter(workspace, pool);
        let taken = limiter.check();
        let (limit, _) = pool.limit();
        let remaining = taken.as_ref().map_or(0, |state| state.remaining_burst_capacity());
        let reading = Reading { limit, remaining, left: limiter.clock().passed().1 };
        if let Some(meter) = meter {
            meter.set(reading);
        }
        taken.map(|_| ()).map_err(|_| reading.refuse())
    }

    /// The limiter of a pool; its first window begins with its first request.
    fn limiter(&self, workspace: WorkspaceId, pool: Pool) -> Arc<Limiter> {
        let mut limiters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let limiter = limiters.entry((workspace, pool)).or_insert_with(|| {
            let (limit, seconds) = pool.limit();
            let limit = NonZeroU32::new(limit).unwrap_or(NonZeroU32::MIN);
            let length = Duration::from_secs(seconds);
            let quota = Quota::with_period(length / limit.get()).unwrap_or(Quota::per_second(limit));
            let clock = Windows { start: Instant::now(), length };
            let limiter = RateLimiter::direct_with_clock(quota.allow_burst(limit), clock);
            Arc::new(limiter.with_middleware())
        });
        Arc::clone(limiter)
    }
}

#[cfg(test)]
mod tests;
