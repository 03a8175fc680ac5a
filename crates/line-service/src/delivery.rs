//! From LINE's events to what the decision sees.

use line_platform::webhook::{EventKind, RawEvent};
use profile_model::{ChannelId, Delivery, GroupState, InboxKey, LineUserId, Meaning, Timestamp};
use serde_json::value::RawValue;

/// Reads one event. `foreign`: the request's `destination` is not the channel's bot, so it is kept and not applied.
pub(crate) fn read(
    event: &RawEvent,
    channel: &ChannelId,
    received_at: Timestamp,
    foreign: bool,
) -> Option<Delivery> {
    let read = event.read();
    let user = read.user_id().and_then(LineUserId::from_line);
    let one_to_one = read.is_one_to_one();
    let meaning = match &read.kind {
        _ if foreign => Meaning::Nothing("foreign_destination"),
        EventKind::Follow { .. }
        | EventKind::Unfollow
        | EventKind::Message { .. }
        | EventKind::Postback { .. }
            if user.is_none() =>
        {
            Meaning::Nothing("no_user")
        }
        EventKind::Follow { .. } if one_to_one => Meaning::Friendship(GroupState::Subscribed),
        EventKind::Unfollow if one_to_one => Meaning::Friendship(GroupState::Unsubscribed),
        EventKind::Message { .. } | EventKind::Postback { .. } if one_to_one => Meaning::Contact,
        EventKind::Unknown(_) => Meaning::Nothing("unknown_type"),
        _ => Meaning::Nothing("no_effect"),
    };
    Some(Delivery {
        key: InboxKey { channel: channel.clone(), event: read.key.clone(), user: user.clone() },
        kind: read.kind.name().chars().take(64).collect(),
        meaning,
        user,
        at: read.timestamp_ms.map(Timestamp::from_millis),
        received_at,
        body: RawValue::from_string(event.text().to_owned()).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(text: &str) -> Meaning {
        let (channel, now) = (ChannelId("1".into()), Timestamp::from_millis(5));
        read(&RawEvent::from_text(text), &channel, now, false).unwrap().meaning
    }

    /// line.md A2, A3, A4: only one-to-one events of a real user mean something.
    #[test]
    fn only_one_to_one_events_of_a_user_have_a_meaning() {
        let user = r#""source":{"type":"user","userId":"Uaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#;
        let group =
            r#""source":{"type":"group","groupId":"C1","userId":"Uaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#;
        let dummy = r#""source":{"type":"user","userId":"Udeadbeefdeadbeefdeadbeefdeadbeef"}"#;
        assert_eq!(
            meaning(&format!(r#"{{"type":"follow",{user}}}"#)),
            Meaning::Friendship(GroupState::Subscribed)
        );
        assert_eq!(
            meaning(&format!(r#"{{"type":"unfollow",{user}}}"#)),
            Meaning::Friendship(GroupState::Unsubscribed)
        );
        assert_eq!(meaning(&format!(r#"{{"type":"postback",{user}}}"#)), Meaning::Contact);
        assert_eq!(meaning(&format!(r#"{{"type":"message",{group}}}"#)), Meaning::Nothing("no_effect"));
        assert_eq!(meaning(&format!(r#"{{"type":"follow",{dummy}}}"#)), Meaning::Nothing("no_user"));
        assert_eq!(meaning(r#"{"type":"follow"}"#), Meaning::Nothing("no_user"));
        assert_eq!(meaning(&format!(r#"{{"type":"sparkle",{user}}}"#)), Meaning::Nothing("unknown_type"));
    }
}
