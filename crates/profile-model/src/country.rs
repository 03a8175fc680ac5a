//! Countries: ISO 3166-1 alpha-2, and the names people write. Our own table: the crates that have one either lack
//! the names people write or need a newer compiler than ours.

use std::collections::HashMap;
use std::sync::LazyLock;

mod table;

/// Folded codes and names to alpha-2.
static CODES: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let mut codes = HashMap::new();
    for (alpha2, alpha3, names) in table::COUNTRIES {
        for name in names.iter().chain([alpha2, alpha3]) {
            codes.insert(fold(name), *alpha2);
        }
    }
    codes
});

/// The alpha-2 code of a country given by code or name (section 3.1: `Australia` is `AU`); `None` if nobody is called
/// so. Case, accents, punctuation, `the` and the choice of `and` or `&` do not matter.
pub(crate) fn country_code(text: &str) -> Option<&'static str> {
    CODES.get(fold(text).as_str()).copied()
}

/// Lower-case letters and digits of any script, without accents and small words (unless there is nothing else: `AND` is
/// Andorra).
fn fold(text: &str) -> String {
    let plain: String = text
        .chars()
        .flat_map(char::to_lowercase)
        .filter(|character| !matches!(character, '.' | '\'' | '’'))
        .map(|character| without_accent(if character.is_alphanumeric() { character } else { ' ' }))
        .collect();
    let words = plain.split(' ').filter(|word| !matches!(*word, "" | "the" | "and" | "of"));
    let folded: String = words.map(|word| if word == "st" { "saint" } else { word }).collect();
    if folded.is_empty() { plain.trim().to_owned() } else { folded }
}

const fn without_accent(character: char) -> char {
    match character {
        'à'..='å' => 'a',
        'ç' => 'c',
        'è'..='ë' => 'e',
        'ì'..='ï' => 'i',
        'ñ' => 'n',
        'ò'..='ö' | 'ø' => 'o',
        'ù'..='ü' => 'u',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::{CODES, country_code, fold, table};

    /// Section 3.1: alpha-2, best-effort mapping of names.
    #[test]
    fn countries_are_known_by_code_and_by_name() {
        for (text, code) in [
            ("AU", "AU"),
            ("Australia", "AU"),
            ("jp", "JP"),
            ("JPN", "JP"),
            (" Japan ", "JP"),
            ("日本", "JP"),
            ("United States", "US"),
            ("United States of America", "US"),
            ("USA", "US"),
            ("U.S.A.", "US"),
            ("UK", "GB"),
            ("the Netherlands", "NL"),
            ("Korea, Republic of", "KR"),
            ("South Korea", "KR"),
            ("Trinidad & Tobago", "TT"),
            ("Côte d’Ivoire", "CI"),
            ("cote d'ivoire", "CI"),
            ("St. Lucia", "LC"),
            ("Viet Nam", "VN"),
            ("AND", "AD"),
        ] {
            assert_eq!(country_code(text), Some(code), "{text}");
        }
        for text in ["", "XX", "Atlantis", "the", "U", "81"] {
            assert_eq!(country_code(text), None, "{text}");
        }
    }

    #[test]
    fn every_name_leads_to_its_own_country_only() {
        assert_eq!(table::COUNTRIES.len(), 249);
        for (alpha2, alpha3, names) in table::COUNTRIES {
            for name in names.iter().chain([alpha2, alpha3]) {
                assert_eq!(CODES.get(&fold(name)), Some(alpha2), "{name}");
            }
        }
    }
}
