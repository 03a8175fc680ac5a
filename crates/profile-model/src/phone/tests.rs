use rlibphonenumber::Region as Plan;

use super::numbering::{is_japanese_mobile, valid};
use super::{Phone, PhoneWarning, Region};

fn e164(text: &str, region: &str) -> Option<String> {
    Phone::parse(text, region).phone.e164
}

/// `PHN-1`, `PHN-3`.
#[test]
fn ten_digits_are_american_and_punctuation_is_removed() {
    for text in [
        "+1 (724) 123-4567",
        "7241234567",
        "(724) 123-4567",
        "1-724-123-4567",
        " 724.123.4567 ",
        "+17241234567",
    ] {
        assert_eq!(e164(text, "US").as_deref(), Some("+17241234567"), "{text}");
    }
}

/// `PHN-1`: a valid area code is needed. `PHN-2`: others need the `+`.
#[test]
fn american_numbers_need_an_area_code_and_foreign_ones_a_plus() {
    for text in [
        "9991234567",
        "0312345678",
        "1234567",
        "819012345678",
        "442071838750",
        "",
        "+",
        "abc",
        "01181901234567",
    ] {
        assert_eq!(e164(text, "US"), None, "{text}");
    }
    assert_eq!(e164("+442071838750", "US").as_deref(), Some("+442071838750"));
    assert_eq!(e164("+81 90-1234-5678", "US").as_deref(), Some("+819012345678"));
}

/// `PHN-6`: why the region is a setting.
#[test]
fn japanese_numbers_without_country_code_are_invalid_in_the_american_region() {
    assert_eq!(e164("09012345678", "US"), None);
}

/// Design, section 5.
#[test]
fn japanese_numbers_are_read_with_and_without_their_zero() {
    for (text, number, warning) in [
        ("09012345678", "+819012345678", None),
        ("090-1234-5678", "+819012345678", None),
        ("０９０－１２３４－５６７８", "+819012345678", None),
        ("9012345678", "+819012345678", Some(PhoneWarning::LeadingZeroRestored)),
        ("+819012345678", "+819012345678", None),
        ("+81 (0)90 1234 5678", "+819012345678", None),
        ("819012345678", "+819012345678", None),
        ("0312345678", "+81312345678", None),
        ("312345678", "+81312345678", Some(PhoneWarning::LeadingZeroRestored)),
        ("0120444444", "+81120444444", None),
        ("05012345678", "+815012345678", None),
        ("+17241234567", "+17241234567", None),
    ] {
        let reading = Phone::parse(text, "JP");
        assert_eq!(reading.phone.e164.as_deref(), Some(number), "{text}");
        assert_eq!(reading.warning, warning, "{text}");
        assert_eq!(reading.phone.written, text);
    }
    for text in ["0901234567", "12345", "090123456789", "7241234567890"] {
        assert_eq!(e164(text, "JP"), None, "{text}");
    }
}

/// `PHN-4`, `ID-7`: an invalid number stays on the profile and finds nobody.
#[test]
fn an_invalid_number_is_kept_as_written_and_has_no_key() {
    let phone = Phone::parse(" 12-34 ", "US").phone;
    assert_eq!(phone.written, "12-34");
    assert_eq!(phone.key(), None);
    assert_eq!(phone.shown(), "12-34");
    assert_eq!(format!("{phone:?}"), "Phone(invalid)");
    assert_eq!(e164(&"9".repeat(987), "US"), None);
}

#[test]
fn other_regions_use_their_own_plan() {
    assert_eq!(e164("020 7183 8750", "GB").as_deref(), Some("+442071838750"));
    assert_eq!(e164("02-312-3456", "KR").as_deref(), Some("+8223123456"));
    assert_eq!(e164("020 7183 8750", "ZZ"), None);
}

#[test]
fn a_region_is_a_code_with_a_numbering_plan() {
    assert_eq!(Region::parse("JP"), Some(Region::JP));
    assert_eq!(Region::parse("jp"), Some(Region::JP));
    for code in ["", "JPN", "ZZ", "AQ", "001", "日"] {
        assert_eq!(Region::parse(code), None, "{code}");
    }
}

/// The shortcut for Japanese mobiles is exact: wherever it says yes the numbering plan says yes with the same number,
/// for every beginning of five digits.
#[test]
fn the_shortcut_for_japanese_mobiles_agrees_with_the_numbering_plan() {
    let mut taken = 0;
    for head in 0..100_000_u32 {
        for tail in ["00000", "99999"] {
            let national = format!("{head:05}{tail}");
            if is_japanese_mobile(&national) {
                taken += 1;
                let expected = Some(format!("+81{national}"));
                assert_eq!(valid(&format!("0{national}"), Some(Plan::JP)), expected, "{national}");
                assert_eq!(valid(&national, Some(Plan::JP)), expected, "{national}");
                assert_eq!(valid(&format!("+81{national}"), None), expected, "{national}");
            }
        }
    }
    assert_eq!(taken, 2 * 3 * 9 * 100);
}
