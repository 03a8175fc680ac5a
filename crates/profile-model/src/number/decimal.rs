//! Digit arithmetic. Written by hand because only a sum and a small product are needed, on at most a few hundred
//! digits: a big-number crate would cost more than these lines.

use serde_json::Number;

use super::MAX_NUMBER_DIGITS;

/// An exact decimal: `digits` (most significant first) times ten to the minus `scale`.
pub(super) struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    scale: usize,
    /// Written without a point.
    whole: bool,
}

impl Decimal {
    /// Reads JSON number text. `None` if it is not one, or if multiplying out the exponent needs too many digits.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits: Vec<u8> = Vec::with_capacity(integer.len() + fraction.len());
        for byte in integer.bytes().chain(fraction.bytes()) {
            digits.push(byte.is_ascii_digit().then(|| byte - b'0')?);
        }
        let whole = !mantissa.contains('.');
        if digits.iter().all(|digit| *digit == 0) {
            return Some(Self { negative: false, digits: vec![0], scale: 0, whole });
        }
        let exponent = parse_exponent(exponent)?;
        let scale = i64::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        let leading = digits.iter().take_while(|digit| **digit == 0).count();
        digits.drain(..leading);
        let scale = match usize::try_from(scale) {
            Ok(scale) => scale,
            Err(_) => {
                let zeros = usize::try_from(scale.unsigned_abs()).ok()?;
                if zeros > MAX_NUMBER_DIGITS {
                    return None;
                }
                digits.resize(digits.len() + zeros, 0);
                0
            }
        };
        let mut decimal = Self { negative, digits, scale, whole };
        decimal.trim();
        // `1e-2` was written without a point but is not whole.
        decimal.whole = whole && decimal.scale == 0;
        (decimal.scale <= MAX_NUMBER_DIGITS && decimal.digits.len() <= 2 * MAX_NUMBER_DIGITS)
            .then_some(decimal)
    }

    /// The exact sum.
    pub(super) fn plus(&self, other: &Self) -> Self {
        let scale = self.scale.max(other.scale);
        let (left, right) = (self.at_scale(scale), other.at_scale(scale));
        let width = left.len().max(right.len());
        let (left, right) = (padded(&left, width), padded(&right, width));
        let (negative, digits) = if self.negative == other.negative {
            (self.negative, sum(&left, &right))
        } else if left >= right {
            (self.negative, difference(&left, &right))
        } else {
            (other.negative, difference(&right, &left))
        };
        let mut result = Self { negative, digits, scale, whole: self.whole && other.whole };
        result.trim();
        result
    }

    /// The exact product with a small number.
    pub(super) fn times(&self, factor: u32) -> Self {
        let mut digits = Vec::with_capacity(self.digits.len() + 10);
        let mut carry = 0_u64;
        for digit in self.digits.iter().rev() {
            carry += u64::from(*digit) * u64::from(factor);
            digits.push(last_digit(&mut carry));
        }
        while carry > 0 {
            digits.push(last_digit(&mut carry));
        }
        digits.reverse();
        let mut result = Self { negative: self.negative, digits, scale: self.scale, whole: self.whole };
        result.trim();
        result
    }

    /// Canonical text as a number; `None` over the digit bound.
    pub(super) fn into_number(self) -> Option<Number> {
        let fraction = self.scale.max(usize::from(!self.whole));
        let integer = self.digits.len().saturating_sub(self.scale).max(1);
        if integer + fraction > MAX_NUMBER_DIGITS {
            return None;
        }
        let mut text = String::with_capacity(integer + fraction + 2);
        if self.negative {
            text.push('-');
        }
        for place in 0..integer + fraction {
            if place == integer {
                text.push('.');
            }
            // Digits stand right-aligned to the scale; places left of the first and right of the last are zero.
            let behind = (integer + self.scale).checked_sub(place + 1);
            let digit = behind
                .and_then(|behind| self.digits.len().checked_sub(behind + 1))
                .and_then(|index| self.digits.get(index));
            text.push(char::from(b'0' + digit.copied().unwrap_or(0)));
        }
        text.parse().ok()
    }

    /// Drops leading zeros, trailing zeros behind the point, and the sign of zero.
    fn trim(&mut self) {
        while self.scale > 0 && self.digits.last() == Some(&0) {
            self.digits.pop();
            self.scale -= 1;
        }
        let leading = self.digits.iter().take_while(|digit| **digit == 0).count();
        self.digits.drain(..leading);
        if self.digits.is_empty() {
            self.digits.push(0);
            self.scale = 0;
            self.negative = false;
        }
    }

    fn at_scale(&self, scale: usize) -> Vec<u8> {
        let mut digits = self.digits.clone();
        digits.resize(digits.len() + scale - self.scale, 0);
        digits
    }
}

/// Exponents beyond a million cannot stay within the digit bound for a mantissa that came in a request body.
fn parse_exponent(text: &str) -> Option<i64> {
    let digits = text.trim_start_matches(['+', '-']).trim_start_matches('0');
    if digits.len() > 12 {
        return None;
    }
    text.strip_prefix('+').unwrap_or(text).parse().ok()
}

fn last_digit(carry: &mut u64) -> u8 {
    let digit = u8::try_from(*carry % 10).unwrap_or(0);
    *carry /= 10;
    digit
}

fn padded(digits: &[u8], width: usize) -> Vec<u8> {
    let mut padded = vec![0; width - digits.len()];
    padded.extend_from_slice(digits);
    padded
}

fn sum(left: &[u8], right: &[u8]) -> Vec<u8> {
    let mut digits = Vec::with_capacity(left.len() + 1);
    let mut carry = 0;
    for (left, right) in left.iter().zip(right).rev() {
        let total = left + right + carry;
        digits.push(total % 10);
        carry = total / 10;
    }
    digits.push(carry);
    digits.reverse();
    digits
}

/// `left - right` for `left >= right` of the same width.
fn difference(left: &[u8], right: &[u8]) -> Vec<u8> {
    let mut digits = Vec::with_capacity(left.len());
    let mut borrow = 0;
    for (left, right) in left.iter().zip(right).rev() {
        let taken = right + borrow;
        borrow = u8::from(*left < taken);
        digits.push(left + 10 * borrow - taken);
    }
    digits.reverse();
    digits
}
