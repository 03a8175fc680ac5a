//! From an event's text to what could be read of it; total, whatever the text.

use serde_json::Value;

use crate::without_half_characters;

use super::event::{Event, EventKind, LinkResult, Mode, Oddity, Source};
use super::key;

/// Reads one event. See [`super::RawEvent::read`].
pub(super) fn read(text: &str) -> Event {
    let mut oddities = Vec::new();
    let value = match serde_json::from_str::<Value>(text) {
        Ok(value) => Some(value),
        // A person can write half a character; that must not cost us who it was.
        Err(_) => match serde_json::from_str::<Value>(&without_half_characters(text)) {
            Ok(value) => {
                oddities.push(Oddity::HalfCharacter);
                Some(value)
            }
            Err(_) => None,
        },
    };
    let Some(value) = value else {
        return blank(key::of_text(text), Oddity::Unreadable);
    };
    if !value.is_object() {
        return blank(key::of_value(&value), Oddity::NotAnObject);
    }
    Reader { event: &value, oddities }.read()
}

/// An event of which nothing could be read.
fn blank(key: String, oddity: Oddity) -> Event {
    Event {
        kind: EventKind::Unknown(String::new()),
        webhook_event_id: None,
        timestamp_ms: None,
        mode: None,
        source: None,
        is_redelivery: false,
        reply_token: None,
        key,
        oddities: vec![oddity],
    }
}

/// Message types of the published schema.
const MESSAGE_TYPES: [&str; 7] = ["text", "image", "video", "audio", "file", "location", "sticker"];

/// One pass over one event object, collecting what is odd.
struct Reader<'a> {
    event: &'a Value,
    oddities: Vec<Oddity>,
}

impl<'a> Reader<'a> {
    fn read(mut self) -> Event {
        let timestamp_ms = self.timestamp();
        let webhook_event_id = key::usable_id(self.event).map(str::to_owned);
        if webhook_event_id.is_none() {
            self.oddities.push(Oddity::EventIdMissing);
        }
        let source = self.source();
        let kind = self.kind();
        self.check_user(&kind, source.as_ref());
        let mode = self.text(self.event, "mode", "mode").map(|word| match word {
            "active" => Mode::Active,
            "standby" => Mode::Standby,
            other => Mode::Other(other.to_owned()),
        });
        let is_redelivery = self
            .part("deliveryContext", "deliveryContext")
            .and_then(|context| self.flag(context, "isRedelivery", "deliveryContext.isRedelivery"))
            .unwrap_or(false);
        let reply_token = self.owned(self.event, "replyToken", "replyToken");
        Event {
            kind,
            webhook_event_id,
            timestamp_ms,
            mode,
            source,
            is_redelivery,
            reply_token,
            key: key::of_value(self.event),
            oddities: self.oddities,
        }
    }

    fn kind(&mut self) -> EventKind {
        let Some(name) = self.text(self.event, "type", "type").filter(|name| !name.is_empty()) else {
            self.oddities.push(Oddity::TypeMissing);
            return EventKind::Unknown(String::new());
        };
        match name {
            "follow" => EventKind::Follow {
                // Older payloads have no `follow` part: not odd.
                is_unblocked: self
                    .part("follow", "follow")
                    .and_then(|part| self.flag(part, "isUnblocked", "follow.isUnblocked")),
            },
            "unfollow" => EventKind::Unfollow,
            "message" => self.message(),
            "messageEdited" => {
                let part = self.required("message", "message");
                EventKind::MessageEdited {
                    id: part.and_then(|part| self.owned(part, "id", "message.id")),
                    text: part.and_then(|part| self.owned(part, "text", "message.text")),
                }
            }
            "unsend" => {
                let part = self.required("unsend", "unsend");
                EventKind::Unsend {
                    message_id: part.and_then(|part| self.needed(part, "messageId", "unsend.messageId")),
                }
            }
            "postback" => {
                let part = self.required("postback", "postback");
                EventKind::Postback { data: part.and_then(|part| self.owned(part, "data", "postback.data")) }
            }
            "accountLink" => self.account_link(),
            "join" => EventKind::Join,
            "leave" => EventKind::Leave,
            "memberJoined" => EventKind::MemberJoined { user_ids: self.members("joined", "joined.members") },
            "memberLeft" => EventKind::MemberLeft { user_ids: self.members("left", "left.members") },
            "beacon" => EventKind::Beacon,
            "membership" => EventKind::Membership,
            "videoPlayComplete" => EventKind::VideoPlayComplete,
            "delivery" => EventKind::Delivery,
            "module" => EventKind::Module,
            "activated" => EventKind::Activated,
            "deactivated" => EventKind::Deactivated,
            "botSuspended" => EventKind::BotSuspended,
            "botResumed" => EventKind::BotResumed,
            other => {
                self.oddities.push(Oddity::TypeUnknown);
                EventKind::Unknown(other.to_owned())
            }
        }
    }

    fn message(&mut self) -> EventKind {
        let Some(part) = self.required("message", "message") else {
            return EventKind::Message { message_type: None, id: None, text: None };
        };
        let message_type = self.owned(part, "type", "message.type");
        if !message_type.as_deref().is_some_and(|name| MESSAGE_TYPES.contains(&name)) {
            self.oddities.push(Oddity::MessageTypeUnknown);
        }
        EventKind::Message {
            message_type,
            id: self.owned(part, "id", "message.id"),
            text: self.owned(part, "text", "message.text"),
        }
    }

    fn account_link(&mut self) -> EventKind {
        let part = self.required("link", "link");
        let result = part.and_then(|part| self.needed(part, "result", "link.result")).map(|word| match word
            .as_str()
        {
            "ok" => LinkResult::Ok,
            "failed" => LinkResult::Failed,
            _ => LinkResult::Other(word),
        });
        EventKind::AccountLink {
            result,
            nonce: part.and_then(|part| self.needed(part, "nonce", "link.nonce")),
        }
    }

    /// The users of an array of sources; elements without a readable ID are left out, which LINE does too.
    fn members(&mut self, name: &'static str, path: &'static str) -> Vec<String> {
        let Some(members) =
            self.required(name, name).and_then(|part| part.get("members")).and_then(Value::as_array)
        else {
            self.oddities.push(Oddity::PartMissing(path));
            return Vec::new();
        };
        members.iter().filter_map(|member| member.get("userId")?.as_str().map(str::to_owned)).collect()
    }

    fn source(&mut self) -> Option<Source> {
        let part = self.part("source", "source")?;
        let user_id = self.owned(part, "userId", "source.userId").filter(|id| !id.is_empty());
        Some(match self.text(part, "type", "source.type") {
            Some("user") => Source::User { user_id },
            Some("group") => {
                Source::Group { group_id: self.owned(part, "groupId", "source.groupId"), user_id }
            }
            Some("room") => Source::Room { room_id: self.owned(part, "roomId", "source.roomId"), user_id },
            other => {
                self.oddities.push(Oddity::SourceUnknown);
                Source::Other { kind: other.unwrap_or_default().to_owned(), user_id }
            }
        })
    }

    /// Notes a missing user on the types that are about one person.
    fn check_user(&mut self, kind: &EventKind, source: Option<&Source>) {
        let about_one = match kind {
            EventKind::Follow { .. } | EventKind::Unfollow | EventKind::Message { .. } => true,
            EventKind::Postback { .. } | EventKind::Unsend { .. } => true,
            // LINE names nobody when the link failed.
            EventKind::AccountLink { result, .. } => *result == Some(LinkResult::Ok),
            _ => false,
        };
        match source {
            None if about_one => self.oddities.push(Oddity::SourceMissing),
            // In groups and rooms LINE withholds the user at will.
            Some(Source::User { user_id: None } | Source::Other { user_id: None, .. }) if about_one => {
                self.oddities.push(Oddity::UserMissing);
            }
            _ => {}
        }
    }

    /// Milliseconds as a whole number; `1727600000000.0` is one too.
    fn timestamp(&mut self) -> Option<i64> {
        let read = match present(self.event, "timestamp") {
            Some(Value::Number(number)) => number.as_i64().or_else(|| {
                let float = number.as_f64()?;
                // 2^53: beyond it a float no longer holds every whole number.
                (float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_992.0).then_some(float as i64)
            }),
            _ => None,
        };
        if read.is_none() {
            self.oddities.push(Oddity::TimestampMissing);
        }
        read
    }

    /// An object property of the event; another type is noted.
    fn part(&mut self, name: &str, path: &'static str) -> Option<&'a Value> {
        let part = present(self.event, name)?;
        if part.is_object() {
            return Some(part);
        }
        self.oddities.push(Oddity::WrongType(path));
        None
    }

    /// An object property without which the type means nothing.
    fn required(&mut self, name: &str, path: &'static str) -> Option<&'a Value> {
        let part = self.part(name, path);
        if part.is_none() && !self.oddities.contains(&Oddity::WrongType(path)) {
            self.oddities.push(Oddity::PartMissing(path));
        }
        part
    }

    fn text(&mut self, of: &'a Value, name: &str, path: &'static str) -> Option<&'a str> {
        let value = present(of, name)?;
        let text = value.as_str();
        if text.is_none() {
            self.oddities.push(Oddity::WrongType(path));
        }
        text
    }

    fn owned(&mut self, of: &'a Value, name: &str, path: &'static str) -> Option<String> {
        self.text(of, name, path).map(str::to_owned)
    }

    /// A string without which the type means little.
    fn needed(&mut self, of: &'a Value, name: &str, path: &'static str) -> Option<String> {
        let text = self.owned(of, name, path);
        if text.is_none() && !self.oddities.contains(&Oddity::WrongType(path)) {
            self.oddities.push(Oddity::PartMissing(path));
        }
        text
    }

    fn flag(&mut self, of: &'a Value, name: &str, path: &'static str) -> Option<bool> {
        let value = present(of, name)?;
        let flag = value.as_bool();
        if flag.is_none() {
            self.oddities.push(Oddity::WrongType(path));
        }
        flag
    }
}

/// A property that is there and not `null`: LINE says it omits what has no value, and has been seen to send `null`.
fn present<'a>(of: &'a Value, name: &str) -> Option<&'a Value> {
    of.get(name).filter(|value| !value.is_null())
}
