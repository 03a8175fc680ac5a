//! Webhooks that are odd on purpose (line.md A2, A4, H5).

use line_platform::webhook::{DUMMY_USER_ID, Oddity, event_key, parse_envelope};
use line_simulator::verbs::{Batch, ChannelChange, Oddness};
use serde_json::json;

use super::stage::stage;

#[tokio::test]
async fn odd_events_are_odd_as_asked_and_signed_all_the_same() {
    let stage = stage().await;
    for (odd, oddities) in [
        (Oddness::UnknownType, vec![Oddity::TypeUnknown]),
        (Oddness::UnknownMessageType, vec![Oddity::MessageTypeUnknown]),
        (Oddness::UnknownSourceType, vec![Oddity::SourceUnknown]),
        (Oddness::MissingSource, vec![Oddity::SourceMissing]),
        (Oddness::MissingUser, vec![Oddity::UserMissing]),
        (Oddness::MissingEventId, vec![Oddity::EventIdMissing]),
        (Oddness::MissingDeliveryContext, vec![]),
        (Oddness::MissingDetail, vec![]),
        (Oddness::NullValues, vec![]),
        (Oddness::Standby, vec![]),
        (Oddness::ModuleId, vec![]),
        (Oddness::ExtraFields, vec![]),
    ] {
        stage.odd_follow(&[odd]).await;
        let arrived = stage.last();
        assert_eq!(arrived.event().oddities, oddities, "{odd:?}");
        assert!(arrived.verified(&stage.channel.channel_secret), "{odd:?}");
    }
    stage.odd_follow(&[Oddness::ModuleId]).await;
    assert_eq!(stage.last().event().user_id().unwrap().len(), 68);
}

#[tokio::test]
async fn odd_requests_are_odd_as_asked() {
    let stage = stage().await;
    let secret = &stage.channel.channel_secret;
    stage.odd_follow(&[Oddness::WrongSecret]).await;
    assert!(stage.last().signature.is_some() && !stage.last().verified(secret));
    stage.odd_follow(&[Oddness::MissingSignature]).await;
    assert_eq!(stage.last().signature, None);
    stage.odd_follow(&[Oddness::EmptySignature]).await;
    assert_eq!(stage.last().signature.as_deref(), Some(""));
    stage.odd_follow(&[Oddness::ForeignDestination]).await;
    let envelope = parse_envelope(&stage.last().body).unwrap();
    assert!(envelope.destination.is_some_and(|bot| bot != stage.channel.bot_user_id));
    assert!(stage.last().verified(secret));
    for odd in [Oddness::Duplicate, Oddness::Concurrent] {
        let before = stage.arrived().len();
        assert_eq!(stage.odd_follow(&[odd]).await.deliveries.len(), 2);
        let copies = &stage.arrived()[before..];
        assert_eq!(copies.len(), 2, "{odd:?}");
        assert_eq!(copies[0].body, copies[1].body);
        assert!(!copies[1].event().is_redelivery);
    }
    let reissue = ChannelChange { reissue_secret: Some(true), ..ChannelChange::default() };
    let fresh = stage.sim.change_channel(stage.id(), reissue).await.unwrap().made.channel_secret;
    stage.odd_follow(&[]).await;
    assert!(stage.last().verified(&fresh) && !stage.last().verified(secret));
    stage.odd_follow(&[Oddness::OldSecret]).await;
    assert!(stage.last().verified(secret) && !stage.last().verified(&fresh));
}

#[tokio::test]
async fn batches_dummies_and_the_empty_request_can_be_sent() {
    let stage = stage().await;
    let batch = Batch { channel_id: stage.id().to_owned(), ..Batch::default() };
    stage.sim.deliver(batch.clone()).await.unwrap();
    assert_eq!(stage.last().events(), []);
    assert!(stage.last().verified(&stage.channel.channel_secret));
    stage.sim.deliver(Batch { dummy: true, ..batch.clone() }).await.unwrap();
    assert!(stage.last().events().iter().all(|event| event.user_id() == Some(DUMMY_USER_ID)));
    stage.sim.deliver(Batch { follows: 100, ..batch.clone() }).await.unwrap();
    let raw = parse_envelope(&stage.last().body).unwrap().events;
    let keys: std::collections::BTreeSet<_> = raw.iter().map(event_key).collect();
    assert_eq!((raw.len(), keys.len()), (100, 100));
    assert_eq!(stage.sim.followers(stage.id()).await.unwrap().len(), 100);
    let given = json!({"type":"follow","n":12_345_678_901_234_567_890_u64});
    let batch = Batch { events: vec![given.clone(), json!(7)], odd: vec![Oddness::Reversed], ..batch };
    stage.sim.deliver(batch).await.unwrap();
    let raw = parse_envelope(&stage.last().body).unwrap().events;
    assert_eq!([raw[0].text(), raw[1].text()], ["7", &given.to_string()]);
}
