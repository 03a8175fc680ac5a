//! Plans: a name for what a request would do to the data as it is.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::{Loaded, Settings};

/// SHA-256 over a request, the settings and the versions of everything its decision rests on. The same request on data that has not
/// moved has the same plan.
#[derive(Clone, PartialEq, Eq)]
pub struct Plan([u8; 32]);

impl Plan {
    /// The plan of a request on what was loaded for it, under these settings. `told` are the words of its outcomes: what a
    /// decision rests on beside data and settings is the time (a window that has passed), and that shows there.
    #[must_use]
    pub fn of<'w>(
        request: &[u8; 32],
        settings: &Settings,
        loaded: &Loaded,
        told: impl IntoIterator<Item = Vec<&'w str>>,
    ) -> Self {
        let mut hash = Sha256::new();
        hash.update(request);
        hash.update(serde_json::to_string(settings).unwrap_or_default());
        for words in told {
            hash.update(words.join(" "));
            hash.update([0]);
        }
        let mut profiles: Vec<_> =
            loaded.profiles.values().map(|profile| (profile.id, profile.version)).collect();
        profiles.sort_unstable();
        for (id, version) in profiles {
            hash.update(id.as_bytes());
            hash.update(version.to_be_bytes());
        }
        let mut holders: Vec<_> = loaded.holders.iter().collect();
        holders.sort_unstable();
        for (key, ids) in holders {
            hash.update([key.kind as u8, 0]);
            hash.update(key.label.as_bytes());
            hash.update([0]);
            hash.update(key.value.as_bytes());
            for id in ids {
                hash.update(id.as_bytes());
            }
        }
        let mut friendships: Vec<_> =
            loaded.friendships.values().flat_map(|channels| channels.values()).collect();
        friendships.sort_by(|left, right| (&left.user, &left.channel).cmp(&(&right.user, &right.channel)));
        for friendship in friendships {
            hash.update(friendship.user.as_str().as_bytes());
            hash.update(friendship.channel.0.as_bytes());
            hash.update([friendship.state as u8]);
        }
        let mut states: Vec<_> = loaded.addresses.values().flatten().collect();
        states.sort_by(|left, right| (&left.address, left.of).cmp(&(&right.address, right.of)));
        for state in states {
            hash.update(state.address.value.as_bytes());
            hash.update([state.state as u8]);
            hash.update(state.changed_at.as_micros().to_be_bytes());
        }
        hash_reservations(&mut hash, loaded);
        Self(hash.finalize().into())
    }

    /// The hash itself, for plans that build on each other.
    #[must_use]
    pub const fn into_bytes(self) -> [u8; 32] {
        self.0
    }

    /// Reads a token: 64 hex digits.
    #[must_use]
    pub fn parse(token: &str) -> Option<Self> {
        let bytes: Option<Vec<u8>> = (token.len() == 64 && token.is_ascii())
            .then(|| (0..32).map(|at| u8::from_str_radix(&token[at * 2..at * 2 + 2], 16).ok()).collect())?;
        bytes?.try_into().ok().map(Self)
    }
}

/// What was said about profiles and values before: who was erased, what waits or was dismissed, who is never the same.
/// Only what there is: where nobody was erased nobody looks, and later somebody may.
fn hash_reservations(hash: &mut Sha256, loaded: &Loaded) {
    let mut ledger: Vec<_> = loaded.ledger.values().flatten().collect();
    ledger.sort_unstable_by_key(|row| row.mark);
    for row in ledger {
        hash.update(row.mark.0);
        hash.update(row.erased_at.as_micros().to_be_bytes());
        hash.update([u8::from(row.opted_out), u8::from(row.suppressed)]);
    }
    let mut parked: Vec<_> = loaded.parked.values().flatten().collect();
    parked.sort_unstable_by(|left, right| left.key.cmp(&right.key));
    for group in parked {
        hash.update(group.id.0.as_bytes());
        hash.update(group.state.as_str());
        group.members.iter().for_each(|member| hash.update(member.as_bytes()));
    }
    let mut pairs: Vec<_> = loaded
        .never_same
        .iter()
        .flat_map(|(id, others)| others.iter().map(move |other| (*id.min(other), *id.max(other))))
        .collect();
    pairs.sort_unstable();
    pairs.dedup();
    for (low, high) in pairs {
        hash.update(low.as_bytes());
        hash.update(high.as_bytes());
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plan({self})")
    }
}
