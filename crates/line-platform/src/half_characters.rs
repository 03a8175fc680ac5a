//! Half of a character in JSON text: what a program writes that cut a string in the middle of an emoji. It is grammatical
//! JSON that no reader of Unicode text takes.

/// JSON text with `\uFFFD` for each `\uD800`..`\uDFFF` escape that has no partner; the rest as it is.
#[must_use]
pub fn without_half_characters(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let taken = match (surrogate(escape), escape.get(6..).and_then(surrogate)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(_), _) => {
                out.push_str("\\uFFFD");
                rest = &escape[6..];
                continue;
            }
            // Two bytes, so that the second half of `\\` is not taken for the start of another escape.
            (None, _) => 1 + escape[1..].chars().next().map_or(0, char::len_utf8),
        };
        let (kept, after) = escape.split_at(taken);
        out.push_str(kept);
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The code unit at the start of `text`, if it is written as an escape and is half of a pair.
fn surrogate(text: &str) -> Option<u16> {
    let unit = u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()?;
    (0xD800..=0xDFFF).contains(&unit).then_some(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_replaced_and_pairs_stay() {
        for (text, expected) in [
            (r#""a\ud83d""#, r#""a\uFFFD""#),
            (r#""\ude00\ud83d\ude00""#, r#""\uFFFD\ud83d\ude00""#),
            (r#""\\ud83d""#, r#""\\ud83d""#),
            (r#""\u00e9""#, r#""\u00e9""#),
        ] {
            assert_eq!(without_half_characters(text), expected);
        }
    }
}
