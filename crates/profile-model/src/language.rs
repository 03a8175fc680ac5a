//! Languages that are accepted.

/// ISO 639-1 and the exceptions of section 3.3, sorted.
#[rustfmt::skip]
const CODES: &[&str] = &[
    "af", "agq", "ak", "am", "ar", "as", "ay", "az", "bas", "be", "bem", "bez", "bg", "bn", "bo", "br",
    "bs", "ca", "cgg", "chr", "cs", "cy", "da", "dav", "de", "dje", "dua", "dyo", "dz", "ebu", "ee", "el",
    "en", "eo", "es", "et", "eu", "ewo", "fa", "ff", "fi", "fil", "fo", "fr", "ga", "gd", "gl", "gn", "gsw",
    "gu", "guz", "gv", "ha", "haw", "he", "hi", "hr", "hu", "hy", "id", "ig", "ii", "is", "it", "iu", "ja",
    "jmc", "jv", "ka", "kab", "kam", "ki", "kk", "kl", "kln", "km", "kn", "ko", "ks", "ksb", "ksf", "ku",
    "kw", "ky", "la", "lb", "lg", "ln", "lo", "lt", "lu", "luo", "luy", "lv", "mas", "mer", "mfe", "mg",
    "mk", "ml", "mn", "mo", "mr", "ms", "mt", "mua", "my", "naq", "nb", "nd", "ne", "nl", "nn", "nus",
    "nyn", "om", "pa", "pl", "ps", "pt", "qu", "rm", "ro", "rof", "ru", "rw", "rwk", "sa", "saq", "sbp",
    "sd", "se", "seh", "shi", "si", "sk", "sl", "sn", "so", "sq", "sr", "sv", "sw", "swc", "ta", "te",
    "teo", "tg", "th", "ti", "tk", "tl", "to", "tr", "tt", "twq", "tzm", "ug", "uk", "ur", "uz", "vai",
    "vi", "vun", "xh", "yav", "yi", "yo", "zh", "zu",
];

/// The language a text names: a supported code in any case, alone or with a region behind it (`ja-JP`, `en_US`: phones
/// and shops send locales; the language in them is kept). `None` if it is not supported: the value is not set.
pub(crate) fn language_code(text: &str) -> Option<&'static str> {
    let code = text.trim().split(['-', '_']).next()?.to_ascii_lowercase();
    CODES.binary_search(&code.as_str()).ok().and_then(|index| CODES.get(index)).copied()
}

#[cfg(test)]
mod tests {
    use super::{CODES, language_code};

    /// Section 3.3.
    #[test]
    fn listed_languages_are_supported_and_others_are_not() {
        assert!(CODES.is_sorted());
        assert_eq!(CODES.len(), 170);
        for (text, code) in [("ja", "ja"), ("EN", "en"), ("ja-JP", "ja"), ("zh_TW", "zh"), ("kab", "kab")] {
            assert_eq!(language_code(text), Some(code), "{text}");
        }
        for text in ["", "xx", "japanese", "日本語", "e"] {
            assert_eq!(language_code(text), None, "{text}");
        }
    }
}
