//! Names in use: custom attributes, events and products, kept from their first use on (`CAT-5`, `EVT-9`, `PUR-1`).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::DataType;

/// What a name is of. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum NameKind {
    /// A custom event.
    Event = 1,
    /// A product of purchases.
    Product = 2,
    /// A custom attribute.
    Attribute = 3,
}

impl NameKind {
    /// The kind stored so.
    #[must_use]
    pub const fn parse(stored: u8) -> Option<Self> {
        match stored {
            1 => Some(Self::Event),
            2 => Some(Self::Product),
            3 => Some(Self::Attribute),
            _ => None,
        }
    }
}

/// A name in use.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// What it is of.
    pub kind: NameKind,
    /// As sent; case-sensitive.
    pub name: Arc<str>,
    /// Attributes: type of the first value stored under it (`CAT-1`).
    pub data_type: Option<DataType>,
}

/// Names met while a batch is decided. Only those new to their profile are noted, so that most batches note none.
#[derive(Debug, Default)]
pub(crate) struct Names {
    met: BTreeMap<NameKind, HashMap<Arc<str>, Option<DataType>>>,
}

impl Names {
    /// Notes a name; its type is only asked for if it is the first of the batch.
    pub(crate) fn note(&mut self, kind: NameKind, name: &str, data_type: impl FnOnce() -> Option<DataType>) {
        let met = self.met.entry(kind).or_default();
        if !met.contains_key(name) {
            met.insert(name.into(), data_type());
        }
    }

    /// In one order, so that every writer takes rows in it.
    pub(crate) fn into_rows(self) -> Vec<Named> {
        let named = |kind| move |(name, data_type)| Named { kind, name, data_type };
        let mut rows: Vec<_> =
            self.met.into_iter().flat_map(|(kind, met)| met.into_iter().map(named(kind))).collect();
        rows.sort_unstable_by(|left, right| (left.kind, &left.name).cmp(&(right.kind, &right.name)));
        rows
    }
}
