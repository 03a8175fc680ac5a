//! Schemas of the bodies: small words for JSON Schema, and what several calls share.

use serde_json::{Map, Value, json};

pub(crate) mod identity;
pub(crate) mod line;
pub(crate) mod subscription;
pub(crate) mod users;

/// A shared schema, by name.
pub(crate) fn shared(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

pub(crate) fn text() -> Value {
    json!({"type": "string"})
}

pub(crate) fn number() -> Value {
    json!({"type": "integer", "minimum": 0})
}

pub(crate) fn flag() -> Value {
    json!({"type": "boolean"})
}

/// A UTC time with milliseconds.
pub(crate) fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

pub(crate) fn uuid() -> Value {
    json!({"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"})
}

/// One of some words.
pub(crate) fn word(words: &[&str]) -> Value {
    json!({"type": "string", "enum": words})
}

pub(crate) fn list(of: Value) -> Value {
    json!({"type": "array", "items": of})
}

/// A list of 1 to `most` elements.
pub(crate) fn some(most: usize, of: Value) -> Value {
    json!({"type": "array", "items": of, "minItems": 1, "maxItems": most})
}

/// A schema, or `null`.
pub(crate) fn or_null(mut schema: Value) -> Value {
    if schema["type"].is_string() && schema.get("enum").is_none() {
        let known = schema["type"].take();
        schema["type"] = json!([known, "null"]);
        return schema;
    }
    json!({"anyOf": [schema, {"type": "null"}]})
}

/// The schema with a sentence.
pub(crate) fn about(mut schema: Value, sentence: &str) -> Value {
    schema["description"] = sentence.into();
    schema
}

/// An object; names that end with `?` may be absent. More names are tolerated.
pub(crate) fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let required: Vec<_> = fields.iter().map(|(name, _)| *name).filter(|name| !name.ends_with('?')).collect();
    let properties: Map<String, Value> =
        fields.iter().map(|(name, schema)| (name.trim_end_matches('?').to_owned(), schema.clone())).collect();
    json!({"type": "object", "required": required, "properties": properties})
}

/// An object with `"message": "success"` and these fields.
pub(crate) fn success<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let mut schema = object(fields);
    schema["properties"]["message"] = json!({"const": "success"});
    if let Some(required) = schema["required"].as_array_mut() {
        required.push("message".into());
    }
    schema
}

/// Every shared schema by name.
pub(crate) fn components() -> Map<String, Value> {
    let mut all = vec![("Error", error()), ("ObjectError", object_error()), ("UserAlias", alias())];
    all.extend(users::components());
    all.extend(identity::components());
    all.extend(subscription::components());
    all.extend(line::components());
    all.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

fn error() -> Value {
    object([
        ("message", about(text(), "What is wrong, for people.")),
        (
            "code?",
            about(
                text(),
                "A stable word for scripts (docs/errors.md); absent where Braze documents the text.",
            ),
        ),
        ("errors?", list(shared("ObjectError"))),
        ("request_id?", about(text(), "With a 5xx: quote it when you report the problem.")),
    ])
}

fn object_error() -> Value {
    object([
        ("type", about(text(), "What is wrong with the object.")),
        ("input_array", about(text(), "The array it stands in.")),
        ("index", about(number(), "Its place there, from 0.")),
    ])
}

fn alias() -> Value {
    object([("alias_label", text()), ("alias_name", text())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_a_question_mark_may_be_absent() {
        let schema = success([("a", text()), ("b?", or_null(number()))]);
        let expected = json!({
            "type": "object", "required": ["a", "message"],
            "properties": {
                "a": {"type": "string"}, "b": {"type": ["integer", "null"], "minimum": 0},
                "message": {"const": "success"},
            },
        });
        assert_eq!(schema, expected);
    }
}
