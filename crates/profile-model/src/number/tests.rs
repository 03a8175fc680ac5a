use proptest::prelude::*;
use serde_json::Number;

use super::*;

fn number(text: &str) -> Number {
    text.parse().expect("JSON number")
}

fn canonical_text(text: &str) -> Option<String> {
    canonical(&number(text)).map(|number| number.as_str().to_owned())
}

/// Design, section 4: numbers keep one canonical text.
#[test]
fn one_value_has_one_text() {
    for (sent, stored) in [
        ("1", "1"),
        ("-1", "-1"),
        ("-0", "0"),
        ("-0.0", "0.0"),
        ("0.0", "0.0"),
        ("1.0", "1.0"),
        ("1.00", "1.0"),
        ("1.50", "1.5"),
        ("-1.500", "-1.5"),
        ("1e3", "1000"),
        ("1E+3", "1000"),
        ("1.0e3", "1000.0"),
        ("1.5e1", "15.0"),
        ("1e-2", "0.01"),
        ("100e-2", "1"),
        ("100.0e-2", "1.0"),
        ("0e999999999999999", "0"),
        ("12345678901234567890", "12345678901234567890"),
        ("0.1234567890123456789012345", "0.1234567890123456789012345"),
        ("1.7976931348623157e308", &format!("17976931348623157{}.0", "0".repeat(292))),
    ] {
        assert_eq!(canonical_text(sent).as_deref(), Some(stored), "{sent}");
    }
}

/// Design, section 4: both engines must store alike; what needs too many digits is no value.
#[test]
fn magnitudes_beyond_the_bound_are_refused() {
    for refused in
        ["1e345", "1e-346", "1e999999999999999999999", "1e-99999999999999999999999999", &"9".repeat(346)]
    {
        assert_eq!(canonical_text(refused), None, "{refused}");
    }
    assert!(canonical_text("1e344").is_some());
    assert!(canonical_text("5e-324").is_some());
    assert!(canonical_text("4.9406564584124654e-324").is_some());
}

/// `CAT-3`, section 3.5: `inc` is exact beyond 64 bits and for decimals.
#[test]
fn sums_are_exact() {
    for (left, right, sum) in [
        ("1", "2", "3"),
        ("1", "-2", "-1"),
        ("9223372036854775807", "1", "9223372036854775808"),
        ("12345678901234567890", "1", "12345678901234567891"),
        ("-12345678901234567890", "12345678901234567890", "0"),
        ("0.1", "0.2", "0.3"),
        ("1", "0.5", "1.5"),
        ("1.5", "-0.5", "1.0"),
        ("99999999999999999999", "0.00000000000000000001", "99999999999999999999.00000000000000000001"),
        ("100", "-0.01", "99.99"),
    ] {
        assert_eq!(add(&number(left), &number(right)).expect("sum").as_str(), sum, "{left} + {right}");
    }
    assert_eq!(add(&number(&"9".repeat(345)), &number("1")), None);
}

/// `PUR-3`: revenue is price times quantity.
#[test]
fn products_are_exact() {
    for (price, quantity, revenue) in
        [("19.99", 3, "59.97"), ("-5", 2, "-10"), ("0.1", 10, "1.0"), ("3", 0, "0"), ("-0.5", 0, "0.0")]
    {
        assert_eq!(multiply(&number(price), quantity).expect("product").as_str(), revenue);
    }
}

#[test]
fn integers_are_told_by_their_text() {
    assert!(is_integer(&number("12345678901234567890")));
    assert!(!is_integer(&number("1.0")));
}

#[test]
fn floats_for_display_are_finite() {
    assert_eq!(to_f64(&number("59.97")), 59.97);
    assert_eq!(to_f64(&number("1e400")), f64::MAX);
}

prop_compose! {
    fn decimal_text()(
        sign in "-?", whole in "0|[1-9][0-9]{0,30}", fraction in "(\\.[0-9]{1,20})?", exponent in "([eE][+-]?[0-9]{1,2})?",
    ) -> String {
        format!("{sign}{whole}{fraction}{exponent}")
    }
}

proptest! {
    #[test]
    fn canonical_is_idempotent_and_keeps_the_value(text in decimal_text()) {
        let once = canonical(&number(&text)).expect("within the bound");
        prop_assert_eq!(canonical(&once), Some(once.clone()));
        prop_assert!(is_canonical(once.as_str()));
        prop_assert_eq!(once.as_str().parse::<f64>().unwrap(), text.parse::<f64>().unwrap());
    }

    #[test]
    fn adding_is_commutative(left in decimal_text(), right in decimal_text()) {
        let (left, right) = (number(&left), number(&right));
        prop_assert_eq!(add(&left, &right), add(&right, &left));
    }

    #[test]
    fn adding_is_associative(a in decimal_text(), b in decimal_text(), c in decimal_text()) {
        let (a, b, c) = (number(&a), number(&b), number(&c));
        let left = add(&add(&a, &b).unwrap(), &c);
        let right = add(&a, &add(&b, &c).unwrap());
        prop_assert_eq!(left, right);
    }

    #[test]
    fn integers_add_as_integers(left in any::<i64>(), right in any::<i64>()) {
        let sum = add(&Number::from(left), &Number::from(right)).unwrap();
        prop_assert_eq!(sum.as_str(), (i128::from(left) + i128::from(right)).to_string());
    }

    #[test]
    fn hundredths_add_as_hundredths(left in -10_000_000_i64..10_000_000, right in -10_000_000_i64..10_000_000) {
        let cents = |cents: i64| number(&format!("{}{}.{:02}", if cents < 0 { "-" } else { "" }, cents.abs() / 100, cents.abs() % 100));
        prop_assert_eq!(add(&cents(left), &cents(right)), canonical(&cents(left + right)));
    }

    #[test]
    fn what_is_added_can_be_taken_back(left in decimal_text(), right in "0|[1-9][0-9]{0,30}") {
        let left = canonical(&number(&left)).unwrap();
        let there = add(&left, &number(&right)).unwrap();
        let back = add(&there, &canonical(&number(&format!("-{right}"))).unwrap()).unwrap();
        prop_assert_eq!(back, left);
    }

    #[test]
    fn a_product_is_a_repeated_sum(text in decimal_text(), times in 1_u32..20) {
        let number = canonical(&number(&text)).unwrap();
        let mut sum = number.clone();
        for _ in 1..times {
            sum = add(&sum, &number).unwrap();
        }
        prop_assert_eq!(multiply(&number, times), Some(sum));
    }
}
