//! A time as written: calendar date, clock time, offset. One hand-written reader instead of a list of format strings:
//! it is on the path of every event, and the formats differ only in their punctuation.

use jiff::civil::{Date, Time};
use jiff::tz::Offset;

use crate::{Timestamp, Zone};

/// Latest year accepted (`DAT-4`). The earliest is 0: four digits cannot say less.
const LAST_YEAR: i16 = 3_000;

/// What stands in the text.
pub(super) struct Written {
    pub(super) date: Date,
    time: Time,
    /// `None`: not written, or broken (`DAT-3`).
    offset: Option<Offset>,
}

impl Written {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim_ascii();
        if text.starts_with(|first: char| first.is_ascii_alphabetic()) {
            return Self::parse_weekday_form(text);
        }
        let (date, rest) = take_date(text)?;
        if rest.is_empty() {
            return Some(Self { date, time: Time::midnight(), offset: None });
        }
        let rest = rest.strip_prefix(['T', 't', ' '])?;
        // The end of a day is the beginning of the next.
        let midnight = ["24:00:00", "24:00", "240000", "2400"].iter().find_map(|end| rest.strip_prefix(end));
        if let Some(offset) = midnight {
            let (date, time) = (date.tomorrow().ok()?, Time::midnight());
            return Some(Self { date, time, offset: read_offset(offset.trim_start_matches(".000"))? });
        }
        let (time, rest) = take_time(rest)?;
        Some(Self { date, time, offset: read_offset(rest)? })
    }

    /// `ddd MM dd HH:mm:ss.TZD yyyy`, also with a month name and with the offset set off by a blank.
    fn parse_weekday_form(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        if !is_weekday(words.next()?.trim_end_matches(',')) {
            return None;
        }
        let month = words.next()?;
        let month = month_number(month).or_else(|| exact_digits(month, 2))?;
        let day = words.next()?;
        let day = small_number(day)?;
        let (time, attached) = take_time(words.next()?)?;
        let attached = attached.strip_prefix('.').unwrap_or(attached);
        let offset = if attached.is_empty() { None } else { read_offset(attached)? };
        let mut year = words.next()?;
        let mut offset = offset;
        if let Some(last) = words.next() {
            offset = read_offset(year)?;
            year = last;
        }
        let year = (year.len() == 4).then(|| exact_digits(year, 4)).flatten()?;
        let date = checked_date(year, month, day)?;
        words.next().is_none().then_some(Self { date, time, offset })
    }

    /// The point in time; a gap or fold of a zone's clock is resolved as RFC 5545 does.
    pub(super) fn resolve(&self, zone: &Zone) -> Option<Timestamp> {
        let civil = self.date.to_datetime(self.time);
        let timestamp = match self.offset {
            Some(offset) => offset.to_timestamp(civil),
            None => zone.as_jiff().to_timestamp(civil),
        };
        Some(Timestamp::from_micros(timestamp.ok()?.as_microsecond()))
    }
}

/// `yyyy-MM-dd`, `yyyy/M/d`, `M/d/yyyy`, and `yyyyMMdd` before a `T` (alone it is a number); what follows is left over.
fn take_date(text: &str) -> Option<(Date, &str)> {
    let bytes = text.as_bytes();
    if let Some((date @ [_, _, _, _, _, _, _, _], [b'T' | b't', ..])) = bytes.split_at_checked(8)
        && date.iter().all(u8::is_ascii_digit)
    {
        let (year, rest) = date.split_at(4);
        let (month, day) = rest.split_at(2);
        return Some((checked_date(digits(year)?, digits(month)?, digits(day)?)?, text.get(8..)?));
    }
    if let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, ..] = bytes {
        let date = checked_date(digits(&[*y1, *y2, *y3, *y4])?, digits(&[*m1, *m2])?, digits(&[*d1, *d2])?)?;
        return Some((date, text.get(10..)?));
    }
    let end =
        text.find(|character: char| !character.is_ascii_digit() && character != '/').unwrap_or(text.len());
    let (date, rest) = text.split_at_checked(end)?;
    let mut parts = date.split('/');
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let date = if first.len() == 4 {
        checked_date(exact_digits(first, 4)?, small_number(second)?, small_number(third)?)
    } else {
        checked_date(exact_digits(third, 4)?, small_number(first)?, small_number(second)?)
    };
    Some((date?, rest))
}

/// `HH:mm`, `HH:mm:ss`, `HH:mm:ss.fraction`, also with one digit for the hour (as spreadsheets write it); without colons
/// as `HH`, `HHmm`, `HHmmss`.
fn take_time(text: &str) -> Option<(Time, &str)> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    let (mut second, mut nanosecond) = (0, 0);
    let (hour, minute, mut rest, seconds) = match length {
        4 | 6 => {
            let (hour, minute) = (exact_digits(text.get(..2)?, 2)?, exact_digits(text.get(2..4)?, 2)?);
            (hour, minute, text.get(4..)?, text.get(4..).filter(|_| length == 6))
        }
        _ => {
            let hour = small_number(text.get(..length)?)?;
            match text.get(length..)?.strip_prefix(':') {
                Some(rest) => {
                    let (minute, rest) = (exact_digits(rest.get(..2)?, 2)?, rest.get(2..)?);
                    (hour, minute, rest, rest.strip_prefix(':'))
                }
                None if length == 2 => (hour, 0, text.get(2..)?, None),
                None => return None,
            }
        }
    };
    if let Some(seconds) = seconds {
        // A leap second is the last one of its minute: no clock of ours has a place for it.
        second =
            exact_digits(seconds.get(..2)?, 2)?.min(if seconds.starts_with("60") { 59 } else { i16::MAX });
        rest = seconds.get(2..)?;
        if let Some(fraction) = rest.strip_prefix(['.', ',', ':']) {
            let length = fraction.bytes().take_while(u8::is_ascii_digit).count();
            if length > 0 {
                nanosecond = nanoseconds(fraction.get(..length)?);
                rest = fraction.get(length..)?;
            }
        }
    }
    let time = Time::new(narrow(hour)?, narrow(minute)?, narrow(second)?, nanosecond).ok()?;
    Some((time, rest))
}

/// The offset behind a time. Outer `None`: no offset at all, so the text is no time. Inner `None`: nothing written, or
/// the broken form of an offset, which counts as none (`DAT-3`).
fn read_offset(text: &str) -> Option<Option<Offset>> {
    let text = text.trim_ascii();
    if text.is_empty() {
        return Some(None);
    }
    if ["Z", "UTC", "GMT"].iter().any(|name| text.eq_ignore_ascii_case(name)) {
        return Some(Some(Offset::UTC));
    }
    // RFC 9557 repeats the zone's name in brackets; the offset says all that is needed.
    let text = match text.split_once('[') {
        Some((offset, name)) if name.ends_with(']') => offset,
        _ => text,
    };
    if text.eq_ignore_ascii_case("Z") {
        return Some(Some(Offset::UTC));
    }
    let negative = text.starts_with('-');
    let written = text.strip_prefix(['+', '-'])?;
    let looks_like_one =
        written.len() <= 12 && written.bytes().all(|byte| byte.is_ascii_digit() || b":.+-".contains(&byte));
    if !looks_like_one {
        return None;
    }
    Some(
        offset_seconds(written)
            .and_then(|seconds| Offset::from_seconds(if negative { -seconds } else { seconds }).ok()),
    )
}

/// `hh`, `hhmm`, `hh:mm` or `hh:mm:ss` in seconds; at most 18 hours.
fn offset_seconds(written: &str) -> Option<i32> {
    let (hours, minutes, seconds) = match (written.len(), written.as_bytes()) {
        (2, _) => (written, "00", "00"),
        (4, _) => (written.get(..2)?, written.get(2..)?, "00"),
        (5, [_, _, b':', ..]) => (written.get(..2)?, written.get(3..)?, "00"),
        (8, [_, _, b':', _, _, b':', ..]) => (written.get(..2)?, written.get(3..5)?, written.get(6..)?),
        _ => return None,
    };
    let (hours, minutes, seconds) =
        (exact_digits(hours, 2)?, exact_digits(minutes, 2)?, exact_digits(seconds, 2)?);
    let total = i32::from(hours) * 3_600 + i32::from(minutes) * 60 + i32::from(seconds);
    (minutes < 60 && seconds < 60 && total <= 18 * 3_600).then_some(total)
}

fn checked_date(year: i16, month: i16, day: i16) -> Option<Date> {
    if year > LAST_YEAR {
        return None;
    }
    Date::new(year, narrow(month)?, narrow(day)?).ok()
}

fn narrow(number: i16) -> Option<i8> {
    i8::try_from(number).ok()
}

/// One or two digits.
fn small_number(text: &str) -> Option<i16> {
    matches!(text.len(), 1 | 2).then(|| digits(text.as_bytes())).flatten()
}

fn exact_digits(text: &str, length: usize) -> Option<i16> {
    (text.len() == length).then(|| digits(text.as_bytes())).flatten()
}

/// At most four digits.
fn digits(bytes: &[u8]) -> Option<i16> {
    bytes
        .iter()
        .try_fold(0, |number: i16, byte| byte.is_ascii_digit().then(|| number * 10 + i16::from(*byte - b'0')))
}

/// A fraction of a second in whole microseconds, later digits dropped.
fn nanoseconds(fraction: &str) -> i32 {
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(6);
    digits.fold(0, |number, digit| number * 10 + i32::from(digit - b'0')) * 1_000
}

fn is_weekday(word: &str) -> bool {
    const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let word = word.to_ascii_lowercase();
    DAYS.iter().any(|day| *day == word || day.get(..3) == Some(&word))
}

fn month_number(word: &str) -> Option<i16> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let word = word.to_ascii_lowercase();
    let index = MONTHS.iter().position(|month| *month == word || month.get(..3) == Some(&word))?;
    i16::try_from(index + 1).ok()
}
