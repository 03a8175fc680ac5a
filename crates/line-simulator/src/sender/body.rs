//! The bytes of a webhook and their signature.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::verbs::Oddness;
use crate::world::{Account, mac};

/// A request that is ready to go.
#[derive(Debug)]
pub(super) struct Signed {
    pub(super) body: String,
    /// `None` for no header at all.
    pub(super) signature: Option<String>,
}

impl Signed {
    pub(super) fn new(account: &Account, events: &[Value], odd: &[Oddness]) -> Self {
        let has = |oddness| odd.contains(&oddness);
        let destination = if has(Oddness::ForeignDestination) {
            "Uffffffffffffffffffffffffffffffff"
        } else {
            &account.bot_user_id
        };
        let compact = json!({"destination": destination, "events": events}).to_string();
        let body = if account.raw_utf8 { compact } else { escaped(&compact) };
        // Signed here and not by the product's own code: a stand-in that shares it would share its mistakes.
        let secret = match &account.old_secret {
            _ if has(Oddness::WrongSecret) => "00000000000000000000000000000000",
            Some(old) if has(Oddness::OldSecret) => old,
            _ => &account.secret,
        };
        let signature = if has(Oddness::MissingSignature) {
            None
        } else if has(Oddness::EmptySignature) {
            Some(String::new())
        } else {
            Some(STANDARD.encode(mac(secret.as_bytes(), body.as_bytes())))
        };
        Self { body, signature }
    }
}

/// Writes every non-ASCII character as a JSON escape, `\u` and four hex digits, two of them beyond the basic plane. Such
/// characters stand in strings only.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_ascii() {
            out.push(character);
        } else {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04X}"));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn non_ascii_is_escaped_as_line_does() {
        assert_eq!(escaped("{\"text\":\"\u{1F928}é\\n\"}"), r#"{"text":"\uD83E\uDD28\u00E9\n"}"#);
    }
}
