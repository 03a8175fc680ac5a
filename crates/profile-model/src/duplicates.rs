//! Rules over duplicates: which value makes a group, and who of it stays (`DUP-*`).

use serde::{Deserialize, Serialize};

use crate::{Actor, DuplicatesId, Key, Kind, Timestamp};

/// The value that profiles of a group share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DuplicatesBy {
    /// `native_line_id` (ours; Braze offers email and phone, `DUP-8`).
    NativeLineId,
    /// Email.
    Email,
    /// Phone.
    Phone,
}

impl DuplicatesBy {
    /// Reads the wire word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "native_line_id" => Self::NativeLineId,
            "email" => Self::Email,
            "phone" => Self::Phone,
            _ => return None,
        })
    }

    /// The wire word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NativeLineId => "native_line_id",
            Self::Email => "email",
            Self::Phone => "phone",
        }
    }

    /// The kind of identifier.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::NativeLineId => Kind::LineId,
            Self::Email => Kind::Email,
            Self::Phone => Kind::Phone,
        }
    }

    /// The rule over this kind of identifier.
    #[must_use]
    pub const fn of_kind(kind: Kind) -> Option<Self> {
        Some(match kind {
            Kind::LineId => Self::NativeLineId,
            Kind::Email => Self::Email,
            Kind::Phone => Self::Phone,
            _ => return None,
        })
    }
}

/// What decides among profiles of equal rank (`DUP-5`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeepBy {
    /// When it was made.
    Created,
    /// When it was updated last (the default, `DUP-2`).
    #[default]
    Updated,
    /// `date_of_last_session`; a profile without one comes after all that have one.
    LastSession,
}

/// Which end of that order stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeepOrder {
    /// The newest (the default, `DUP-2`).
    #[default]
    Newest,
    /// The oldest.
    Oldest,
}

/// A rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DuplicatesRule {
    /// What makes a group.
    pub by: DuplicatesBy,
    /// Who stays.
    #[serde(default)]
    pub keep: KeepBy,
    /// Which end.
    #[serde(default)]
    pub order: KeepOrder,
    /// Whether two external ids are no obstacle (`DUP-9`).
    #[serde(default)]
    pub merge_identified: bool,
}

/// A value that several profiles share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// The value.
    pub key: Key,
    /// How many hold it.
    pub count: u64,
}

/// State of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DuplicatesState {
    /// In work or waiting for a worker.
    Running,
    /// Every group was looked at.
    Complete,
    /// Gave up; `error` says why.
    Failed,
}

/// One run of a rule over all groups. Progress commits with the merges it counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DuplicatesRun {
    /// Its id.
    pub id: DuplicatesId,
    /// The rule.
    pub rule: DuplicatesRule,
    /// Who asked.
    pub actor: Actor,
    /// State.
    pub state: DuplicatesState,
    /// Groups looked at.
    pub groups: u64,
    /// Groups that became one profile.
    pub merged_groups: u64,
    /// Profiles that became part of another.
    pub merged_profiles: u64,
    /// Groups parked for review.
    pub parked_groups: u64,
    /// When asked for.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Why it failed.
    pub error: Option<String>,
    /// The last value that was looked at.
    pub cursor: Option<String>,
}

impl DuplicatesRun {
    /// A run that has not begun.
    #[must_use]
    pub const fn new(id: DuplicatesId, rule: DuplicatesRule, actor: Actor, now: Timestamp) -> Self {
        Self {
            id,
            rule,
            actor,
            state: DuplicatesState::Running,
            groups: 0,
            merged_groups: 0,
            merged_profiles: 0,
            parked_groups: 0,
            started_at: now,
            finished_at: None,
            error: None,
            cursor: None,
        }
    }
}
