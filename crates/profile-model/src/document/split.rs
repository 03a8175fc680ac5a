//! Where the members of a JSON object stand in its text.

use super::{Entry, Part};

mod general;

/// The members of the object in order. Text as [`Document::to_json`](super::Document::to_json) writes it is only
/// skipped through (it was checked when it was written, and this is on the path of every write); anything else is
/// read, and refused, by the JSON library.
pub(super) fn members(text: &str) -> Result<Vec<Entry>, serde_json::Error> {
    match own_members(text.as_bytes()) {
        Some(entries) => Ok(entries),
        None => general::members(text),
    }
}

/// `None` if the text has blanks between its parts, a name with escapes, or is not an object at all.
fn own_members(text: &[u8]) -> Option<Vec<Entry>> {
    if text == b"{}" {
        return Some(Vec::new());
    }
    let mut entries = Vec::with_capacity(12);
    let mut at = 1;
    if text.first() != Some(&b'{') {
        return None;
    }
    loop {
        if text.get(at) != Some(&b'"') {
            return None;
        }
        let end = skip_string(text, at)?;
        let name = at + 1..end - 1;
        if text.get(name.clone())?.contains(&b'\\') || text.get(end) != Some(&b':') {
            return None;
        }
        let value = end + 1..skip_value(text, end + 1)?;
        at = value.end + 1;
        let behind = text.get(value.end);
        entries.push(Entry {
            name: Part::Source { start: name.start, end: name.end },
            value: Part::Source { start: value.start, end: value.end },
        });
        match behind {
            Some(b',') => {}
            Some(b'}') if at == text.len() => return Some(entries),
            _ => return None,
        }
    }
}

/// The end of the value that begins at `start`.
fn skip_value(text: &[u8], start: usize) -> Option<usize> {
    match text.get(start)? {
        b'"' => skip_string(text, start),
        b'{' | b'[' => skip_nested(text, start),
        _ => {
            let rest = text.get(start..)?;
            let is_scalar = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
            let length = rest.iter().position(|byte| !is_scalar(byte))?;
            (length > 0).then_some(start + length)
        }
    }
}

/// The end of the array or object that begins at `start`: brackets outside strings are counted.
fn skip_nested(text: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = start;
    loop {
        match text.get(at)? {
            b'"' => {
                at = skip_string(text, at)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

/// The end of the string whose opening quote is at `start`.
fn skip_string(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += text.get(at..)?.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        if text.get(at) == Some(&b'"') {
            return Some(at + 1);
        }
        // An escape: the next byte cannot end the string.
        at += 2;
    }
}
