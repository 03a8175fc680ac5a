//! Email addresses: as written, and the key they match by.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::MAX_IDENTIFIER_BYTES;

/// An email address. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Email {
    /// As sent, without surrounding blanks.
    pub written: String,
    /// What it matches by: lower case (`OPEN-9`; design, section 5).
    pub key: String,
}

impl Email {
    /// Reads an address; `None` if it cannot be one (`EMAIL_BAD_FORMAT`, `TRK-16`).
    ///
    /// Plausibility, not deliverability: one `@` with something before it and a domain of at least two labels behind
    /// it, no blanks or control characters. Quoted local parts are not accepted, Unicode ones are. Both forms are at
    /// most 987 bytes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let written = text.trim();
        let (local, domain) = written.split_once('@')?;
        let key = written.to_lowercase();
        let plausible = is_local(local) && is_domain(domain);
        (plausible && written.len() <= MAX_IDENTIFIER_BYTES && key.len() <= MAX_IDENTIFIER_BYTES)
            .then(|| Self { written: written.to_owned(), key })
    }
}

/// The part before the `@`: not empty. Dots anywhere are fine: Japanese carriers handed out `a..b.@` for years.
fn is_local(local: &str) -> bool {
    !local.is_empty() && !local.contains(is_never_allowed)
}

/// Labels of letters, digits and inner hyphens, joined by dots, at least two of them, none over 63 bytes.
fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .chars()
                .all(|character| character.is_alphanumeric() || character == '-' || is_mark(character))
    };
    domain.len() <= 255 && domain.contains('.') && domain.split('.').all(is_label)
}

/// Combining marks and joiners of scripts whose letters need them; ASCII punctuation is not among them.
fn is_mark(character: char) -> bool {
    !character.is_ascii() && !is_never_allowed(character)
}

fn is_never_allowed(character: char) -> bool {
    character.is_control()
        || character.is_whitespace()
        || matches!(character, '@' | '<' | '>' | '(' | ')' | '[' | ']' | ',' | ';' | ':' | '"' | '\\')
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::Email;

    /// Design, section 5: emails match trimmed and case-insensitively, and are kept as sent.
    #[test]
    fn an_address_is_kept_as_sent_and_matched_in_lower_case() {
        let email = Email::parse("  Hanako.Yamada+News@Example.CO.JP ").unwrap();
        assert_eq!(email.written, "Hanako.Yamada+News@Example.CO.JP");
        assert_eq!(email.key, "hanako.yamada+news@example.co.jp");
        assert_eq!(format!("{email:?}"), "Email(..)");
    }

    /// `TRK-16`: what is certainly no address is refused.
    #[test]
    fn what_cannot_be_an_address_is_refused() {
        for text in [
            "",
            "@",
            "a",
            "a@",
            "@b.co",
            "a@b",
            "a@b@c.co",
            "a b@c.co",
            "a@c .co",
            "a@.co",
            "a@c.",
            "a@c..co",
            "a\0@c.co",
            "a@c.co\0",
            "a@-c.co",
            "a@c-.co",
            "a@c_d.co!",
            "<a@c.co>",
            "a@c.co,d@e.co",
            "mailto:a@c.co",
            "a\n@c.co",
        ] {
            assert_eq!(Email::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn unusual_but_real_addresses_are_accepted() {
        for text in [
            "a@b.co",
            "山田@例え.jp",
            "a..b.@docomo.ne.jp",
            "o'neil@x.org",
            "x@xn--r8jz45g.jp",
            "x/y=z@a-b.c1",
        ] {
            assert!(Email::parse(text).is_some(), "{text:?}");
        }
    }

    /// Design, section 4: at most 987 bytes, also after lower-casing (`İ` grows).
    #[test]
    fn addresses_over_987_bytes_are_refused() {
        let of = |bytes: usize| format!("{}@example.com", "a".repeat(bytes - 12));
        assert!(Email::parse(&of(987)).is_some());
        assert_eq!(Email::parse(&of(988)), None);
        assert_eq!(Email::parse(&format!("{}@example.com", "İ".repeat(480))), None);
    }
}
