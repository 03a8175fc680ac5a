//! Changes of subscription states, kept with time, door and actor, so that consent can be proven.

use crate::{Actor, Address, GlobalState, ProfileId, StateOf, Timestamp};

/// Whose state changed: an address, for all who hold it, or a profile that has no such address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsentOf {
    /// An email address or phone number.
    Address(Address),
    /// A profile without it.
    Profile(ProfileId),
}

/// What the state is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentTo {
    /// Email as a whole, or a subscription group.
    State(StateOf),
    /// Push.
    Push,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Whose.
    pub whose: ConsentOf,
    /// What it is about.
    pub to: ConsentTo,
    /// Before; `None`: there was none.
    pub old: Option<GlobalState>,
    /// After; `None`: there is none any more (an undo).
    pub new: Option<GlobalState>,
    /// When.
    pub at: Timestamp,
    /// The door and its reference.
    pub actor: Actor,
}

impl Consent {
    /// An order that does not depend on hashing.
    pub(crate) fn rank(&self) -> (String, Option<StateOf>) {
        let whose = match &self.whose {
            ConsentOf::Address(address) => format!("{}{}", address.kind as u8, address.value),
            ConsentOf::Profile(id) => id.to_string(),
        };
        let of = match self.to {
            ConsentTo::State(of) => Some(of),
            ConsentTo::Push => None,
        };
        (whose, of)
    }
}
