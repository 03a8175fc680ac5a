//! Ids that are the same on every run with the same seed.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Crockford's alphabet, which ULIDs are written in.
const ULID_ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Makes ids from a seed: each is an HMAC of the seed over what the id is for.
#[derive(Debug)]
pub(crate) struct Ids {
    seed: String,
    /// Counts what has no natural name: events, messages, reply tokens, cursors.
    made: AtomicU64,
}

impl Ids {
    pub(crate) fn new(seed: &str) -> Self {
        Self { seed: seed.to_owned(), made: AtomicU64::new(0) }
    }

    pub(crate) fn seed(&self) -> &str {
        &self.seed
    }

    /// `U` and 32 hex digits: stable per provider, new with each LINE account of a person (line.md H0).
    pub(crate) fn user(&self, provider: &str, person: &str, generation: u32) -> String {
        format!("U{}", self.hex(&format!("{provider}|{person}|{generation}")))
    }

    /// 32 hex digits for a purpose.
    pub(crate) fn hex(&self, purpose: &str) -> String {
        self.digest(purpose).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    /// A long opaque token for a purpose, Base64 with its `+`, `/` and `=`.
    pub(crate) fn token(&self, purpose: &str) -> String {
        let mut bytes = self.digest(purpose);
        bytes.extend(self.digest(&format!("{purpose}|more")));
        bytes.extend(self.digest(&format!("{purpose}|rest")));
        STANDARD.encode(&bytes[..bytes.len().min(94)])
    }

    /// The next number of the sequence, from 1.
    pub(crate) fn next(&self) -> u64 {
        self.made.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// A ULID whose own clock runs a little after the event, as LINE's do (line.md A2).
    pub(crate) fn event(&self, timestamp_ms: i64) -> String {
        let digest = self.digest(&format!("event|{}", self.next()));
        let late = 112 + u64::from(digest[0]) % 394;
        let time = u64::try_from(timestamp_ms).unwrap_or(0).saturating_add(late) & 0xFFFF_FFFF_FFFF;
        let random = digest[1..11].iter().fold(0_u128, |sum, byte| (sum << 8) | u128::from(*byte));
        let bits = (u128::from(time) << 80) | random;
        (0..26).rev().map(|place| char::from(ULID_ALPHABET[(bits >> (place * 5)) as usize & 31])).collect()
    }

    fn digest(&self, purpose: &str) -> Vec<u8> {
        mac(self.seed.as_bytes(), purpose.as_bytes())
    }
}

/// HMAC-SHA256, 32 bytes.
pub(crate) fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mut mac) => {
            mac.update(message);
            mac.finalize().into_bytes().to_vec()
        }
        // HMAC takes keys of any length.
        Err(_) => vec![0; 32],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_depend_on_the_seed_the_provider_and_the_account_only() {
        let ids = Ids::new("seed");
        let hanako = ids.user("p1", "hanako", 1);
        assert_eq!(hanako, Ids::new("seed").user("p1", "hanako", 1));
        assert!(hanako.len() == 33 && hanako.starts_with('U'));
        for other in
            [ids.user("p2", "hanako", 1), ids.user("p1", "hanako", 2), Ids::new("x").user("p1", "hanako", 1)]
        {
            assert_ne!(hanako, other);
        }
    }

    #[test]
    fn event_ids_are_ulids_that_run_after_the_event() {
        let id = Ids::new("seed").event(1_727_600_000_000);
        assert_eq!(id.len(), 26);
        let value = |text: &str| {
            text.bytes().fold(0_u64, |sum, byte| {
                sum * 32 + ULID_ALPHABET.iter().position(|c| *c == byte).unwrap() as u64
            })
        };
        let late = value(&id[..10]) - 1_727_600_000_000;
        assert!((112..=505).contains(&late), "{late} ms");
    }
}
