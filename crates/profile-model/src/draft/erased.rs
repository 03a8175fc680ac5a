//! The working copy's side of erasure and of its ledger.

use super::{Draft, Fate};
use crate::{Address, ErasureId, Key, LedgerRow, LedgerSecret, Profile, ProfileId};

impl Draft<'_> {
    /// Takes a profile out for good.
    pub(crate) fn erase(&mut self, id: ProfileId) {
        let Some(keys) = self.profile(id).map(Profile::keys) else { return };
        for key in keys {
            self.shift(id, Some(key), None);
        }
        if let Some(edited) = Self::open(&mut self.edited, self.loaded, id) {
            edited.fate = Fate::Erased;
        }
    }

    /// A fresh id for an erasure.
    pub(crate) fn erasure_id(&mut self) -> ErasureId {
        ErasureId(self.fresh.uuid())
    }

    /// Every state of an address goes.
    pub(crate) fn forget_states(&mut self, address: &Address) {
        self.states.retain(|(of, _), _| of != address);
        let stored = self.loaded.addresses.get(address).into_iter().flatten();
        let gone: Vec<_> = stored.map(|state| (state.address.clone(), state.of)).collect();
        self.change.address_states_removed.extend(gone);
    }

    /// The secret of the ledger.
    pub(crate) const fn ledger_secret(&self) -> LedgerSecret {
        self.ledger_secret
    }

    /// What the ledger says of an identifier.
    pub(crate) fn erased(&mut self, key: &Key) -> Option<LedgerRow> {
        if !self.has_erasures {
            return None;
        }
        let mark = self.ledger_secret.mark(key);
        if let Some(row) = self.change.ledger.iter().find(|row| row.mark == mark) {
            return Some(row.clone());
        }
        self.loaded.ledger.get(&mark).cloned().unwrap_or_else(|| {
            self.missing.ledger.push(mark);
            self.is_missing = true;
            None
        })
    }

    /// Whether anybody was ever erased here. Where nobody was, no identifier need be looked for.
    pub(crate) const fn has_erasures(&self) -> bool {
        self.has_erasures
    }

    /// Whether every door refuses an identifier.
    pub(crate) fn is_suppressed(&mut self, key: &Key) -> bool {
        self.erased(key).is_some_and(|row| row.suppressed)
    }

    /// Enters an erased identifier.
    pub(crate) fn put_ledger(&mut self, row: LedgerRow) {
        self.change.ledger.retain(|known| known.mark != row.mark);
        self.change.ledger.push(row);
    }
}
