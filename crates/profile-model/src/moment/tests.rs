use proptest::prelude::*;

use super::*;

fn shown(text: &str, zone: &str) -> Option<String> {
    parse_time(text, &Zone::parse(zone).expect("zone")).map(|at| at.to_string())
}

fn utc(text: &str) -> Option<String> {
    shown(text, "UTC")
}

/// `DAT-1`, `CLI-6`, `CSV-15`; design, section 5.
#[test]
fn every_documented_format_is_read() {
    for (text, expected) in [
        ("2026-11-21T01:02:03.456Z", "2026-11-21T01:02:03.456Z"),
        ("2026-11-21T01:02:03Z", "2026-11-21T01:02:03.000Z"),
        ("2026-11-21T01:02:03.123456789Z", "2026-11-21T01:02:03.123Z"),
        ("2026-11-21T01:02:03+00:00", "2026-11-21T01:02:03.000Z"),
        ("2026-11-21T01:02:03+09:00", "2026-11-20T16:02:03.000Z"),
        ("2026-11-21T01:02:03+0900", "2026-11-20T16:02:03.000Z"),
        ("2026-11-21T01:02:03+09", "2026-11-20T16:02:03.000Z"),
        ("20261121T010203Z", "2026-11-21T01:02:03.000Z"),
        ("20261121T010203.456+0900", "2026-11-20T16:02:03.456Z"),
        ("20261121T0102Z", "2026-11-21T01:02:00.000Z"),
        ("2026-11-21T01", "2026-11-21T01:00:00.000Z"),
        ("2026-11-21T01+09:00", "2026-11-20T16:00:00.000Z"),
        ("2026-11-21T24:00:00Z", "2026-11-22T00:00:00.000Z"),
        ("2026-11-21T01:02Z", "2026-11-21T01:02:00.000Z"),
        ("2013-07-16T19:20:30:456Z", "2013-07-16T19:20:30.456Z"),
        ("2013-07-16T19:20:30:456+0100", "2013-07-16T18:20:30.456Z"),
        ("2013-07-16T19:20:30", "2013-07-16T19:20:30.000Z"),
        ("2013-07-16 19:20:30", "2013-07-16T19:20:30.000Z"),
        ("2013-07-16", "2013-07-16T00:00:00.000Z"),
        ("07/16/2013", "2013-07-16T00:00:00.000Z"),
        ("2019-02-15 00:00:00 -0500", "2019-02-15T05:00:00.000Z"),
        ("2020-07-10 15:00:00.000 UTC", "2020-07-10T15:00:00.000Z"),
        ("2013/07/16", "2013-07-16T00:00:00.000Z"),
        ("2013/07/16 19:20", "2013-07-16T19:20:00.000Z"),
        ("2013/07/16 19:20:30", "2013-07-16T19:20:30.000Z"),
        ("2013/7/6 9:05", "2013-07-06T09:05:00.000Z"),
        ("Tue 07 16 19:20:30.Z 2013", "2013-07-16T19:20:30.000Z"),
        ("Tue 07 16 19:20:30.+01:00 2013", "2013-07-16T18:20:30.000Z"),
        ("Tue Jul 16 19:20:30 +0100 2013", "2013-07-16T18:20:30.000Z"),
        ("Tue Jul 16 19:20:30 2013", "2013-07-16T19:20:30.000Z"),
        ("2026-11-21T01:02:03+09:00[Asia/Tokyo]", "2026-11-20T16:02:03.000Z"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.000Z"),
        ("0000-01-01", "0000-01-01T00:00:00.000Z"),
        ("3000-12-31T23:59:59Z", "3000-12-31T23:59:59.000Z"),
    ] {
        assert_eq!(utc(text).as_deref(), Some(expected), "{text}");
    }
}

/// `DAT-2`, `DAT-4`.
#[test]
fn other_formats_and_years_are_no_times() {
    for text in [
        "",
        "soon",
        "2026",
        "20261121",
        "2026-11",
        "2026-13-01",
        "2026-02-30",
        "2026-1-2",
        "2026-11-21T",
        "2026-11-21T25:00:00",
        "2026-11-21T24:00:01",
        "20261121T01020",
        "20261321T010203",
        "20261121 010203",
        "2026-11-21T01:60:00",
        "2026-11-21T01:02:61",
        "2026-11-21T01:02:03 JST",
        "2026-11-21T01:02:03Z and more",
        "2026-11-21x",
        "Mar 26 2026 06:12 PM +00:00",
        "16/07/2013",
        "3001-01-01",
        "-0001-01-01",
        "+12026-01-01",
        "99999-01-01",
        "2026-11-21T01:02:03Z\0",
        "２０２６-11-21",
        "Xyz Jul 16 19:20:30 2013",
        "1/2/3/2026",
    ] {
        assert_eq!(utc(text), None, "{text}");
    }
}

/// `DAT-3`; design, section 5: the workspace's zone stands in for a missing or broken offset, midnight included.
#[test]
fn a_missing_or_broken_offset_means_the_zone_of_the_workspace() {
    for (text, expected) in [
        ("2026-11-21T09:00:00", "2026-11-21T00:00:00.000Z"),
        ("2026/11/21", "2026-11-20T15:00:00.000Z"),
        ("2026-11-21", "2026-11-20T15:00:00.000Z"),
        ("2026-11-21T09:00:00+99:99", "2026-11-21T00:00:00.000Z"),
        ("2026-11-21T09:00:00+9", "2026-11-21T00:00:00.000Z"),
        ("2026-11-21T09:00:00Z", "2026-11-21T09:00:00.000Z"),
    ] {
        assert_eq!(shown(text, "Asia/Tokyo").as_deref(), Some(expected), "{text}");
    }
    assert_eq!(
        shown("2026-07-01 00:00:00", "Eastern Time (US & Canada)").as_deref(),
        Some("2026-07-01T04:00:00.000Z")
    );
}

/// Design, section 5: `dob` takes the written calendar date.
#[test]
fn the_written_calendar_date_is_kept_whatever_the_offset() {
    for (text, expected) in [
        ("1980-12-21", "1980-12-21"),
        ("1980/12/21", "1980-12-21"),
        ("12/21/1980", "1980-12-21"),
        ("1980-12-21T23:59:59-12:00", "1980-12-21"),
        ("1980-12-21T00:00:00+14:00", "1980-12-21"),
    ] {
        assert_eq!(parse_date(text).map(|date| date.to_string()).as_deref(), Some(expected), "{text}");
    }
    assert_eq!(parse_date("1980-02-30"), None);
}

#[test]
fn text_has_milliseconds_and_never_runs_ahead() {
    for (micros, text) in [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_999, "1970-01-01T00:00:00.001Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (-62_167_219_200_000_000, "0000-01-01T00:00:00.000Z"),
        (i64::MAX, "9999-12-30T22:00:00.999Z"),
    ] {
        assert_eq!(Timestamp::from_micros(micros).to_string(), text);
    }
}

#[test]
fn arithmetic_saturates() {
    assert_eq!(Timestamp::from_micros(i64::MAX).plus_micros(1).as_micros(), i64::MAX);
    assert_eq!(Timestamp::from_millis(i64::MIN).as_micros(), i64::MIN);
    assert_eq!(Timestamp::from_micros(-1).as_millis(), -1);
}

#[test]
fn only_rfc_3339_is_deserialized() {
    assert_eq!(
        serde_json::from_str::<Timestamp>("\"1970-01-01T09:00:00.000001+09:00\"").unwrap(),
        Timestamp::from_micros(1)
    );
    for text in ["\"1970-01-01\"", "\"\"", "0", "null"] {
        assert!(serde_json::from_str::<Timestamp>(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn a_time_comes_back_from_its_text(millis in -62_167_219_200_000_i64..32_535_216_000_000) {
        let at = Timestamp::from_millis(millis);
        let text = at.to_string();
        prop_assert_eq!(parse_time(&text, &Zone::parse("Asia/Tokyo").unwrap()), Some(at));
        prop_assert_eq!(serde_json::from_str::<Timestamp>(&format!("\"{text}\"")).unwrap(), at);
    }

    /// Our reader against the library's, on what both claim to read.
    #[test]
    fn rfc_3339_is_read_as_the_library_reads_it(
        year in 0_u16..=3000, month in 1_u8..=13, day in 1_u8..=32, hour in 0_u8..=24, minute in 0_u8..=60,
        second in 0_u8..=59, fraction in "(\\.[0-9]{1,9})?", offset in "Z|[+-](0[0-9]|1[0-7]):[0-5][0-9]",
    ) {
        let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{offset}");
        let theirs = text.parse::<jiff::Timestamp>().ok().map(|at| at.as_nanosecond().div_euclid(1_000));
        let ours = parse_time(&text, &Zone::utc()).map(|at| i128::from(at.as_micros()));
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn no_text_makes_the_reader_fail(text in ".{0,40}", noise in "[0-9TZ:/ .+\\-]{0,30}") {
        let _ = (parse_time(&text, &Zone::utc()), parse_time(&noise, &Zone::utc()), parse_date(&noise));
    }
}
