//! Exact decimal numbers: one canonical text per value, never through a float.
//!
//! A canonical number is plain decimal text: no exponent, no leading zeros, no negative zero, no trailing zeros behind
//! the point but the one of `1.0`. A number written with a point keeps one (`1.0` is not `1`): what an integer is, is
//! decided by the text.

use serde_json::Number;

use decimal::Decimal;

mod decimal;

/// Most digits a canonical number may have, before and behind the point together. Enough for every `f64` written in
/// full, small enough that no number is a burden.
pub const MAX_NUMBER_DIGITS: usize = 345;

/// The canonical form; `None` if that needs more than [`MAX_NUMBER_DIGITS`] digits.
///
/// An exponent is multiplied out: `1e3` is `1000`, `1.5e1` is `15.0`, `1e-2` is `0.01`.
#[must_use]
pub fn canonical(number: &Number) -> Option<Number> {
    if is_canonical(number.as_str()) {
        return Some(number.clone());
    }
    Decimal::parse(number.as_str())?.into_number()
}

/// Whether the text is canonical already, by one look at its bytes.
fn is_canonical(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.len() > MAX_NUMBER_DIGITS {
        return false;
    }
    match digits.split_once('.') {
        None => digits.bytes().all(|byte| byte.is_ascii_digit()) && text != "-0",
        Some((whole, fraction)) => {
            whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit())
                && (fraction == "0" || !fraction.ends_with('0'))
                && text != "-0.0"
        }
    }
}

/// Whether a canonical number was written without a point.
#[must_use]
pub fn is_integer(number: &Number) -> bool {
    !number.as_str().contains(['.', 'e', 'E'])
}

/// The text of a canonical number without the `.0` that a whole one may carry: the same for `1` and `1.0`, which are one
/// value where values are compared (`ARR-2`) and where a whole number is wanted (`PUR-3`).
#[must_use]
pub fn value_text(number: &Number) -> &str {
    number.as_str().strip_suffix(".0").unwrap_or(number.as_str())
}

/// The exact sum; an integer if both are (`{"inc": n}`). `None` if it needs more than [`MAX_NUMBER_DIGITS`] digits.
#[must_use]
pub fn add(left: &Number, right: &Number) -> Option<Number> {
    if let (Ok(left), Ok(right)) = (left.as_str().parse::<i64>(), right.as_str().parse::<i64>())
        && let Some(sum) = left.checked_add(right)
    {
        return Some(Number::from(sum));
    }
    Decimal::parse(left.as_str())?.plus(&Decimal::parse(right.as_str())?).into_number()
}

/// The exact product with a small whole number (revenue = price * quantity, `PUR-3`). `None` as in [`add`].
#[must_use]
pub fn multiply(number: &Number, times: u32) -> Option<Number> {
    Decimal::parse(number.as_str())?.times(times).into_number()
}

/// The nearest float, for display and comparison only; finite.
#[must_use]
pub fn to_f64(number: &Number) -> f64 {
    number.as_str().parse::<f64>().unwrap_or(0.0).clamp(f64::MIN, f64::MAX)
}

#[cfg(test)]
mod tests;
