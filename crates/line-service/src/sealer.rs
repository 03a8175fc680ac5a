//! LINE secrets at rest: sealed with the installation's secret key (ChaCha20-Poly1305).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use sha2::{Digest as _, Sha256};

const NONCE_BYTES: usize = 12;

/// Seals and opens. `Debug` shows nothing.
#[derive(Clone)]
pub struct Sealer {
    cipher: ChaCha20Poly1305,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer")
    }
}

impl Sealer {
    /// A sealer whose key is the SHA-256 of the installation's secret text.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        let key: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
        Self { cipher: ChaCha20Poly1305::new(&Key::from(key)) }
    }

    /// Base64 of nonce and sealed text; another one each time.
    #[must_use]
    pub fn seal(&self, text: &str) -> String {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        // Encryption in memory fails only for texts of many gigabytes.
        let mut sealed = self.cipher.encrypt(&Nonce::from(nonce), text.as_bytes()).unwrap_or_default();
        let mut bytes = nonce.to_vec();
        bytes.append(&mut sealed);
        STANDARD.encode(bytes)
    }

    /// The text again; `None` if it was sealed with another key or damaged.
    #[must_use]
    pub fn open(&self, sealed: &str) -> Option<String> {
        let bytes = STANDARD.decode(sealed).ok()?;
        let (nonce, text) = bytes.split_at_checked(NONCE_BYTES)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
        let text = self.cipher.decrypt(&Nonce::from(nonce), text).ok()?;
        String::from_utf8(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_the_same_key_only() {
        let sealer = Sealer::new("one");
        let sealed = sealer.seal("channel secret");
        assert!(!sealed.contains("channel"));
        assert_eq!(sealer.open(&sealed).as_deref(), Some("channel secret"));
        assert_eq!(Sealer::new("two").open(&sealed), None);
        assert_ne!(sealer.seal("channel secret"), sealed);
        assert_eq!(sealer.open("????"), None);
    }
}
