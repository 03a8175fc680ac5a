//! The published vector and our own (line.md A1), byte by byte.

use super::{sign, verify};

const LINE_KEY: &str = "8c570fa6dd201bb328f1c1eac23a96d8";
const OUR_KEY: &str = "0123456789abcdef0123456789abcdef";

const EMPTY: &[u8] = include_bytes!("../../../../fixtures/line/signature-empty-events.json");
const FOLLOW: &[u8] = include_bytes!("../../../../fixtures/line/signature-follow.json");
const FOLLOW_AGAIN: &[u8] = include_bytes!("../../../../fixtures/line/signature-follow-redelivered.json");
const EMOJI: &[u8] = include_bytes!("../../../../fixtures/line/signature-message-escaped.json");

const FOLLOW_SIGNATURE: &str = "SdxOQ92cEmKheVqsTfH+SSDRjz75M1DO4xosR0bVNDs=";
const EMOJI_SIGNATURE: &str = "5hyYCElzIiBzXR3OIBRMQEg8qjLcxQb1njtp0RlYZwU=";

#[test]
fn the_vector_published_by_line_is_reproduced() {
    assert_eq!(sign(LINE_KEY, EMPTY), "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs=");
    assert!(verify(&[LINE_KEY], EMPTY, Some("GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs=")));
}

#[test]
fn a_redelivery_has_another_signature_and_both_are_right() {
    assert_eq!(sign(OUR_KEY, FOLLOW), FOLLOW_SIGNATURE);
    assert_eq!(sign(OUR_KEY, FOLLOW_AGAIN), "oOIYPB4agcOQSwuespoEqevkju6ajpRIdfgAnui0LGs=");
    assert!(!verify(&[OUR_KEY], FOLLOW_AGAIN, Some(FOLLOW_SIGNATURE)));
}

#[test]
fn the_secret_is_text_and_not_hex() {
    assert!(!verify(&[OUR_KEY], FOLLOW, Some("lru5Iu086lsWZriWjSBzeEKaJGDbJqHeY59+xLwAS9Y=")));
}

#[test]
fn a_body_that_was_decoded_and_encoded_again_is_refused() {
    assert_eq!(sign(OUR_KEY, EMOJI), EMOJI_SIGNATURE);
    let text = std::str::from_utf8(EMOJI).unwrap();
    let reencoded = text.replace(r"\uD83E\uDD28", "\u{1F928}");
    assert_ne!(reencoded, text);
    assert_eq!(sign(OUR_KEY, reencoded.as_bytes()), "Hv0agpm9acDfdtaMaERSqaNCviKXPo7s1sRuzYMKXTo=");
    assert!(!verify(&[OUR_KEY], reencoded.as_bytes(), Some(EMOJI_SIGNATURE)));
    assert!(!verify(&[OUR_KEY], EMOJI, Some("Hv0agpm9acDfdtaMaERSqaNCviKXPo7s1sRuzYMKXTo=")));
}

#[test]
fn absent_empty_truncated_and_url_safe_headers_are_refused() {
    assert!(verify(&[OUR_KEY], FOLLOW, Some(FOLLOW_SIGNATURE)));
    assert!(!verify(&[OUR_KEY], FOLLOW, None));
    assert!(!verify(&[OUR_KEY], FOLLOW, Some("")));
    for cut in 1..FOLLOW_SIGNATURE.len() {
        assert!(!verify(&[OUR_KEY], FOLLOW, Some(&FOLLOW_SIGNATURE[..cut])), "cut at {cut}");
    }
    let url_safe = FOLLOW_SIGNATURE.replace('+', "-").replace('/', "_");
    assert_ne!(url_safe, FOLLOW_SIGNATURE);
    assert!(!verify(&[OUR_KEY], FOLLOW, Some(&url_safe)));
    assert!(!verify(&[OUR_KEY], FOLLOW, Some(&format!("{FOLLOW_SIGNATURE} "))));
    assert!(!verify(&[OUR_KEY], FOLLOW, Some(&format!("{FOLLOW_SIGNATURE}AAAA"))));
}

#[test]
fn any_of_several_secrets_is_accepted_and_none_is_not_a_pass() {
    assert!(verify(&["next-secret", OUR_KEY], FOLLOW, Some(FOLLOW_SIGNATURE)));
    assert!(verify(&[OUR_KEY, "next-secret"], FOLLOW, Some(FOLLOW_SIGNATURE)));
    assert!(!verify(&[LINE_KEY], FOLLOW, Some(FOLLOW_SIGNATURE)));
    assert!(!verify(&[], FOLLOW, Some(FOLLOW_SIGNATURE)));
    assert!(!verify(&[""], FOLLOW, Some(&sign("", FOLLOW))));
}
