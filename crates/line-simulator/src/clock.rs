//! The simulator's time: real time plus an offset, or standing still.

/// Milliseconds since 1970 as the simulated LINE sees them.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    offset_ms: i64,
    frozen_at: Option<i64>,
}

impl Clock {
    pub(crate) fn now_ms(&self) -> i64 {
        self.frozen_at.unwrap_or_else(|| real_ms().saturating_add(self.offset_ms))
    }

    /// Makes it this time now; a frozen clock stays frozen.
    pub(crate) fn set(&mut self, ms: i64) {
        match &mut self.frozen_at {
            Some(at) => *at = ms,
            None => self.offset_ms = ms.saturating_sub(real_ms()),
        }
    }

    /// Moves the time by so much, forwards or backwards.
    pub(crate) fn advance(&mut self, ms: i64) {
        self.set(self.now_ms().saturating_add(ms));
    }

    /// Stops the clock, or lets it run on from where it stands.
    pub(crate) fn freeze(&mut self, frozen: bool) {
        let now = self.now_ms();
        self.frozen_at = frozen.then_some(now);
        self.set(now);
    }

    pub(crate) fn is_frozen(&self) -> bool {
        self.frozen_at.is_some()
    }
}

fn real_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// `2026-11-21T01:02:03.456Z`; a time beyond the calendar is shown as the calendar's start.
pub(crate) fn rfc3339(ms: i64) -> String {
    format!("{:.3}", jiff::Timestamp::from_millisecond(ms).unwrap_or_default())
}
