//! Numbering plans: from what was written to E.164.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, Region};

use super::PhoneWarning;

/// Longest number with country code, in digits (E.164), and room for prefixes; more cannot be a number.
const MAX_DIGITS: usize = 20;

/// Whether there is a numbering plan for this ISO 3166-1 code.
pub(super) fn is_region(code: &str) -> bool {
    known_region(code).is_some()
}

fn known_region(code: &str) -> Option<Region> {
    let region = Region::from_code(code).ok()?;
    PHONE_NUMBER_UTIL.get_country_code_for_region(region).map(|_| region)
}

/// Reads a number; `None` if it is not valid.
pub(super) fn read(written: &str, region: &str) -> (Option<String>, Option<PhoneWarning>) {
    let Some((digits, international)) = digits_of(written) else { return (None, None) };
    if international {
        return (read_international(&digits), None);
    }
    match region {
        "US" => (read_american(&digits), None),
        "JP" => read_japanese(&digits),
        other => (known_region(other).and_then(|region| read_domestic(&digits, region)), None),
    }
}

/// `PHN-3`: everything but digits and a leading `+` is removed; full-width digits count as digits.
fn digits_of(written: &str) -> Option<(String, bool)> {
    let mut digits = String::with_capacity(MAX_DIGITS);
    let mut international = false;
    for character in written.chars() {
        let digit = match character {
            '0'..='9' => character,
            '０'..='９' => char::from_digit(u32::from(character) - u32::from('０'), 10)?,
            '+' | '＋' => {
                international |= digits.is_empty();
                continue;
            }
            _ => continue,
        };
        if digits.len() == MAX_DIGITS {
            return None;
        }
        digits.push(digit);
    }
    (!digits.is_empty()).then_some((digits, international))
}

/// Digits that begin with a country code (`PHN-2`).
fn read_international(digits: &str) -> Option<String> {
    if let Some(national) = digits.strip_prefix("81")
        && is_japanese_mobile(national)
    {
        return Some(format!("+{digits}"));
    }
    match digits.strip_prefix('1') {
        Some(national) if national.len() == 10 => read_ten_american(national),
        _ => valid(&format!("+{digits}"), None),
    }
}

/// `PHN-1`: ten digits, or eleven with the 1 in front; anything else would need a `+` (`PHN-2`).
fn read_american(digits: &str) -> Option<String> {
    match (digits.len(), digits.strip_prefix('1')) {
        (10, _) => read_ten_american(digits),
        (11, Some(national)) => read_ten_american(national),
        _ => None,
    }
}

/// `PHN-1` asks for a valid area code only: `+1 (724) 123-4567` is the documented example although no exchange begins
/// with 1. So what the plan refuses is tried again with an exchange that exists.
fn read_ten_american(national: &str) -> Option<String> {
    valid(&format!("+1{national}"), None).or_else(|| {
        let area = national.get(..3)?;
        valid(&format!("+1{area}2345678"), None).map(|_| format!("+1{national}"))
    })
}

/// Design, section 5: with and without the leading zero, which spreadsheets take away.
fn read_japanese(digits: &str) -> (Option<String>, Option<PhoneWarning>) {
    let national = digits.strip_prefix('0').unwrap_or(digits);
    let e164 = if is_japanese_mobile(national) {
        Some(format!("+81{national}"))
    } else {
        read_domestic(digits, Region::JP)
    };
    // Without a zero in front the digits are either the country code and all, or a number that lost its zero.
    let lost_zero =
        !digits.starts_with('0') && e164.as_deref().and_then(|e164| e164.strip_prefix("+81")) == Some(digits);
    (e164, lost_zero.then_some(PhoneWarning::LeadingZeroRestored))
}

/// A shortcut for nearly every number in Japan: 70, 80 and 90 followed by 1-9 and seven digits. The numbering plan says
/// the same; a test compares them.
pub(super) fn is_japanese_mobile(national: &str) -> bool {
    let bytes = national.as_bytes();
    bytes.len() == 10
        && matches!(bytes, [b'7'..=b'9', b'0', b'1'..=b'9', ..])
        && bytes.iter().all(u8::is_ascii_digit)
}

/// The number as E.164, in its country's and in international form, each also with hyphens, with blanks, and bare.
pub(super) fn notations(e164: &str) -> Vec<String> {
    let mut all = vec![e164.to_owned(), e164.trim_start_matches('+').to_owned()];
    if let Ok(parsed) = PHONE_NUMBER_UTIL.parse(e164, None::<Region>) {
        for format in [PhoneNumberFormat::International, PhoneNumberFormat::National] {
            let text = PHONE_NUMBER_UTIL.format(&parsed, format).into_owned();
            let with = |separator: &str| text.replace([' ', '-'], separator);
            let bare =
                text.chars().filter(|character| character.is_ascii_digit() || *character == '+').collect();
            all.extend([with(" "), with("-"), bare, text]);
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

fn read_domestic(digits: &str, region: Region) -> Option<String> {
    valid(digits, Some(region))
}

/// E.164 of what the numbering plans call a valid number.
pub(super) fn valid(number: &str, region: Option<Region>) -> Option<String> {
    let parsed = PHONE_NUMBER_UTIL.parse(number, region).ok()?;
    PHONE_NUMBER_UTIL
        .is_valid_number(&parsed)
        .then(|| PHONE_NUMBER_UTIL.format(&parsed, PhoneNumberFormat::E164).into_owned())
}
