//! The `x-line-signature` header: Base64 of HMAC-SHA256 over the raw body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// Name of the header that carries the signature.
///
/// LINE may change its letter case at any time; HTTP libraries here compare names without regard to case.
/// Source: Messaging API reference, "Request headers" (read 2026-08-07).
pub const HEADER: &str = "x-line-signature";

/// Signs a webhook body the way LINE does.
///
/// The key is the channel secret *as text*: it looks like hex, and must not be decoded as such.
/// Source: Messaging API docs, "Verify webhook signature" (read 2026-08-07).
pub fn sign(secret: &str, body: &[u8]) -> String {
    STANDARD.encode(digest(secret, body))
}

/// Whether `header` is the signature of `body` under any of `secrets`.
///
/// Takes the bytes as received: a body that was decoded and encoded again is another body. Several secrets (current and
/// next) may be accepted, because reissuing a secret kills the old one at once. An absent header, an empty one, a wrong
/// length, or any alphabet but standard padded Base64 is `false`; so is an empty list of secrets, and an empty secret is
/// never accepted. The comparison takes the same time wherever the first difference is.
pub fn verify(secrets: &[&str], body: &[u8], header: Option<&str>) -> bool {
    let Some(given) = header.and_then(|text| STANDARD.decode(text).ok()) else { return false };
    if given.len() != 32 {
        return false;
    }
    // Every secret is tried, so that timing does not tell which one matched.
    let matched = secrets
        .iter()
        .filter(|secret| !secret.is_empty())
        .fold(subtle::Choice::from(0), |found, secret| found | digest(secret, body).as_slice().ct_eq(&given));
    matched.into()
}

/// HMAC-SHA256 of `body`, 32 bytes.
fn digest(secret: &str, body: &[u8]) -> Vec<u8> {
    // HMAC takes keys of any length, so this constructor has no failing case; an empty vector would verify nothing.
    match Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        Ok(mut mac) => {
            mac.update(body);
            mac.finalize().into_bytes().to_vec()
        }
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
