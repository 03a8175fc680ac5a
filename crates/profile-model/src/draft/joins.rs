//! The working copy's side of merges and undos: whole rows come, go and are replaced.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::finish::moved;
use super::{Draft, Edited, Fate};
use crate::{
    Address, AddressKind, Alias, Email, FormerId, FormerKind, Key, LineUserId, LoggedWrite, MergeId,
    MergeRecord, Phone, Profile, ProfileId, StateOf, Timestamp, Write,
};

impl Draft<'_> {
    /// Asks for everything that joining, parting or changing the LINE ID of this profile may look at, so that one more
    /// round of loading is enough however the operations of a batch build on each other.
    pub(crate) fn prepare(&mut self, profile: &Profile) {
        let line_aliases = profile.aliases.iter().filter_map(Alias::as_line_id);
        for line_id in profile.line_id.iter().cloned().chain(line_aliases) {
            self.prepare_line_id(&line_id);
        }
        self.prepare_addresses(profile.email.as_ref(), profile.phone.as_ref());
        for side in profile.sides() {
            self.never_same_as(side);
        }
        for key in profile.shared_keys() {
            self.parked(&key);
        }
    }

    /// The part of [`Draft::prepare`] about a LINE ID.
    pub(crate) fn prepare_line_id(&mut self, line_id: &LineUserId) {
        self.is_subscribed_anywhere(line_id);
        self.holders(&Key::line_id(line_id));
        self.holders(&Key::alias(&Alias::line(line_id)));
    }

    /// The part of [`Draft::prepare`] about addresses.
    pub(crate) fn prepare_addresses(&mut self, email: Option<&Email>, phone: Option<&Phone>) {
        let email = email.map(|email| (AddressKind::Email, email.key.clone()));
        let phone = phone.and_then(|phone| Some((AddressKind::Phone, phone.key()?.to_owned())));
        for (kind, value) in email.into_iter().chain(phone) {
            self.state(&Address { kind, value }, StateOf::Global);
        }
    }

    /// Takes a profile out: its identifiers are free, its row goes, its events stay under its id.
    pub(crate) fn retire(&mut self, id: ProfileId) {
        let Some(keys) = self.profile(id).map(Profile::keys) else { return };
        for key in keys {
            self.shift(id, Some(key), None);
        }
        if let Some(edited) = Self::open(&mut self.edited, self.loaded, id) {
            edited.fate = Fate::Retired;
        }
    }

    /// Brings a retired profile back as it was.
    pub(crate) fn restore(&mut self, image: &Profile) {
        let profile = Profile { version: image.version + 1, ..image.clone() };
        for key in profile.keys() {
            self.shift(profile.id, None, Some(key));
        }
        self.held_before.insert(profile.id, profile.own.clone());
        self.edited.insert(profile.id, Edited { base: None, profile, touched: true, fate: Fate::Restored });
    }

    /// Puts a whole new row in place of a profile's; its version is of no account.
    pub(crate) fn replace(&mut self, profile: Profile) {
        let id = profile.id;
        let Some(before) = self.profile(id).map(Profile::keys) else { return };
        let (gone, new) = moved(before, profile.keys());
        for key in gone {
            self.shift(id, Some(key), None);
        }
        for key in new {
            self.shift(id, None, Some(key));
        }
        if let Some(edited) = Self::open(&mut self.edited, self.loaded, id) {
            let version = edited.profile.version;
            edited.profile = Profile { version, ..profile };
            edited.touched = true;
        }
    }

    /// Gives an alias another name (or label); the old pair is free.
    pub(crate) fn rename_alias(&mut self, id: ProfileId, from: &Alias, to: &Alias, at: Timestamp) {
        self.remove_alias(id, from, at);
        self.add_alias(id, to, at);
        self.carry(id, &Key::alias(from), Key::alias(to));
    }

    /// Makes `to` the primary external id and `from`, the primary so far, a deprecated one (`REN-3`).
    pub(crate) fn rename_external_id(&mut self, id: ProfileId, from: &str, to: &str, at: Timestamp) {
        self.edit(id, at, |profile| {
            profile.former_ids.push(FormerId { external_id: from.to_owned(), kind: FormerKind::Deprecated });
            profile.external_id = Some(to.to_owned());
            true
        });
        self.shift(id, None, Some(Key::external_id(to)));
    }

    /// Frees a deprecated or merged external id.
    pub(crate) fn release_former_id(&mut self, id: ProfileId, external_id: &str, at: Timestamp) {
        self.edit(id, at, |profile| {
            profile.former_ids.retain(|former| former.external_id != external_id);
            true
        });
        self.shift(id, Some(Key::external_id(external_id)), None);
    }

    /// A new identifier in place of an old one belongs to the same side.
    pub(crate) fn carry(&mut self, id: ProfileId, from: &Key, to: Key) {
        if let Some(edited) = Self::open(&mut self.edited, self.loaded, id)
            && let Some(side) = edited.profile.merged.iter_mut().find(|side| side.keys.contains(from))
        {
            side.keys.push(to);
        }
    }

    /// A fresh id for a merge.
    pub(crate) fn merge_id(&mut self) -> MergeId {
        MergeId(self.fresh.uuid())
    }

    /// The record of a merge; `None` if there is none, or it must be loaded first.
    pub(crate) fn merge(&mut self, id: MergeId) -> Option<MergeRecord> {
        match self.loaded.merges.get(&id) {
            Some(record) => record.clone(),
            None => {
                self.missing.merges.push(id);
                self.is_missing = true;
                None
            }
        }
    }

    /// Logged writes to a survivor, oldest first.
    pub(crate) fn logged(&mut self, survivor: ProfileId) -> Vec<LoggedWrite> {
        let drafted: Vec<_> =
            self.change.merge_log.iter().filter(|write| write.survivor == survivor).cloned().collect();
        match self.loaded.merge_log.get(&survivor) {
            Some(loaded) => loaded.iter().cloned().chain(drafted).collect(),
            None => {
                self.missing.merge_log.push(survivor);
                self.is_missing = true;
                drafted
            }
        }
    }

    /// Logs a write to a survivor that may still come apart, before it is made; others pay nothing.
    pub(crate) fn log(&mut self, id: ProfileId, at: Timestamp, key: &Key, write: impl FnOnce() -> Write) {
        self.open_log = None;
        // A write that is made again may be one of a side that comes apart no further: it is told as well.
        let side = self.profile(id).map(|profile| (id, profile.side_of(key)));
        self.open_side = side.filter(|(_, side)| *side != id || self.remade.is_some());
        if self.profile(id).is_some_and(|profile| profile.may_come_apart(at)) {
            // Requests are decided in another order than they arrived in, and clocks step back: what is logged is
            // never from before the merge that it came after.
            let at = self.profile(id).map_or(at, |profile| at.max(profile.updated_at));
            let logged =
                LoggedWrite { survivor: id, at, key: key.clone(), write: write(), states: Vec::new() };
            self.open_log = Some(self.change.merge_log.len());
            self.change.merge_log.push(logged);
        }
    }

    /// Who is never the same person as this profile or one merged into it.
    pub(crate) fn are_never_same(&mut self, left: ProfileId, right: ProfileId) -> bool {
        let sides = |draft: &Self, id| draft.profile(id).map(|profile| profile.sides().collect::<Vec<_>>());
        let (Some(left), Some(right)) = (sides(self, left), sides(self, right)) else { return false };
        left.iter().any(|side| {
            let others = self.never_same_as(*side);
            right.iter().any(|other| others.contains(other))
        })
    }

    fn never_same_as(&mut self, side: ProfileId) -> BTreeSet<ProfileId> {
        if self.is_new(side) {
            return BTreeSet::new();
        }
        self.loaded.never_same.get(&side).cloned().unwrap_or_else(|| {
            self.missing.never_same.push(side);
            self.is_missing = true;
            BTreeSet::new()
        })
    }

    /// Lets rules join two profiles again, whatever parted any of the one from any of the other.
    pub(crate) fn allow_rejoin(&mut self, kept: &Profile, removed: &Profile) {
        let theirs: BTreeSet<_> = removed.sides().collect();
        for side in kept.sides() {
            let others = self.never_same_as(side);
            let pairs = others.intersection(&theirs).map(|other| (side.min(*other), side.max(*other)));
            self.change.never_same_lifted.extend(pairs);
        }
    }

    /// Whether everything that was asked for is loaded: a decision that is not complete will run again.
    pub(crate) const fn is_complete(&self) -> bool {
        !self.is_missing
    }

    /// The row as it is, shared (for images).
    pub(crate) fn image(&self, id: ProfileId) -> Option<Arc<Profile>> {
        self.profile(id).map(|profile| Arc::new(profile.clone()))
    }
}
