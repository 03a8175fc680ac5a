//! Addresses that a key may be used from (`GEN-3`).

use std::net::IpAddr;

use ipnet::IpNet;

use crate::AdminError;

/// An address or CIDR block as it is stored: without blanks, without the bits behind the prefix, IPv4 as IPv4.
///
/// # Errors
/// [`AdminError::BadAddress`]: a key with one that cannot be read would be shut out everywhere.
pub(super) fn parse_allowed(text: &str) -> Result<String, AdminError> {
    let text = text.trim();
    let block = text.parse::<IpNet>().map(|block| block.trunc().to_string());
    let address = || text.parse::<IpAddr>().map(|address| address.to_canonical().to_string());
    block.or_else(|_| address()).map_err(|_| AdminError::BadAddress(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::parse_allowed;

    #[test]
    fn addresses_and_blocks_are_stored_in_one_form() {
        for (text, stored) in [
            ("192.0.2.7", "192.0.2.7"),
            (" 10.1.2.3/8 ", "10.0.0.0/8"),
            ("2001:DB8::/32", "2001:db8::/32"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("0.0.0.0/0", "0.0.0.0/0"),
        ] {
            assert_eq!(parse_allowed(text).unwrap(), stored);
        }
    }

    #[test]
    fn anything_else_is_refused_with_the_text_and_an_example() {
        for text in
            ["", "localhost", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/8,192.0.2.7", "10.0.0.0 - 10.0.0.9"]
        {
            let message = parse_allowed(text).unwrap_err().to_string();
            assert!(message.contains(&format!("'{text}'")) && message.contains("10.0.0.0/8"), "{message}");
        }
    }
}
