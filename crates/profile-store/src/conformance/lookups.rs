//! Cases of look-ups: what comes with a profile, and that each gets its own answer.

use profile_model::{
    AddressState, ChangeSet, ChannelId, Friendship, GlobalState, GroupState, Key, Keys, LineUserId, Source,
    StateOf,
};
use serde_json::json;

use super::cases::{holds, load, track, write};
use crate::ProfileStore;

/// States of the address, friendships of the LINE id and every summary come with a profile found by any of its
/// identifiers, in one load; without `views` they do not.
pub(super) async fn views_come_with_the_profile(store: &ProfileStore) -> Result<(), String> {
    let user = LineUserId::from_stored(format!("U{:032x}", 7));
    let named = |name: &str| json!({"external_id": "seen", "name": name, "time": "2023-11-14T22:13:20Z"});
    track(store, json!({"attributes": [{"external_id": "other", "email": "other@example.com"}]})).await?;
    track(
        store,
        json!({
            "attributes": [{"external_id": "seen", "email": "Seen@example.com", "native_line_id": user}],
            "events": [named("b"), named("a"), named("b")],
        }),
    )
    .await?;
    let by_id = found(store, &Key::external_id("seen"), false).await?;
    let profile = by_id.profiles.into_values().next().ok_or("the profile is not found")?;
    let (address, email) =
        profile.email_address().zip(profile.email.as_ref()).ok_or("no email was stored")?;
    let state = AddressState {
        address: address.clone(),
        of: StateOf::Global,
        state: GlobalState::Unsubscribed,
        changed_at: store.now(),
    };
    let friendship = Friendship {
        user: user.clone(),
        channel: ChannelId("1".into()),
        state: GroupState::Subscribed,
        changed_at: store.now(),
        evidence_at: store.now(),
        source: Source::Snapshot,
    };
    let change = ChangeSet {
        address_states: vec![state.clone()],
        friendships: vec![friendship.clone()],
        ..ChangeSet::default()
    };
    write(store, change).await?;
    for key in [Key::external_id("seen"), Key::email(email), Key::line_id(&user)] {
        let seen = found(store, &key, true).await?;
        holds(seen.profiles.len() == 1, "not one profile was found")?;
        holds(seen.addresses.get(&address) == Some(&vec![state.clone()]), "the address states are missing")?;
        let friendships = seen.friendships.get(&user).map(|known| known.values().cloned().collect());
        holds(friendships == Some(vec![friendship.clone()]), "the friendship is missing")?;
        let counts: Vec<_> =
            seen.all_summaries.iter().map(|(key, summary)| (&*key.name, summary.count)).collect();
        holds(counts == [("a", 1), ("b", 2)], "the summaries are not all, or not in order")?;
    }
    let bare = found(store, &Key::line_id(&user), false).await?;
    holds(bare.friendships.is_empty() && bare.all_summaries.is_empty(), "views came unasked")
}

/// Many at once: each gets whom it asked for and nobody else, and one who is nobody finds nobody.
pub(super) async fn look_ups_at_once_get_their_own_answers(store: &ProfileStore) -> Result<(), String> {
    let many: Vec<_> = (0..60)
        .map(|number| json!({"external_id": format!("n{number}"), "email": format!("n{number}@example.com")}))
        .collect();
    track(store, json!({"attributes": many})).await?;
    let asked: Vec<_> = (0..70)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                found(&store, &Key::external_id(&format!("n{number}")), number % 2 == 0).await
            })
        })
        .collect();
    for (number, task) in asked.into_iter().enumerate() {
        let seen = task.await.map_err(|error| error.to_string())??;
        let ids: Vec<_> = seen.profiles.values().filter_map(|profile| profile.external_id.clone()).collect();
        let wanted = if number < 60 { vec![format!("n{number}")] } else { Vec::new() };
        holds(ids == wanted && seen.holders.len() == 1, "a look-up got what another asked for")?;
    }
    Ok(())
}

async fn found(store: &ProfileStore, key: &Key, views: bool) -> Result<profile_model::Loaded, String> {
    load(store, Keys { identifiers: vec![key.clone()], views, ..Keys::default() }).await
}
