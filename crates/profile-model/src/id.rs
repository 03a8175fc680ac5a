//! Ids that we make: workspaces, profiles, groups, jobs; and the source of fresh ones.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Timestamp;

/// A workspace: the unit that an API key belongs to (`GEN-3`). Small positive integer given by the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorkspaceId(pub u32);

impl WorkspaceId {
    /// The shard key of one of the workspace's buckets: `workspace << 16 | bucket` (see docs/architecture.md).
    #[must_use]
    pub fn shard_key(self, bucket: u8) -> i64 {
        (i64::from(self.0) << 16) | i64::from(bucket)
    }
}

/// A profile's `braze_id`: a UUIDv7 whose last byte is the profile's bucket, for life.
///
/// Shown as 36 characters (Braze shows 24 hex digits: a deliberate difference).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProfileId(Uuid);

impl ProfileId {
    /// Reads the 36-character form; `None` for anything else (an unknown `braze_id` resolves to nobody).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 36).then(|| Uuid::try_parse(text).ok().map(Self)).flatten()
    }

    /// Takes the 16 stored bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The 16 bytes to store, in the order they sort.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The bucket in which the profile lives.
    #[must_use]
    pub const fn bucket(self) -> u8 {
        self.0.as_bytes()[15]
    }

    /// When it was made, in milliseconds since 1970, by the clock of whoever made it.
    #[must_use]
    pub fn made_at_millis(self) -> u64 {
        self.0.as_bytes()[..6].iter().fold(0, |millis, byte| millis << 8 | u64::from(*byte))
    }

    /// `random_bucket` of the export: 0-9999, fixed for the life of the profile, from its random bits.
    #[must_use]
    pub fn random_bucket(self) -> u16 {
        let bytes = self.0.as_bytes();
        let bits = u32::from_be_bytes([bytes[9], bytes[10], bytes[11], bytes[12]]);
        u16::try_from(bits % 10_000).unwrap_or(0)
    }
}

impl fmt::Display for ProfileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for ProfileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// Reads the hyphenated form; `None` for anything else.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                (text.len() == 36).then(|| Uuid::try_parse(text).ok().map(Self)).flatten()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

uuid_id!(
    /// A subscription group (`SUB-3`).
    GroupId
);
uuid_id!(
    /// One merge of two profiles, by whatever operation.
    MergeId
);
uuid_id!(
    /// A group of duplicates that waits for a decision.
    ParkedId
);
uuid_id!(
    /// One erasure; its suppression has the same id.
    ErasureId
);
uuid_id!(
    /// One run of a rule-based merge of duplicates.
    DuplicatesId
);
uuid_id!(
    /// A CSV import.
    ImportId
);
uuid_id!(
    /// One run of the follower sync of a channel.
    SyncId
);
uuid_id!(
    /// An API key's public id (never the key itself).
    KeyId
);

/// LINE's channel id: a string of digits, unique in the installation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChannelId(pub String);

impl fmt::Display for ChannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A source of fresh ids for one decision: a time and a seed. The same pair gives the same ids, so that a decision
/// that runs again (a retry) decides the same.
#[derive(Clone, Debug)]
pub struct Fresh {
    now: Timestamp,
    state: u64,
    made: u64,
}

impl Fresh {
    /// `seed` comes from the operating system's random source, once per request.
    #[must_use]
    pub const fn new(now: Timestamp, seed: u64) -> Self {
        Self { now, state: seed, made: 0 }
    }

    /// The source for one item of a batch, by its place: its ids do not depend on which other items are decided with
    /// it, and rise with the places.
    #[must_use]
    pub const fn of_item(&self, place: u64) -> Self {
        let state = self.state ^ place.wrapping_add(1).wrapping_mul(0xd1b5_4a32_d192_ed03);
        Self { now: self.now, state, made: self.made + place }
    }

    /// A new profile id: UUIDv7 of `now`, rising within one decision, with `bucket` in its last byte.
    pub fn profile_id(&mut self, bucket: u8) -> ProfileId {
        let micros = self.now.as_micros().max(0).unsigned_abs() + self.made;
        self.made += 1;
        let mut bytes = [0u8; 16];
        bytes[..6].copy_from_slice(&(micros / 1000).to_be_bytes()[2..]);
        // 12 bits of sub-millisecond time keep ids of one batch in the order they were made.
        let fraction = (micros % 1000) * 4096 / 1000;
        bytes[6] = 0x70 | u8::try_from(fraction >> 8).unwrap_or(0);
        bytes[7] = u8::try_from(fraction & 0xff).unwrap_or(0);
        bytes[8..16].copy_from_slice(&self.random().to_be_bytes());
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        bytes[15] = bucket;
        ProfileId::from_bytes(bytes)
    }

    /// A new UUIDv4-shaped id for groups, imports and runs.
    pub fn uuid(&mut self) -> Uuid {
        let (high, low) = (self.random(), self.random());
        uuid::Builder::from_random_bytes(((u128::from(high) << 64) | u128::from(low)).to_be_bytes())
            .into_uuid()
    }

    /// SplitMix64: enough for ids, whose seed is secret-grade but whose values need not be.
    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profile_ids_are_version_7_rise_and_keep_their_bucket() {
        let mut fresh = Fresh::new(Timestamp::from_micros(1_700_000_000_123_456), 7);
        let ids: Vec<_> = (0..100).map(|_| fresh.profile_id(9)).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        for id in &ids {
            assert_eq!(id.0.get_version_num(), 7);
            assert_eq!(id.bucket(), 9);
            assert!(id.random_bucket() < 10_000);
            assert_eq!(id.made_at_millis(), 1_700_000_000_123);
            assert_eq!(ProfileId::parse(&id.to_string()), Some(*id));
        }
    }

    #[test]
    fn braze_24_hex_ids_resolve_to_nobody() {
        assert_eq!(ProfileId::parse("5fbd99bac125ca40511f2cb1"), None);
        assert_eq!(ProfileId::parse("5fbd99bac125ca40511f2cb15fbd99ba"), None);
    }
}
