//! Values that many strangers share: they never join anybody.

use crate::{Key, Kind, Phone, Settings};

/// What people and programs write where they have nothing to write. Compared in lower case.
const JUNK: &[&str] = &[
    "null",
    "undefined",
    "none",
    "nil",
    "nan",
    "n/a",
    "na",
    "-",
    "test",
    "unknown",
    "anonymous",
    "guest",
    "default",
    "0",
    "00",
    "000",
    "0000",
    "00000",
    "000000",
    "0000000",
    "00000000",
    "1234",
    "12345",
    "123456",
    "test@test.com",
    "test@example.com",
    "test@test.co.jp",
    "test@example.co.jp",
    "test@gmail.com",
    "a@a.com",
    "aa@aa.com",
    "aaa@aaa.com",
    "abc@abc.com",
    "example@example.com",
    "user@example.com",
    "asdf@asdf.com",
    "none@none.com",
    "no@no.com",
    "noemail@noemail.com",
    "null@null.com",
    "email@email.com",
    "mail@mail.com",
    "sample@sample.com",
    "sample@example.com",
    "dummy@dummy.com",
    "dummy@example.com",
    "xxx@xxx.com",
    "noreply@example.com",
    "no-reply@example.com",
    "info@example.com",
    "unknown@unknown.com",
];

/// Whether a shared value says nothing about who somebody is: the built-in list, the workspace's own, and phone numbers
/// whose last seven digits are all the same or a simple run.
#[must_use]
pub fn is_common_value(key: &Key, settings: &Settings) -> bool {
    let value = key.value.to_lowercase();
    JUNK.contains(&value.as_str())
        || settings.common_values.iter().any(|own| is_written_as(own, key, settings))
        || (key.kind == Kind::Phone && is_made_up(&value))
}

/// Whether a value that the workspace listed is this one: as every door reads it, so that a phone number may be listed as
/// people write it in the workspace's region.
fn is_written_as(own: &str, key: &Key, settings: &Settings) -> bool {
    match key.kind {
        Kind::Phone => Phone::parse(own, &settings.phone_region).phone.key() == Some(&*key.value),
        _ => own.trim().to_lowercase() == key.value.to_lowercase(),
    }
}

fn is_made_up(e164: &str) -> bool {
    let digits: Vec<u8> = e164.bytes().filter(u8::is_ascii_digit).collect();
    let Some(tail) = digits.len().checked_sub(7).and_then(|from| digits.get(from..)) else { return false };
    let same = tail.windows(2).all(|pair| pair[0] == pair[1]);
    let rising = tail.windows(2).all(|pair| pair[1] == pair[0] + 1);
    same || rising
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Email, Phone};

    fn email(text: &str) -> Key {
        Key::email(&Email::parse(text).unwrap())
    }

    fn phone(text: &str) -> Key {
        Key::phone(&Phone::parse(text, "JP").phone).unwrap()
    }

    #[test]
    fn junk_of_the_list_and_of_the_workspace_joins_nobody() {
        let settings = Settings { common_values: vec![" Shop@Example.JP".into()], ..Settings::default() };
        assert!(is_common_value(&email("Test@Test.com"), &settings));
        assert!(is_common_value(&email("shop@example.jp"), &settings));
        assert!(!is_common_value(&email("shop@example.jp"), &Settings::default()));
        assert!(!is_common_value(&email("hanako@example.com"), &settings));
    }

    /// Design, section 5: one function reads phone numbers at every door, in the region of the workspace.
    #[test]
    fn a_phone_number_of_the_workspace_is_read_in_its_region() {
        let shared = phone("03-5550-9876");
        for own in ["0355509876", "03-5550-9876", "+81 3 5550 9876", "355509876"] {
            let settings = |region: &str| {
                let text = serde_json::json!({"phone_region": region, "common_values": [own]});
                serde_json::from_value::<Settings>(text).unwrap()
            };
            assert!(is_common_value(&shared, &settings("JP")), "{own}");
            assert_eq!(is_common_value(&shared, &settings("US")), own.starts_with('+'), "{own}");
            assert!(!is_common_value(&phone("03-5550-9875"), &settings("JP")), "{own}");
        }
    }

    #[test]
    fn made_up_phone_numbers_join_nobody() {
        let settings = Settings::default();
        assert!(is_common_value(&phone("+819011111111"), &settings));
        assert!(is_common_value(&phone("+819091234567"), &settings));
        assert!(!is_common_value(&phone("+819012348765"), &settings));
    }
}
