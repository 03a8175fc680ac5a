//! Cases of disclosures: all that happened to a person, page by page.

use profile_model::{Key, Keys, ProfileId};
use serde_json::json;

use super::cases::{W, holds, load, track};
use crate::ProfileStore;

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
