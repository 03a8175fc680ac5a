//! LINE: deliveries of a webhook request and pages of the follower sync, over whole batches.
//!
//! The rows L1-L7 and L13 of the scenario table. A display name, picture or status message is not even an input.

use crate::{
    Actor, Alias, ChannelId, Decision, Delivery, Evidence, GroupState, InboxRow, InboxState, Key, Keys,
    LineUserId, Loaded, Meaning, Occasion, Source, SyncRun, Timestamp, decide_duplicates::converge,
    decide_track::make_follower, draft::Draft,
};

/// How far LINE's clock may be ahead of ours before a timestamp is not believed (5 minutes).
const AHEAD_MICROS: i64 = 5 * 60 * 1_000_000;

/// How much older than its page's request a listed follower's evidence counts (60 s): the list is no snapshot, and an
/// unfollow sent just before may still be under way.
const LISTED_MICROS: i64 = 60 * 1_000_000;

/// Note of an event that is no new contact of somebody who was erased.
const ERASED_BEFORE: &str = "erased_before";

/// Note of an event of somebody whom every door refuses.
const SUPPRESSED: &str = "suppressed";

/// What happened to one delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// New: effect committed with it.
    Applied,
    /// New: kept without effect.
    Kept,
    /// Seen before with its effect: nothing done.
    Repeated,
}

/// What must be loaded to decide on these deliveries.
#[must_use]
pub fn delivery_keys(deliveries: &[Delivery]) -> Keys {
    let mut keys = Keys::default();
    for delivery in deliveries {
        keys.inbox.push(delivery.key.clone());
        match (&delivery.user, &delivery.meaning) {
            (Some(user), Meaning::Nothing(_)) => keys.identifiers.push(Key::line_id(user)),
            (Some(user), _) => user_keys(user, &mut keys),
            (None, _) => {}
        }
    }
    keys
}

fn user_keys(user: &LineUserId, keys: &mut Keys) {
    keys.identifiers.push(Key::line_id(user));
    keys.identifiers.push(Key::alias(&Alias::line(user)));
    keys.line_users.push(user.clone());
}

/// Decides a webhook request's events, in order, each on its own: a repeated one changes nothing (f), an odd one is
/// kept and does not stop the others. With `append_only` new rows are stored as pending and nothing is applied (the
/// way out when applying takes too long); pending rows seen again are applied.
#[must_use]
pub fn decide_deliveries(
    deliveries: &[Delivery],
    loaded: &Loaded,
    occasion: &Occasion,
    append_only: bool,
) -> (Decision, Vec<DeliveryOutcome>) {
    let now = occasion.now;
    let mut draft = Draft::new(loaded, occasion);
    let mut seen = std::collections::HashSet::new();
    let mut outcomes = Vec::with_capacity(deliveries.len());
    for (place, delivery) in deliveries.iter().enumerate() {
        let at = now.plus_micros(i64::try_from(place).unwrap_or(0));
        let known = draft.inbox_state(&delivery.key);
        let repeated = !seen.insert(delivery.key.clone())
            || matches!(known, Some(InboxState::Applied | InboxState::Kept))
            || (append_only && known.is_some());
        if repeated {
            outcomes.push(DeliveryOutcome::Repeated);
            continue;
        }
        let (state, note) =
            if append_only && matches!(delivery.meaning, Meaning::Friendship(_) | Meaning::Contact) {
                (InboxState::Pending, None)
            } else {
                apply_delivery(&mut draft, delivery, at)
            };
        outcomes.push(match state {
            InboxState::Kept => DeliveryOutcome::Kept,
            InboxState::Applied | InboxState::Pending => DeliveryOutcome::Applied,
        });
        let gone = matches!(note, Some(ERASED_BEFORE | SUPPRESSED));
        if known.is_some() {
            draft.change.inbox_settled.push((delivery.key.clone(), state, note.map(str::to_owned)));
            draft.change.inbox_emptied.extend(gone.then(|| delivery.key.clone()));
        } else {
            draft.change.inbox.push(InboxRow {
                key: delivery.key.clone(),
                received_at: delivery.received_at,
                // What an erased user does leaves nothing behind but that it was seen.
                user: if gone { None } else { delivery.user.clone() },
                kind: delivery.kind.clone(),
                state,
                note: note.map(str::to_owned),
                body: if gone { nothing() } else { delivery.body.clone() },
            });
        }
    }
    (draft.finish(), outcomes)
}

/// An empty body.
fn nothing() -> Box<serde_json::value::RawValue> {
    serde_json::value::RawValue::NULL.to_owned()
}

fn apply_delivery(
    draft: &mut Draft<'_>,
    delivery: &Delivery,
    at: Timestamp,
) -> (InboxState, Option<&'static str>) {
    let state = match delivery.meaning {
        Meaning::Nothing(reason) => {
            let refused = delivery.user.as_ref().is_some_and(|user| draft.is_suppressed(&Key::line_id(user)));
            return (InboxState::Kept, Some(if refused { SUPPRESSED } else { reason }));
        }
        Meaning::Friendship(state) => Some(state),
        Meaning::Contact => None,
    };
    let Some(user) = &delivery.user else { return (InboxState::Kept, Some("no_user")) };
    let (time, note) = time_of(delivery);
    if let Some(note) = forgotten(draft, user, state, time) {
        return (InboxState::Kept, Some(note));
    }
    draft.actor = Actor::new("line_event", delivery.key.event.clone());
    if draft.holders(&Key::line_id(user)).is_empty() {
        make_follower(draft, user, at);
    }
    converge(draft, user, at);
    if let Some(state) = state {
        let source = Source::Event(delivery.key.event.clone());
        draft.weigh(&delivery.key.channel, user, &Evidence { state, at: time, source });
    }
    (InboxState::Applied, note)
}

/// Why an event about somebody who was erased has no effect: it is older than the erasure, it says nothing but that
/// they left, or the LINE ID is suppressed. Anything else is new contact.
fn forgotten(
    draft: &mut Draft<'_>,
    user: &LineUserId,
    state: Option<GroupState>,
    time: Timestamp,
) -> Option<&'static str> {
    let key = Key::line_id(user);
    let row = draft.erased(&key)?;
    if row.suppressed {
        return Some(SUPPRESSED);
    }
    let left = state == Some(GroupState::Unsubscribed) && draft.holders(&key).is_empty();
    (time <= row.erased_at || left).then_some(ERASED_BEFORE)
}

/// The time an event counts at: LINE's, but never more than 5 minutes ahead of our arrival time.
fn time_of(delivery: &Delivery) -> (Timestamp, Option<&'static str>) {
    match delivery.at {
        Some(at) if at > delivery.received_at.plus_micros(AHEAD_MICROS) => {
            (delivery.received_at, Some("timestamp_ahead"))
        }
        Some(at) => (at, None),
        None => (delivery.received_at, Some("timestamp_missing")),
    }
}

/// One page of the followers list.
#[derive(Clone, Debug)]
pub struct FollowerPage {
    /// Whose followers.
    pub channel: ChannelId,
    /// Acceptable ids of the page.
    pub users: Vec<LineUserId>,
    /// When the page was requested.
    pub requested_at: Timestamp,
    /// Token of the next page; `None`: this was the last.
    pub next: Option<String>,
}

/// What must be loaded to decide on a page of run `run`.
#[must_use]
pub fn page_keys(page: &FollowerPage, run: &SyncRun) -> Keys {
    let mut keys = Keys { sync: Some(run.id), ..Keys::default() };
    for user in &page.users {
        user_keys(user, &mut keys);
    }
    keys
}

/// Decides a page: listed users become `subscribed` unless an event is newer, unknown ones get their anonymous
/// profile (L5, L6, `SYNC-2`, `SYNC-3`); absence changes nothing (L7). Progress commits with the page. `expected` is
/// the cursor the page was asked with: if the stored run has moved on, another worker did this page, and nothing is
/// done.
#[must_use]
pub fn decide_page(
    page: &FollowerPage,
    expected: &SyncRun,
    loaded: &Loaded,
    occasion: &Occasion,
) -> (Decision, Option<SyncRun>) {
    let Some(stored) = &loaded.sync else { return (Decision::Nothing, None) };
    if stored.state != expected.state
        || stored.pages != expected.pages
        || stored.restarts != expected.restarts
    {
        return (Decision::Nothing, Some(stored.clone()));
    }
    let mut run = stored.clone();
    let now = occasion.now;
    let mut draft = Draft::new(loaded, occasion);
    let evidence = Evidence {
        state: GroupState::Subscribed,
        at: page.requested_at.plus_micros(-LISTED_MICROS),
        source: Source::Snapshot,
    };
    for (place, user) in page.users.iter().enumerate() {
        let at = now.plus_micros(i64::try_from(place).unwrap_or(0));
        let key = Key::line_id(user);
        let erased = draft.erased(&key);
        let suppressed = erased.as_ref().is_some_and(|row| row.suppressed);
        if suppressed || (erased.is_some() && draft.holders(&key).is_empty()) {
            // The list does not say when they followed: only an event is new contact.
            run.seen += 1;
            run.skipped_erased += 1;
            continue;
        }
        if draft.holders(&key).is_empty() {
            make_follower(&mut draft, user, at);
            run.created += 1;
        }
        converge(&mut draft, user, at);
        if let Some((before, _)) = draft.weigh(&page.channel, user, &evidence)
            && before != Some(GroupState::Subscribed)
        {
            run.subscribed += 1;
        }
        run.seen += 1;
    }
    run.pages += 1;
    run.cursor.clone_from(&page.next);
    run.cursor_at = page.next.is_some().then_some(now);
    if page.next.is_none() {
        run.state = crate::SyncState::Complete;
        run.finished_at = Some(now);
    }
    draft.change.sync = Some(run.clone());
    (draft.finish(), Some(run))
}
