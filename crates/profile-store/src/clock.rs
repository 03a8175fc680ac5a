//! Time and randomness, passed in: the only places that read a clock or the system's random source.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use profile_model::{Fresh, Timestamp};

/// Where the time and the seeds of ids come from.
pub trait Clock: Send + Sync + 'static {
    /// The time now, UTC.
    fn now(&self) -> Timestamp;
    /// A seed for the ids of one request.
    fn seed(&self) -> u64;
}

/// The machine's clock and random source.
#[derive(Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(jiff::Timestamp::now().as_microsecond())
    }

    fn seed(&self) -> u64 {
        rand::random()
    }
}

/// A clock for tests: stands still until moved; seeds count up.
#[derive(Debug)]
pub struct FixedClock {
    micros: AtomicI64,
    seeds: AtomicU64,
}

impl FixedClock {
    /// Starts at this time.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        Self { micros: AtomicI64::new(now.as_micros()), seeds: AtomicU64::new(1) }
    }

    /// With seeds that count up from this one: ids made after a move must not be those made before.
    #[must_use]
    pub fn with_seeds_from(self, first: u64) -> Self {
        Self { seeds: AtomicU64::new(first), ..self }
    }

    /// Moves the time on.
    pub fn advance_micros(&self, micros: i64) {
        self.micros.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.micros.load(Ordering::SeqCst))
    }

    fn seed(&self) -> u64 {
        self.seeds.fetch_add(1, Ordering::SeqCst)
    }
}

/// Fresh ids for one decision.
#[must_use]
pub fn fresh(clock: &dyn Clock, now: Timestamp) -> Fresh {
    Fresh::new(now, clock.seed())
}
