//! Forced types (`CAT-2`): a workspace may fix the type of an attribute; what does not fit is turned into it or ignored.

use std::borrow::Cow;

use serde_json::{Number, Value};

use super::{DataType, Operator, nested};
use crate::{Zone, canonical, parse_time};

/// The incoming value as the forced type has it; `None`: it cannot be, and is ignored. A `null` removes as ever, and an
/// operator passes where its result has the type.
pub(crate) fn coerce(value: &Value, forced: DataType) -> Option<Cow<'_, Value>> {
    let same = Some(Cow::Borrowed(value));
    match (forced, value) {
        (_, Value::Null)
        | (DataType::Boolean, Value::Bool(_))
        | (DataType::Number, Value::Number(_))
        | (DataType::String, Value::String(_)) => same,
        (_, Value::Object(entries)) => {
            let fits = match Operator::of(entries) {
                Some(Operator::Increment) => forced == DataType::Number,
                Some(Operator::Scalars) => forced == DataType::Array,
                Some(Operator::Objects) => forced == DataType::ObjectArray,
                None if nested::marked_time(entries).is_some() => {
                    matches!(forced, DataType::Time | DataType::Object)
                }
                None => forced == DataType::Object,
            };
            same.filter(|_| fits)
        }
        (DataType::Boolean, Value::Number(number)) => boolean(&number.to_string()),
        (DataType::Boolean, Value::String(text)) => boolean(text),
        (DataType::Number, Value::String(text)) => {
            let number: Number = serde_json::from_str(text.trim()).ok()?;
            canonical(&number).map(|number| Cow::Owned(number.into()))
        }
        (DataType::String, Value::Number(number)) => Some(Cow::Owned(number.to_string().into())),
        (DataType::String, Value::Bool(flag)) => Some(Cow::Owned(flag.to_string().into())),
        (DataType::Time, Value::String(text)) => same.filter(|_| parse_time(text, &Zone::utc()).is_some()),
        (DataType::Array, Value::Array(items)) => same.filter(|_| !items.iter().any(Value::is_object)),
        (DataType::ObjectArray, Value::Array(items)) => same.filter(|_| items.iter().all(Value::is_object)),
        _ => None,
    }
}

fn boolean(text: &str) -> Option<Cow<'static, Value>> {
    let flag = match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "t" => true,
        "0" | "false" | "f" => false,
        _ => return None,
    };
    Some(Cow::Owned(Value::Bool(flag)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn forced(value: Value, to: DataType) -> Option<Value> {
        coerce(&value, to).map(Cow::into_owned)
    }

    /// CAT-2.
    #[test]
    fn booleans_are_read_from_the_documented_words_in_any_case() {
        for (value, flag) in [
            (json!(true), true),
            (json!(1), true),
            (json!("1"), true),
            (json!("True"), true),
            (json!("T"), true),
            (json!(0), false),
            (json!("0"), false),
            (json!("FALSE"), false),
            (json!("f"), false),
        ] {
            assert_eq!(forced(value, DataType::Boolean), Some(json!(flag)));
        }
        for bad in [json!("yes"), json!(2), json!([true]), json!({"a": true}), json!("")] {
            assert_eq!(forced(bad, DataType::Boolean), None);
        }
    }

    /// CAT-2; the exact value, without a detour over floats.
    #[test]
    fn numbers_are_read_from_text_with_every_digit() {
        let digits = "12345678901234567890123";
        let number = forced(json!(digits), DataType::Number).unwrap();
        assert_eq!(number.to_string(), digits);
        assert_eq!(forced(json!(" 1.50 "), DataType::Number).unwrap().to_string(), "1.5");
        for bad in [json!("12 apples"), json!(""), json!(true), json!([1]), json!("0x10")] {
            assert_eq!(forced(bad, DataType::Number), None);
        }
    }

    /// CAT-2.
    #[test]
    fn other_types_take_what_fits_and_nothing_else() {
        assert_eq!(forced(json!(7), DataType::String), Some(json!("7")));
        assert_eq!(forced(json!(true), DataType::String), Some(json!("true")));
        assert_eq!(forced(json!(["a"]), DataType::String), None);
        assert_eq!(forced(json!("2024-05-01"), DataType::Time), Some(json!("2024-05-01")));
        assert_eq!(forced(json!("soon"), DataType::Time), None);
        assert_eq!(forced(json!(["a"]), DataType::Array), Some(json!(["a"])));
        assert_eq!(forced(json!("a"), DataType::Array), None);
        assert_eq!(forced(json!([{"a": 1}]), DataType::ObjectArray), Some(json!([{"a": 1}])));
        assert_eq!(forced(json!([1]), DataType::ObjectArray), None);
        assert_eq!(forced(json!({"a": 1}), DataType::Object), Some(json!({"a": 1})));
        assert_eq!(forced(json!(1), DataType::Object), None);
    }

    /// CAT-2: an operator passes where its result has the type; a null removes.
    #[test]
    fn operators_pass_where_their_result_has_the_type() {
        assert!(forced(json!({"inc": 1}), DataType::Number).is_some());
        assert!(forced(json!({"inc": 1}), DataType::String).is_none());
        assert!(forced(json!({"add": ["a"]}), DataType::Array).is_some());
        assert!(forced(json!({"add": ["a"]}), DataType::Object).is_none());
        assert!(forced(json!({"$add": [{"a": 1}]}), DataType::ObjectArray).is_some());
        assert_eq!(forced(json!(null), DataType::Boolean), Some(json!(null)));
    }
}
