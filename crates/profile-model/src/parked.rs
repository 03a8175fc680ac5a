//! Groups of duplicates that a rule may not join by itself: they wait for a person.

use serde::{Deserialize, Serialize};

use crate::{Key, ParkedId, ProfileId, Timestamp, micros};

/// What became of a parked group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParkedState {
    /// Waits.
    Open,
    /// Joined. Such a group goes at once; earlier versions kept it, until somebody looks at it again.
    Released,
    /// Never to be joined by a rule.
    Dismissed,
}

impl ParkedState {
    /// The stored and wire word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Released => "released",
            Self::Dismissed => "dismissed",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Open, Self::Released, Self::Dismissed].into_iter().find(|state| state.as_str() == word)
    }
}

/// Why a group was parked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Guard {
    /// Two of them have an external id.
    BothIdentified,
    /// Two of them have different LINE IDs.
    DifferentLineId,
    /// Two of them have different dates of birth.
    DifferentDob,
    /// Two of them were taken apart by an undo.
    NeverSame,
    /// More than one rule may fold into one person in a while.
    TooMany,
    /// The value is one that many strangers share, such as `test@test.com`.
    CommonValue,
    /// One of them is a follower with alias (`line_id`, U), another has another name under that label: a profile carries
    /// one name per label, so the pair would be lost.
    AliasLabelTaken,
}

impl Guard {
    /// The stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BothIdentified => "both_identified",
            Self::DifferentLineId => "different_line_id",
            Self::DifferentDob => "different_dob",
            Self::NeverSame => "never_same",
            Self::TooMany => "too_many",
            Self::CommonValue => "common_value",
            Self::AliasLabelTaken => "alias_label_taken",
        }
    }
}

/// A parked group: the profiles that share a value, as they were when it was parked. One per value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parked {
    /// Its id.
    pub id: ParkedId,
    /// The value they share.
    pub key: Key,
    /// Who they were.
    pub members: Vec<ProfileId>,
    /// Why.
    pub reasons: Vec<Guard>,
    /// When it was parked; again after a release, if it had to be.
    #[serde(with = "micros")]
    pub at: Timestamp,
    /// What became of it.
    pub state: ParkedState,
}
