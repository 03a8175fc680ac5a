//! Contract: every fixture of `fixtures/line` reads as its origin says (line.md A2, A3, B1, B3).

#![expect(clippy::unwrap_used, reason = "helpers of tests: a failing one is a failing test")]

use std::path::PathBuf;

use line_platform::webhook::{
    DUMMY_USER_ID, Event, EventKind, LinkResult, Mode, Oddity, Source, event_key, parse_envelope,
};

const USER: &str = "U4af4980629a9b2ed1d3d3ab2c7c2ab9d";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/line")
}

fn events(name: &str) -> Vec<Event> {
    let body = std::fs::read(folder().join(format!("{name}.json"))).unwrap();
    parse_envelope(&body).unwrap().events.iter().map(|raw| raw.read()).collect()
}

fn event(name: &str) -> Event {
    let mut events = events(name);
    assert_eq!(events.len(), 1, "{name}");
    events.remove(0)
}

#[test]
fn every_event_of_the_published_schema_reads_without_an_oddity() {
    let expected = [
        ("event-follow", EventKind::Follow { is_unblocked: Some(false) }),
        ("event-follow-unblocked", EventKind::Follow { is_unblocked: Some(true) }),
        ("event-follow-without-detail", EventKind::Follow { is_unblocked: None }),
        ("event-standby-follow", EventKind::Follow { is_unblocked: Some(false) }),
        ("event-unfollow", EventKind::Unfollow),
        ("event-module-user", EventKind::Unfollow),
        ("event-message-edited", EventKind::MessageEdited { id: some("1501597918"), text: some("hello") }),
        ("event-unsend", EventKind::Unsend { message_id: some("325708") }),
        ("event-postback", EventKind::Postback { data: some("storeId=12345") }),
        (
            "event-account-link-ok",
            EventKind::AccountLink { result: Some(LinkResult::Ok), nonce: some("xxxxxxxxxxxxxxx") },
        ),
        (
            "event-account-link-failed",
            EventKind::AccountLink { result: Some(LinkResult::Failed), nonce: some("xxxxxxxxxxxxxxx") },
        ),
        ("event-join", EventKind::Join),
        ("event-leave", EventKind::Leave),
        ("event-beacon", EventKind::Beacon),
        ("event-video-play-complete", EventKind::VideoPlayComplete),
        ("event-membership", EventKind::Membership),
        ("event-null-values", EventKind::Follow { is_unblocked: None }),
    ];
    for (name, kind) in expected {
        let event = event(name);
        assert_eq!(event.kind, kind, "{name}");
        assert_eq!(event.oddities, [], "{name}");
        assert!(event.timestamp_ms.is_some() && event.webhook_event_id.is_some(), "{name}");
        assert!(!event.is_redelivery, "{name}");
    }
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn messages_tell_type_id_and_text() {
    let text = event("event-message-text");
    assert_eq!(text.user_id(), Some(USER));
    assert!(text.is_one_to_one());
    let EventKind::Message { message_type, id, text } = text.kind else { panic!("a message") };
    assert_eq!((message_type.as_deref(), id.as_deref()), (Some("text"), Some("444573844083572737")));
    assert!(text.unwrap().ends_with("こんにちは\u{1F928}"));
    let sticker = event("event-message-sticker");
    assert_eq!(sticker.oddities, []);
    let group = event("event-message-group");
    assert_eq!(group.user_id(), Some(USER));
    assert!(!group.is_one_to_one());
    assert!(matches!(group.source, Some(Source::Group { group_id: Some(_), .. })));
}

#[test]
fn members_come_from_the_arrays() {
    for (name, count) in [("event-member-joined", 2), ("event-member-left", 2)] {
        let event = event(name);
        assert_eq!(event.user_id(), None);
        let (EventKind::MemberJoined { user_ids } | EventKind::MemberLeft { user_ids }) = event.kind else {
            panic!("{name} is about members")
        };
        assert_eq!((user_ids.len(), user_ids[0].as_str()), (count, USER), "{name}");
    }
}

#[test]
fn odd_events_say_what_is_odd_and_keep_the_rest() {
    for (name, oddity, user) in [
        ("event-unknown-type", Oddity::TypeUnknown, Some(USER)),
        ("event-message-unknown-type", Oddity::MessageTypeUnknown, Some(USER)),
        ("event-unknown-source", Oddity::SourceUnknown, Some(USER)),
        ("event-missing-source", Oddity::SourceMissing, None),
        ("event-missing-user", Oddity::UserMissing, None),
    ] {
        let event = event(name);
        assert_eq!(event.oddities, [oddity], "{name}");
        assert_eq!(event.user_id(), user, "{name}");
        assert!(event.reason().is_some_and(|reason| !reason.contains(USER)), "{name}");
    }
}

#[test]
fn standby_dummies_and_batches_are_recognised() {
    assert_eq!(event("event-standby-follow").mode, Some(Mode::Standby));
    let dummies = events("event-dummy-user");
    assert_eq!(dummies.len(), 2);
    assert!(dummies.iter().all(|dummy| dummy.user_id() == Some(DUMMY_USER_ID)));
    let batch = events("events-of-several-users");
    assert_ne!(batch[0].user_id(), batch[1].user_id());
    assert_eq!(events("signature-empty-events"), []);
    assert!(event("event-module-user").user_id().is_some_and(|id| id.len() == 68));
}

#[test]
fn a_redelivered_event_keeps_its_key() {
    let read = |name: &str| {
        let body = std::fs::read(folder().join(format!("{name}.json"))).unwrap();
        parse_envelope(&body).unwrap().events.remove(0)
    };
    let (first, again) = (read("signature-follow"), read("signature-follow-redelivered"));
    assert_eq!(event_key(&first), "01J8ZQ5V7T0000000000000001");
    assert_eq!(event_key(&first), event_key(&again));
    assert!(!first.read().is_redelivery && again.read().is_redelivery);
    assert_ne!(first.text(), again.text());
}

#[test]
fn every_webhook_fixture_is_an_envelope() {
    let mut seen = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.starts_with("event") || name.starts_with("signature") {
            let body = std::fs::read(folder().join(&name)).unwrap();
            assert!(parse_envelope(&body).is_ok_and(|envelope| envelope.destination.is_some()), "{name}");
            seen += 1;
        }
    }
    assert!(seen >= 30, "only {seen} fixtures");
}
