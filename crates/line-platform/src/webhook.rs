//! What LINE sends: an envelope of events, each of which may be odd in its own way.
//!
//! Nothing here trusts the published schema to be complete. LINE adds types, properties and values without notice, leaves out
//! what it calls required (`replyToken` and `follow` in stand-by and in older payloads), and has been seen to send `null`.
//! Source: `webhook.yml` of github.com/line/line-openapi at 6e4c2a2 (2026-07-01); Messaging API reference, "Webhook event
//! objects" (read 2026-08-07).

mod envelope;
mod event;
mod key;
mod reading;

pub use envelope::{Envelope, EnvelopeFault, RawEvent, parse_envelope};
pub use event::{Event, EventKind, LinkResult, Mode, Oddity, Source};
pub use key::event_key;

/// The user that LINE's console puts into verification requests; it must never become a profile.
///
/// Source: line-bot-sdk-python `tests/v3/test_webhook.py` at e1fa933.
pub const DUMMY_USER_ID: &str = "Udeadbeefdeadbeefdeadbeefdeadbeef";

#[cfg(test)]
mod tests;
