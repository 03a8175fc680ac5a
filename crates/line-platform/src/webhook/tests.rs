//! Reading the published events and the odd ones (line.md A2, A3, G5, G6, G7).

use super::*;

const USER: &str = "U4af4980629a9b2ed1d3d3ab2c7c2ab9d";

fn read(text: &str) -> Event {
    RawEvent::from_text(text).read()
}

/// An event with the usual frame around `inner`.
fn framed(inner: &str) -> String {
    format!(
        r#"{{"webhookEventId":"01FZ74A0TDDPYRVKNK77XKC3ZR","deliveryContext":{{"isRedelivery":false}},"timestamp":1462629479859,"mode":"active",{inner}}}"#
    )
}

fn from_user(inner: &str) -> String {
    framed(&format!(r#""source":{{"type":"user","userId":"{USER}"}},{inner}"#))
}

#[test]
fn events_keep_the_bytes_that_were_sent() {
    let odd_spacing = r#"{ "type" : "follow","n":12345678901234567890123, "x":"\u00e9\uD83E\uDD28" }"#;
    let body = format!(r#"{{"events":[{odd_spacing},7,null],"destination":"Ubot","more":1}}"#);
    let envelope = parse_envelope(body.as_bytes()).unwrap();
    assert_eq!(envelope.destination.as_deref(), Some("Ubot"));
    let texts: Vec<_> = envelope.events.iter().map(RawEvent::text).collect();
    assert_eq!(texts, [odd_spacing, "7", "null"]);
}

#[test]
fn an_envelope_without_events_is_told_from_one_with_none() {
    let fault = |body: &str| parse_envelope(body.as_bytes()).unwrap_err();
    assert!(parse_envelope(br#"{"destination":"Ubot","events":[]}"#).unwrap().events.is_empty());
    assert!(parse_envelope(br#"{"destination":null,"events":null}"#).unwrap().events.is_empty());
    assert_eq!(parse_envelope(br#"{"destination":5,"events":[]}"#).unwrap().destination, None);
    assert_eq!(fault(r#"{"destination":"Ubot"}"#), EnvelopeFault::EventsMissing);
    assert_eq!(fault(r#"{"events":{}}"#), EnvelopeFault::EventsNotAnArray);
    assert_eq!(fault("[]"), EnvelopeFault::NotAnObject);
    assert_eq!(fault(""), EnvelopeFault::NotJson);
    assert_eq!(fault(r#"{"events":[}"#), EnvelopeFault::NotJson);
    assert_eq!(parse_envelope(b"{\"events\":[\"\xff\"]}").unwrap_err(), EnvelopeFault::NotJson);
}

#[test]
fn a_follow_reads_with_and_without_its_optional_parts() {
    let whole = read(&from_user(r#""type":"follow","follow":{"isUnblocked":true},"replyToken":"r""#));
    assert_eq!(whole.kind, EventKind::Follow { is_unblocked: Some(true) });
    assert_eq!(whole.user_id(), Some(USER));
    assert_eq!(whole.timestamp_ms, Some(1_462_629_479_859));
    assert_eq!(whole.mode, Some(Mode::Active));
    assert_eq!(whole.reply_token.as_deref(), Some("r"));
    assert_eq!(whole.reason(), None);
    let bare = read(&from_user(r#""type":"follow""#));
    assert_eq!(bare.kind, EventKind::Follow { is_unblocked: None });
    assert!(!bare.is_odd(), "{:?}", bare.oddities);
}

#[test]
fn null_is_the_same_as_absent() {
    let event = read(&from_user(r#""type":"follow","follow":null,"replyToken":null"#));
    assert_eq!((event.kind.name(), event.is_odd()), ("follow", false));
    let event = read(
        r#"{"type":null,"timestamp":null,"source":null,"webhookEventId":null,"mode":null,"deliveryContext":null}"#,
    );
    assert_eq!(event.kind, EventKind::Unknown(String::new()));
    assert_eq!((event.timestamp_ms, event.source.clone(), event.is_redelivery), (None, None, false));
    assert!(
        event.oddities.contains(&Oddity::TypeMissing) && event.oddities.contains(&Oddity::TimestampMissing)
    );
    let event = read(&framed(r#""type":"unfollow","source":{"type":"user","userId":null}"#));
    assert_eq!(event.oddities, [Oddity::UserMissing]);
}

#[test]
fn a_failed_link_names_nobody_and_is_not_odd() {
    let failed = read(&framed(r#""type":"accountLink","link":{"result":"failed","nonce":"n"}"#));
    assert_eq!(
        failed.kind,
        EventKind::AccountLink { result: Some(LinkResult::Failed), nonce: Some("n".to_owned()) }
    );
    assert!(!failed.is_odd());
    let ok = read(&framed(r#""type":"accountLink","link":{"result":"ok","nonce":"n"}"#));
    assert_eq!(ok.oddities, [Oddity::SourceMissing]);
}

#[test]
fn unknown_words_are_kept_and_noted() {
    let event = read(&from_user(r#""type":"somethingNew","more":{"x":1}"#));
    assert_eq!(event.kind, EventKind::Unknown("somethingNew".to_owned()));
    assert_eq!((event.user_id(), event.oddities.clone()), (Some(USER), vec![Oddity::TypeUnknown]));
    let event = read(&framed(&format!(r#""type":"follow","source":{{"type":"planet","userId":"{USER}"}}"#)));
    assert_eq!((event.user_id(), event.oddities.clone()), (Some(USER), vec![Oddity::SourceUnknown]));
    assert!(!event.is_one_to_one());
    let event = read(&from_user(r#""type":"message","message":{"type":"hologram","id":"9"}"#));
    assert_eq!(event.oddities, [Oddity::MessageTypeUnknown]);
    assert_eq!(
        event.kind,
        EventKind::Message {
            message_type: Some("hologram".to_owned()),
            id: Some("9".to_owned()),
            text: None
        }
    );
}

#[test]
fn the_people_of_a_group_are_in_the_arrays() {
    let event = read(&framed(&format!(
        r#""type":"memberJoined","source":{{"type":"group","groupId":"C1"}},"joined":{{"members":[{{"type":"user","userId":"{USER}"}},{{"type":"user"}},null]}}"#
    )));
    assert_eq!(event.kind, EventKind::MemberJoined { user_ids: vec![USER.to_owned()] });
    assert_eq!((event.user_id(), event.is_odd()), (None, false));
    let withheld = read(&framed(
        r#""type":"message","message":{"type":"text","id":"1","text":"x"},"source":{"type":"group","groupId":"C1"}"#,
    ));
    assert!(!withheld.is_odd(), "a group message may come without its author");
}

#[test]
fn half_a_character_does_not_hide_who_wrote() {
    let event = read(&from_user(
        r#""type":"message","message":{"type":"text","id":"1","text":"a\\\uD83E z\uDD28\uD83E\uDD28"}"#,
    ));
    assert_eq!(event.user_id(), Some(USER));
    assert_eq!(event.oddities, [Oddity::HalfCharacter]);
    let EventKind::Message { text, .. } = event.kind else { panic!("a message") };
    assert_eq!(text.as_deref(), Some("a\\\u{FFFD} z\u{FFFD}\u{1F928}"));
}

#[test]
fn nothing_makes_reading_fail() {
    for text in
        ["", "{", "null", "7", "[]", "\"x\"", "{}", r#"{"type":{},"source":[],"message":3,"timestamp":"x"}"#]
    {
        let event = read(text);
        assert!(event.is_odd(), "{text}");
        assert!(!event.key.is_empty());
    }
    for kind in [
        "follow",
        "message",
        "messageEdited",
        "unsend",
        "postback",
        "accountLink",
        "memberJoined",
        "memberLeft",
    ] {
        for value in ["null", "7", "[]", "{}", r#"{"members":7,"type":7,"id":[],"result":{}}"#] {
            let parts = ["follow", "message", "unsend", "postback", "link", "joined", "left", "source"];
            let parts: Vec<_> = parts.iter().map(|part| format!(r#""{part}":{value}"#)).collect();
            let event = read(&framed(&format!(r#""type":"{kind}",{}"#, parts.join(","))));
            assert_eq!(event.kind.name(), kind);
        }
    }
}

#[test]
fn timestamps_are_whole_milliseconds_however_written() {
    let at = |text: &str| read(&format!(r#"{{"timestamp":{text}}}"#)).timestamp_ms;
    assert_eq!(at("1727600000000"), Some(1_727_600_000_000));
    assert_eq!(at("1727600000000.0"), Some(1_727_600_000_000));
    assert_eq!(at("1.7276e12"), Some(1_727_600_000_000));
    assert_eq!(at("-1"), Some(-1));
    assert_eq!([at("0.5"), at("1e300"), at("99999999999999999999"), at("\"1\"")], [None; 4]);
}

#[test]
fn the_key_is_the_event_id_when_there_is_a_usable_one() {
    let key =
        |id: &str| event_key(&RawEvent::from_text(format!(r#"{{"webhookEventId":{id},"type":"follow"}}"#)));
    assert_eq!(key("\"01ABC\""), "01ABC");
    let longest = "x".repeat(255);
    assert_eq!(key(&format!("\"{longest}\"")), longest);
    for unusable in ["\"\"", "null", "7", r#""a\u0000b""#, &format!("\"{}\"", "x".repeat(256))] {
        let key = key(unusable);
        assert!(
            key.len() == 64 && key.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)),
            "{key}"
        );
    }
}

#[test]
fn without_an_id_a_redelivery_still_has_the_same_key() {
    let first = r#"{"type":"follow","timestamp":1,"deliveryContext":{"isRedelivery":false},"source":{"userId":"U","type":"user"}}"#;
    let again = r#"{"source":{"type":"user","userId":"U"}, "deliveryContext":{"isRedelivery":true},"timestamp":1,"type":"follow"}"#;
    let other = r#"{"type":"follow","timestamp":2,"source":{"userId":"U","type":"user"}}"#;
    let key = |text: &str| event_key(&RawEvent::from_text(text));
    assert_eq!(key(first), key(again));
    assert_ne!(key(first), key(other));
    // Fixed for ever: keys are stored. printf '{"source":{"type":"user","userId":"U"},"timestamp":1,"type":"follow"}' | sha256sum
    assert_eq!(key(first), "cf99b67d50c647d86e5531a45a910c1ec8a64716bc34814bdc6d030a23889d70");
}
