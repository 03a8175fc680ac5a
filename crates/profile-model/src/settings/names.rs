//! What a workspace says about names of attributes, events and products (`CAT-2`, `CAT-6`).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::DataType;

/// Most forced or blocked names of one sort (`CAT-6`).
pub const MAX_LISTED_NAMES: usize = 300;

/// Types of attributes that a workspace fixes (`CAT-2`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, DataType>")]
pub struct ForcedTypes(BTreeMap<String, DataType>);

impl ForcedTypes {
    /// The type an attribute is held to.
    #[must_use]
    pub fn of(&self, attribute: &str) -> Option<DataType> {
        self.0.get(attribute).copied()
    }
}

impl TryFrom<BTreeMap<String, DataType>> for ForcedTypes {
    type Error = String;

    fn try_from(types: BTreeMap<String, DataType>) -> Result<Self, String> {
        listed("forced_types", types.len())?;
        Ok(Self(types))
    }
}

/// Names whose incoming data is dropped from every source (`CAT-6`); what is stored stays, and is not shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Blocklist {
    /// Custom attributes.
    pub attributes: BlockedNames,
    /// Custom events.
    pub events: BlockedNames,
    /// Products.
    pub products: BlockedNames,
}

/// Names of one sort; case-sensitive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeSet<String>")]
pub struct BlockedNames(BTreeSet<String>);

impl BlockedNames {
    /// The names, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether data under this name is dropped.
    #[must_use]
    pub fn holds(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}

impl TryFrom<BTreeSet<String>> for BlockedNames {
    type Error = String;

    fn try_from(names: BTreeSet<String>) -> Result<Self, String> {
        listed("blocklist", names.len())?;
        Ok(Self(names))
    }
}

fn listed(setting: &str, names: usize) -> Result<(), String> {
    if names <= MAX_LISTED_NAMES {
        return Ok(());
    }
    Err(format!("'{setting}' holds {names} names of one sort, at most {MAX_LISTED_NAMES} are allowed"))
}
