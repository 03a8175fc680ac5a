//! Friendship of a LINE user with a channel: a last-writer-wins register on LINE's time.
//!
//! LINE is the only writer of a LINE subscription state, and the state belongs to the LINE id on a channel (`LSB-1`,
//! `LSB-4`). It is stored once per pair; a profile's state is read through its `native_line_id`. So duplicates always
//! agree, a profile that gains an id inherits at once (`LSB-5`), and one follow costs one row.

use serde::{Deserialize, Serialize};

use crate::{ChannelId, GroupState, LineUserId, Timestamp};

/// Where a piece of evidence comes from. A snapshot sorts below an event: at equal times an event beats it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A page of the followers list.
    Snapshot,
    /// A follow or unfollow event, by its `webhookEventId` (opaque text, compared by bytes).
    Event(String),
}

/// What LINE said about one user on one channel at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Friend (`Subscribed`) or not.
    pub state: GroupState,
    /// LINE's `timestamp`, or for a listed follower the moment its page was requested minus 60 s.
    pub at: Timestamp,
    /// Tie-break at equal times.
    pub source: Source,
}

/// The stored register of one (channel, LINE user id).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Friendship {
    /// On which channel.
    pub channel: ChannelId,
    /// Whose.
    pub user: LineUserId,
    /// Current state.
    pub state: GroupState,
    /// Time of the evidence by which the state came to be what it is.
    pub changed_at: Timestamp,
    /// Time of the newest evidence, which may only confirm the state.
    pub evidence_at: Timestamp,
    /// Source of the newest evidence.
    pub source: Source,
}

/// Decides what a piece of evidence does to the register: the new row, or `None` where it is older than what is
/// known or a repetition of it (property (b): the state is that of the newest evidence by LINE's time).
#[must_use]
pub fn decide_friendship(
    current: Option<&Friendship>,
    channel: &ChannelId,
    user: &LineUserId,
    evidence: &Evidence,
) -> Option<Friendship> {
    let changed_at = match current {
        Some(known) if (evidence.at, &evidence.source) <= (known.evidence_at, &known.source) => return None,
        Some(known) if known.state == evidence.state => known.changed_at,
        _ => evidence.at,
    };
    Some(Friendship {
        channel: channel.clone(),
        user: user.clone(),
        state: evidence.state,
        changed_at,
        evidence_at: evidence.at,
        source: evidence.source.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(state: GroupState, ms: i64, id: &str) -> Evidence {
        Evidence { state, at: Timestamp::from_millis(ms), source: Source::Event(id.into()) }
    }

    fn settle(evidence: &[Evidence]) -> Friendship {
        let (channel, user) = (ChannelId("1".into()), LineUserId::from_stored("U".into()));
        let mut current = None;
        for piece in evidence {
            if let Some(next) = decide_friendship(current.as_ref(), &channel, &user, piece) {
                current = Some(next);
            }
        }
        current.unwrap()
    }

    #[test]
    fn an_older_unfollow_after_a_newer_follow_changes_nothing() {
        let settled =
            settle(&[event(GroupState::Subscribed, 20, "b"), event(GroupState::Unsubscribed, 10, "a")]);
        assert_eq!(settled.state, GroupState::Subscribed);
        assert_eq!(settled.evidence_at, Timestamp::from_millis(20));
    }

    #[test]
    fn at_equal_times_the_larger_event_id_wins_and_an_event_beats_a_snapshot() {
        let (a, b) = (event(GroupState::Subscribed, 5, "a"), event(GroupState::Unsubscribed, 5, "b"));
        let listed = Evidence {
            state: GroupState::Subscribed,
            at: Timestamp::from_millis(5),
            source: Source::Snapshot,
        };
        for order in [[&a, &b, &listed], [&listed, &b, &a], [&b, &listed, &a], [&b, &a, &listed]] {
            let settled = settle(&order.map(Clone::clone));
            assert_eq!(settled.state, GroupState::Unsubscribed);
        }
    }

    #[test]
    fn a_confirmation_moves_the_evidence_but_not_the_change() {
        let settled = settle(&[event(GroupState::Subscribed, 5, "a"), event(GroupState::Subscribed, 9, "c")]);
        assert_eq!(settled.changed_at, Timestamp::from_millis(5));
        assert_eq!(settled.evidence_at, Timestamp::from_millis(9));
    }
}
