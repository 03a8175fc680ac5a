//! Cases of disclosures and erasures: all that happened to a person, page by page, and what others keep of it.

use profile_model::{
    Actor, ChangeSet, ChannelId, InboxKey, InboxRow, InboxState, Key, Keys, LineUserId, ProfileId,
};
use serde_json::{json, value::RawValue};

use super::cases::{W, holds, load, track, write};
use super::parted::{follow, line_id, text};
use crate::{ProfileStore, Wish};

/// More ids than any statement holds, the right one among the last: still every event and purchase, in pages.
pub(super) async fn a_disclosure_of_very_many_ids_is_whole(store: &ProfileStore) -> Result<(), String> {
    let event = |day: u32| json!({"external_id": "seen", "name": "visit", "time": format!("2023-11-{day}")});
    let purchase = json!({
        "external_id": "seen", "product_id": "tea", "currency": "JPY", "price": 500, "time": "2023-11-14",
    });
    let body = json!({
        "attributes": [{"external_id": "seen"}], "events": [event(14), event(15), event(16)], "purchases": [purchase],
    });
    track(store, body).await?;
    let key = Key::external_id("seen");
    let keys = Keys { identifiers: vec![key.clone()], ..Keys::default() };
    let seen = *load(store, keys).await?.holders[&key].first().ok_or("the profile is not found")?;
    let mut fresh = store.fresh(store.now());
    let mut ids: Vec<ProfileId> = (0..1_200).map(|_| fresh.profile_id(0)).collect();
    ids.insert(1_100, seen);
    let (mut times, mut after) = (Vec::new(), 0);
    loop {
        let page = store.backend().scan_events(W, &ids, after, 2).await.map_err(|fault| fault.to_string())?;
        let Some((last, _)) = page.last() else { break };
        after = *last;
        times.extend(page.into_iter().map(|(_, row)| row.at));
    }
    holds(times.len() == 3 && times.is_sorted(), "not every event, once and in order")?;
    let found = store.backend().scan_purchases(W, &ids, 0, 10).await.map_err(|fault| fault.to_string())?;
    holds(found.len() == 1 && &*found[0].1.product == "tea", "the purchase is missing")
}

/// Issue 3, 9: a message of somebody else that mentions the erased loses its body, wherever the sender's events are; it
/// stays the sender's, and messages that mention others stay as they are.
pub(super) async fn messages_of_others_that_mention_the_erased_are_emptied(
    store: &ProfileStore,
) -> Result<(), String> {
    let [erased, sender, other] = [1, 2, 3].map(line_id);
    for (number, user) in (1..).zip([&erased, &sender, &other]) {
        follow(store, user, number).await?;
    }
    let message = |event: &str, mentioned: &LineUserId| {
        let body = json!({"type": "message", "message": {
            "type": "text", "text": "@A and @B", "mention": {"mentionees": [{"type": "all"}, {"userId": mentioned}]},
        }});
        Ok::<_, String>(InboxRow {
            key: InboxKey {
                channel: ChannelId("1000".into()),
                event: event.to_owned(),
                user: Some(sender.clone()),
            },
            received_at: store.now(),
            user: Some(sender.clone()),
            kind: "message".into(),
            state: InboxState::Kept,
            note: Some("group".into()),
            body: RawValue::from_string(body.to_string()).map_err(text)?,
        })
    };
    let inbox = vec![message("of the erased", &erased)?, message("of another", &other)?];
    write(store, ChangeSet { inbox, ..ChangeSet::default() }).await?;
    let body = json!({"user_aliases": [{"alias_label": "line_id", "alias_name": erased}]});
    store.delete(W, Actor::new("api", "test"), &body, Wish::default()).await.map_err(text)?;
    let rows = store.backend().scan_inbox_of(W, &sender, None, 10).await.map_err(text)?;
    holds(rows.len() == 3, "the sender lost an event")?;
    let row = |event: &str| rows.iter().find(|row| row.key.event == event).ok_or("an event is gone");
    let (of_erased, of_another) = (row("of the erased")?, row("of another")?);
    holds(of_erased.body.get() == "null", "the mention is still there")?;
    holds(of_erased.note.as_deref() == Some("erased"), "it does not say why it is empty")?;
    holds(of_another.body.get().contains(other.as_str()), "a mention of somebody else is gone")?;
    holds(of_another.note.as_deref() == Some("group"), "a message that does not mention them was touched")
}
