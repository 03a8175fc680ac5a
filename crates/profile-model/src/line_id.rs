//! LINE user ids: what is accepted as one.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{LineIdCheck, MAX_IDENTIFIER_BYTES};

/// A LINE user id: `U` and 32 lower-case hex digits, or the module form `LU..-U..` (line.md D). Scope: the provider.
///
/// In a workspace with `line_id_check = "lenient"` any non-empty text (staging data). `Debug` hides the value: it is
/// personal data and must not reach a log.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LineUserId(String);

/// The user id of LINE's console when it verifies a webhook; never a person (line.md A4).
const CONSOLE_DUMMY: &str = "Udeadbeefdeadbeefdeadbeefdeadbeef";

/// The alias label under which a follower's profile carries its LINE id (`LIN-12`).
pub const LINE_ALIAS_LABEL: &str = "line_id";

impl LineUserId {
    /// Reads an id, blanks around it trimmed. `None`: not acceptable under `check`.
    #[must_use]
    pub fn parse(text: &str, check: LineIdCheck) -> Option<Self> {
        let text = text.trim();
        let accepted = match check {
            LineIdCheck::Strict => is_line_form(text),
            LineIdCheck::Lenient => {
                !text.is_empty() && text.len() <= MAX_IDENTIFIER_BYTES && !text.contains('\0')
            }
        };
        (accepted && text != CONSOLE_DUMMY).then(|| Self(text.to_owned()))
    }

    /// Reads an id by LINE's own form, whatever the workspace accepts from customers.
    #[must_use]
    pub fn from_line(text: &str) -> Option<Self> {
        Self::parse(text, LineIdCheck::Strict)
    }

    /// Takes a value that was stored.
    #[must_use]
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for LineUserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LineUserId(..)")
    }
}

fn is_line_form(text: &str) -> bool {
    fn user(text: &str) -> bool {
        text.strip_prefix('U')
            .is_some_and(|hex| hex.len() == 32 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
    }
    match text.strip_prefix('L') {
        Some(module) => module.split_once('-').is_some_and(|(left, right)| user(left) && user(right)),
        None => user(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "U89f4a626548ccd48482f529a482f138b";

    #[test]
    fn line_form_and_module_form_are_accepted_and_trimmed() {
        assert!(LineUserId::from_line(ID).is_some());
        assert_eq!(LineUserId::from_line(&format!(" {ID}\t")).unwrap().as_str(), ID);
        assert!(LineUserId::from_line(&format!("L{ID}-{ID}")).is_some());
    }

    #[test]
    fn anything_else_is_refused_when_strict() {
        for bad in [
            "",
            "U",
            &ID[1..],
            &ID.to_uppercase(),
            &format!("{ID}0"),
            "Cxx",
            &format!("L{ID}"),
            &format!("{ID}-{ID}"),
        ] {
            assert!(LineUserId::from_line(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn lenient_takes_any_text_but_never_the_console_dummy() {
        assert!(LineUserId::parse("staging-7", LineIdCheck::Lenient).is_some());
        assert!(LineUserId::parse("  ", LineIdCheck::Lenient).is_none());
        for check in [LineIdCheck::Strict, LineIdCheck::Lenient] {
            assert!(LineUserId::parse(CONSOLE_DUMMY, check).is_none());
        }
    }
}
