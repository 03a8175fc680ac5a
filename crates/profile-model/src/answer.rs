//! Answers kept for requests that come again (`Idempotency-Key`): stored in the transaction of what they tell.

use crate::Timestamp;

/// How long an answer is kept, in microseconds: 24 hours.
pub const ANSWER_LIFE_MICROS: i64 = 24 * 3600 * 1_000_000;

/// Names a kept answer: a hash of the caller's API key and the key of the request, so that neither is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AnswerKey(pub [u8; 32]);

/// An answer as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// Its name.
    pub key: AnswerKey,
    /// Hash of method, path and body: the same key with another request is a mistake of the caller.
    pub request: [u8; 32],
    /// When it was given.
    pub at: Timestamp,
    /// HTTP status.
    pub status: u16,
    /// The body, sealed with the key of the request, which is not stored: only who sends the key again can read it.
    pub sealed_body: Vec<u8>,
}

impl KeptAnswer {
    /// Whether it still counts.
    #[must_use]
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.at >= oldest_answer(now)
    }
}

/// Answers given before this do not count any more.
#[must_use]
pub fn oldest_answer(now: Timestamp) -> Timestamp {
    now.plus_micros(-ANSWER_LIFE_MICROS)
}
