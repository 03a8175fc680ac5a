//! What remains of the erased: keyed hashes of their identifiers, so that late news about them is recognised and nothing
//! is brought back by itself. No value can be read from it.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::{
    Actor, ErasureId, Key, Keys, Kind, LineUserId, Loaded, MergeId, Occasion, Profile, ProfileId, Timestamp,
};

/// The secret under which identifiers are hashed; it is not in the database.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LedgerSecret([u8; 32]);

impl LedgerSecret {
    /// Derives it from the installation's secret key.
    #[must_use]
    pub fn derive(secret_key: &str) -> Self {
        use sha2::Digest as _;
        let mut hash = Sha256::new();
        hash.update(b"enmusubi ledger of erasures\0");
        hash.update(secret_key.as_bytes());
        Self(hash.finalize().into())
    }

    /// The mark of an identifier.
    #[must_use]
    pub fn mark(&self, key: &Key) -> LedgerMark {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return LedgerMark([0; 32]) };
        mac.update(&[key.kind as u8]);
        mac.update(&(key.label.len() as u64).to_be_bytes());
        mac.update(key.label.as_bytes());
        mac.update(key.value.as_bytes());
        LedgerMark(mac.finalize().into_bytes().into())
    }
}

impl fmt::Debug for LedgerSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LedgerSecret(..)")
    }
}

/// HMAC-SHA-256 of an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LedgerMark(pub [u8; 32]);

/// One erased identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerRow {
    /// Which.
    pub mark: LedgerMark,
    /// Of what kind.
    pub kind: Kind,
    /// The erasure it went with.
    pub erasure: ErasureId,
    /// When.
    pub erased_at: Timestamp,
    /// Its owner had opted out of email: whoever brings it back is not subscribed by that.
    pub opted_out: bool,
    /// Every door refuses it.
    pub suppressed: bool,
}

/// One erasure: everything of a profile and its merged predecessors goes, in the same transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Erasure {
    /// Receipt.
    pub id: ErasureId,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub actor: Actor,
    /// The profile.
    pub profile: ProfileId,
    /// Its loaded version.
    pub version: u64,
    /// The profile and its merged predecessors.
    pub sides: Vec<ProfileId>,
    /// LINE users that nobody else holds: their friendships go, and the bodies of their events.
    pub line_users: Vec<LineUserId>,
    /// Identifiers as they may stand in the report of an import, in lower case.
    pub texts: Vec<String>,
    /// Values that nobody else holds: their parked groups go, and what was ever said of their consent.
    pub keys: Vec<Key>,
    /// Whether its identifiers are refused from now on.
    pub suppressed: bool,
}

/// What every door refuses, as it is shown: the identifiers themselves are not known any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// The erasure.
    pub id: ErasureId,
    /// When.
    pub erased_at: Timestamp,
    /// Kinds of the identifiers, ascending.
    pub kinds: Vec<Kind>,
}

/// What a restored database must do about a profile, by the ledger of the one that it replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recollection {
    /// Nothing: nobody in it was erased.
    Keep,
    /// It was erased: it goes again, with everything merged into it.
    Erase,
    /// One merged into it was erased alone, so that merge was undone before: this merge, its last, must be too.
    Part(MergeId),
}

impl Occasion {
    /// The marks of a profile and everything merged into it; an erasure leaves them in the ledger.
    #[must_use]
    pub fn side_marks(&self, profile: &Profile) -> Vec<LedgerMark> {
        profile.sides().map(|side| self.ledger.mark(&Key::merged(side))).collect()
    }

    /// What is to be done about a profile of a backup. `loaded` holds the ledger's rows of its [`Occasion::side_marks`].
    #[must_use]
    pub fn recollect(&self, profile: &Profile, loaded: &Loaded) -> Recollection {
        let is_erased = |side: ProfileId| {
            matches!(loaded.ledger.get(&self.ledger.mark(&Key::merged(side))), Some(Some(_)))
        };
        match profile.merged.last() {
            _ if is_erased(profile.id) => Recollection::Erase,
            Some(last) if profile.sides().any(is_erased) => Recollection::Part(last.merge),
            _ => Recollection::Keep,
        }
    }

    /// Adds the marks of the identifiers that a unit looks up or writes, where anybody was ever erased.
    pub fn remember(&self, keys: &mut Keys) {
        if self.has_erasures {
            let named = keys.identifiers.iter().chain(&keys.claims).filter(|key| key.kind != Kind::MergedId);
            keys.ledger = named.map(|key| self.ledger.mark(key)).collect();
            keys.ledger.sort_unstable();
            keys.ledger.dedup();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shelf::{Shelf, alias};

    /// Kind, label and value each make another mark, wherever one ends and the next begins; so does another secret.
    #[test]
    fn marks_tell_identifiers_apart_and_say_nothing() {
        let secret = LedgerSecret::derive("key");
        let keys = [
            Key::external_id("ab"),
            Key::alias(&alias("a", "b")),
            Key::alias(&alias("", "ab")),
            Key::alias(&alias("ab", "")),
            Key { kind: Kind::Email, label: "".into(), value: "ab".into() },
        ];
        let marks: std::collections::BTreeSet<_> = keys.iter().map(|key| secret.mark(key)).collect();
        assert_eq!(marks.len(), keys.len());
        assert_eq!(secret.mark(&keys[0]), LedgerSecret::derive("key").mark(&keys[0]));
        assert_ne!(secret.mark(&keys[0]), LedgerSecret::derive("other").mark(&keys[0]));
        assert_eq!(format!("{secret:?}"), "LedgerSecret(..)");
    }

    /// Where nobody was ever erased nobody asks; else each identifier is asked for once, and ids of profiles never.
    #[test]
    fn the_ledger_is_asked_only_where_somebody_was_erased() {
        let shelf = Shelf::new();
        let mut occasion = shelf.occasion();
        let id = occasion.fresh.profile_id(0);
        let named =
            vec![Key::external_id("a"), Key::merged(id), Key::external_id("a"), Key::external_id("b")];
        for (has_erasures, count) in [(false, 0), (true, 2)] {
            occasion.has_erasures = has_erasures;
            let mut keys = Keys { identifiers: named.clone(), ..Keys::default() };
            occasion.remember(&mut keys);
            assert_eq!(keys.ledger.len(), count);
            assert!(keys.ledger.is_sorted());
        }
    }

    #[test]
    fn a_row_of_an_import_is_read_back_as_it_was_named() {
        let import = crate::ImportId(uuid::Uuid::from_u128(1));
        let actor = Actor::of_row(import, 12);
        assert_eq!(actor.row(), Some((import.to_string().as_str(), 12)));
        assert_eq!(Actor::new("api", "key").row(), None);
    }
}
