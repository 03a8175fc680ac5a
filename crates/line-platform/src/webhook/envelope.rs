//! The envelope: who it is for, and its events, each kept as the text that came.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use thiserror::Error;

use super::event::Event;
use super::reading;

/// One webhook request, taken apart but not interpreted.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// User ID of the bot the events are for; absent when missing, `null` or not a string.
    pub destination: Option<String>,
    /// The events in the order sent, possibly none, possibly of different users and types.
    pub events: Vec<RawEvent>,
}

/// Why a body is no envelope. Events are never the cause: see [`RawEvent::read`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EnvelopeFault {
    /// The body is not UTF-8 JSON, or its envelope names a property twice.
    #[error("the body is not JSON")]
    NotJson,
    /// The body is JSON, but not an object.
    #[error("the body is not a JSON object")]
    NotAnObject,
    /// There is no `events` property.
    #[error("the body has no 'events'")]
    EventsMissing,
    /// `events` is neither an array nor `null`.
    #[error("'events' is not an array")]
    EventsNotAnArray,
}

/// One event as the exact text LINE sent, so that it can be stored unaltered and read again.
#[derive(Clone, PartialEq, Eq)]
pub struct RawEvent {
    text: Box<str>,
}

impl RawEvent {
    /// Wraps an event's JSON text, for example one taken from the inbox; any text will do, see [`RawEvent::read`].
    pub fn from_text(text: impl Into<Box<str>>) -> Self {
        Self { text: text.into() }
    }

    /// The event's own JSON text, byte for byte as it stood in the body.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Reads what can be read. Never fails: what was odd is said in [`Event::oddities`].
    pub fn read(&self) -> Event {
        reading::read(&self.text)
    }
}

/// Shows the length only: an event holds what a person wrote.
impl fmt::Debug for RawEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawEvent({} bytes)", self.text.len())
    }
}

/// Takes a webhook body apart. The signature must have been verified before.
///
/// `events` may be empty (LINE's verification request) or `null`; elements of any JSON type are kept.
///
/// # Errors
/// See [`EnvelopeFault`].
pub fn parse_envelope(body: &[u8]) -> Result<Envelope, EnvelopeFault> {
    // Raw values are copied out of the body, not rebuilt: what is stored is what was signed.
    #[derive(Deserialize)]
    struct Wire<'a> {
        #[serde(default)]
        destination: Option<Value>,
        #[serde(default, borrow)]
        events: Option<&'a RawValue>,
    }
    let whole: &RawValue = serde_json::from_slice(body).map_err(|_| EnvelopeFault::NotJson)?;
    if !whole.get().starts_with('{') {
        return Err(EnvelopeFault::NotAnObject);
    }
    let wire: Wire<'_> = serde_json::from_str(whole.get()).map_err(|_| EnvelopeFault::NotJson)?;
    let events = match wire.events.map(RawValue::get) {
        // serde reads `"events":null` as absent; the two differ, and only the former is LINE being LINE.
        None if names_events(whole.get()) => Vec::new(),
        None => return Err(EnvelopeFault::EventsMissing),
        Some("null") => Vec::new(),
        Some(text) if text.starts_with('[') => {
            serde_json::from_str::<Vec<&RawValue>>(text).map_err(|_| EnvelopeFault::NotJson)?
        }
        Some(_) => return Err(EnvelopeFault::EventsNotAnArray),
    };
    let destination = wire.destination.as_ref().and_then(Value::as_str).map(str::to_owned);
    let events = events.into_iter().map(|raw| RawEvent::from_text(raw.get())).collect();
    Ok(Envelope { destination, events })
}

/// Whether the object has an `events` property at all, whatever its value.
fn names_events(object: &str) -> bool {
    serde_json::from_str::<Value>(object).is_ok_and(|value| value.get("events").is_some())
}
