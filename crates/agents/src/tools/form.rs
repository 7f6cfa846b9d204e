//! What the arguments of a tool must look like: its schema, compiled, and in one line for people and models.

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

/// Levels of a schema that a signature shows, and that slips are mended in. Schemas of others may nest without end.
pub(super) const DEPTH: usize = 8;

/// A tool's schema.
#[derive(Clone, Copy)]
pub(super) struct Form<'a> {
    pub(super) name: &'a str,
    pub(super) schema: &'a Value,
    pub(super) validator: &'a Validator,
    /// Whether it is one of the built-in tools, whose schemas mean nothing by `null` and by further keys.
    pub(super) ours: bool,
}

impl Form<'_> {
    /// `read_file(path: string, start_line?: integer, end_line?: integer)`.
    pub(super) fn signature(&self) -> String {
        format!("{}({})", self.name, arguments(self.schema, DEPTH))
    }
}

/// The compiled schema. Its patterns are matched in linear time, and it is never fetched from anywhere.
///
/// # Errors
/// Where it is no JSON Schema.
pub(crate) fn compiled(schema: &Value) -> Result<Validator, String> {
    jsonschema::options()
        .with_pattern_options(PatternOptions::regex())
        .build(schema)
        .map_err(|error| error.to_string())
}

/// Required ones first, in the order of the contract.
fn arguments(schema: &Value, depth: usize) -> String {
    let Some(properties) = schema["properties"].as_object() else { return String::new() };
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let of = |name: &str| properties.get(name).map_or_else(|| "any".to_owned(), |schema| kind(schema, depth));
    let mut arguments: Vec<String> = required.iter().map(|name| format!("{name}: {}", of(name))).collect();
    let optional = properties.keys().filter(|name| !required.contains(&name.as_str()));
    arguments.extend(optional.map(|name| format!("{name}?: {}", of(name))));
    arguments.join(", ")
}

fn kind(schema: &Value, depth: usize) -> String {
    if let Some(options) = schema["enum"].as_array() {
        return options.iter().map(Value::to_string).collect::<Vec<_>>().join(" | ");
    }
    match schema["type"].as_str() {
        Some("array" | "object") if depth == 0 => "…".to_owned(),
        Some("array") => format!("[{}]", kind(&schema["items"], depth - 1)),
        Some("object") => format!("{{{}}}", arguments(schema, depth - 1)),
        Some(other) => other.to_owned(),
        None => "any".to_owned(),
    }
}
