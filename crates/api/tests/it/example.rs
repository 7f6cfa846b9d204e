//! Bodies that fit, made from the schemas of the OpenAPI document.

use serde_json::{Map, Value, json};
use uuid::Uuid;

/// A value that fits a schema: its example where it has one, otherwise the least that is required. Ids become `id`.
pub(crate) fn of(document: &Value, schema: &Value, id: Uuid) -> Value {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        return of(document, &document["components"]["schemas"][name], id);
    }
    if schema["format"] == "uuid" {
        return json!(id);
    }
    if let Some(example) = schema.get("example").or_else(|| schema["examples"].get(0)) {
        return example.clone();
    }
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    for choice in ["oneOf", "anyOf"] {
        let parts = schema[choice].as_array().into_iter().flatten();
        if let Some(part) = parts.into_iter().find(|part| part["type"] != "null") {
            return of(document, part, id);
        }
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let parts = parts.iter().map(|part| of(document, part, id));
        let objects = parts.filter_map(|part| part.as_object().cloned());
        return Value::Object(objects.flatten().collect());
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null").cloned().unwrap_or_default(),
        kind => kind.clone(),
    };
    match kind.as_str() {
        Some("object") => object(document, schema, id),
        Some("array") if schema["minItems"].as_u64().unwrap_or(0) > 0 => {
            json!([of(document, &schema["items"], id)])
        }
        Some("array") => json!([]),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        Some("boolean") => json!(false),
        _ => json!("something"),
    }
}

fn object(document: &Value, schema: &Value, id: Uuid) -> Value {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let names = required.iter().filter_map(Value::as_str);
    let fields = names.map(|name| (name.to_owned(), of(document, &schema["properties"][name], id)));
    Value::Object(fields.collect::<Map<_, _>>())
}
