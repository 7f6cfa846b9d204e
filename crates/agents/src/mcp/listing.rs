//! From what a server says it can do to what members may be offered: named for providers, and bounded.

use std::collections::BTreeSet;

use rmcp::model::{PaginatedRequestParams, Tool};
use rmcp::service::ServiceError;
use serde_json::{Value, json};
use squad_domain::mcp::{McpName, McpServer, McpTool, PREFIX};

use super::connect::Connection;
use crate::text::{bound, one_line};

/// Tools of one server that are offered at most: every one costs tokens in every call, and providers take 128 in all.
const TOOLS: usize = 64;
/// Pages of tools that are read at most.
const PAGES: usize = 20;
/// Bytes of a description.
const DESCRIPTION_BYTES: usize = 2_000;
/// Bytes of a schema; a larger one is for programs, not for models.
const SCHEMA_BYTES: usize = 16_000;
/// Characters that providers take for a tool's name.
const NAME_LIMIT: usize = 64;

/// What a server offers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Listing {
    /// What members may be offered.
    pub tools: Vec<McpTool>,
    /// Which tools are not, and why.
    pub left_out: Vec<String>,
}

/// Every tool that the server lists, page by page.
pub(super) async fn all(connection: &Connection) -> Result<Vec<Tool>, ServiceError> {
    let mut tools = Vec::new();
    let mut cursor = None;
    for _ in 0..PAGES {
        let page = PaginatedRequestParams::default().with_cursor(cursor);
        let page = connection.peer().list_tools(Some(page)).await?;
        tools.extend(page.tools);
        cursor = page.next_cursor;
        if cursor.is_none() || tools.len() > 10 * TOOLS {
            break;
        }
    }
    Ok(tools)
}

/// The tools that a person lets the squad use, in a form that models can be shown.
pub(super) fn bounded(server: &McpName, settings: &McpServer, found: Vec<Tool>) -> Listing {
    let mut listing = Listing::default();
    let mut names = BTreeSet::new();
    for tool in found {
        if settings.tools.as_ref().is_some_and(|wanted| !wanted.contains(&*tool.name)) {
            continue;
        }
        let shown = one_line(&tool.name, NAME_LIMIT);
        if listing.tools.len() == TOOLS {
            listing.left_out.push(format!(
                "`{shown}`: only {TOOLS} tools of a server are offered; name those that are needed in `tools`"
            ));
            break;
        }
        match offer(server, tool, &mut names) {
            Ok(tool) => listing.tools.push(tool),
            Err(reason) => listing.left_out.push(format!("`{shown}`: {reason}")),
        }
    }
    let found: BTreeSet<&str> = listing.tools.iter().map(|tool| tool.tool.as_str()).collect();
    let missing = settings.tools.iter().flatten().filter(|wanted| !found.contains(wanted.as_str()));
    let missing: Vec<String> = missing
        .map(|wanted| format!("`{}`: the server has no such tool", one_line(wanted, NAME_LIMIT)))
        .collect();
    // What was refused above is there, so it is not missing as well.
    let told =
        |line: &String| listing.left_out.iter().any(|told| told.split(':').next() == line.split(':').next());
    let missing: Vec<String> = missing.into_iter().filter(|line| !told(line)).collect();
    listing.left_out.extend(missing);
    listing
}

fn offer(server: &McpName, tool: Tool, names: &mut BTreeSet<String>) -> Result<McpTool, String> {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' };
    let name = format!("{PREFIX}{server}__{}", tool.name.chars().map(plain).collect::<String>());
    if tool.name.is_empty() || name.len() > NAME_LIMIT {
        return Err(format!("as `{}` its name has not 1 to {NAME_LIMIT} characters", one_line(&name, 100)));
    }
    let mut schema = Value::Object((*tool.input_schema).clone());
    if schema["type"] != "object" {
        schema["type"] = json!("object");
    }
    if schema.to_string().len() > SCHEMA_BYTES {
        return Err(format!("its schema has more than {SCHEMA_BYTES} bytes"));
    }
    if crate::tools::compiled(&schema).is_err() {
        return Err("its schema cannot be used".to_owned());
    }
    if !names.insert(name.clone()) {
        return Err(format!("another tool is called `{name}` already"));
    }
    let description = tool.description.as_deref().unwrap_or_default().trim();
    let hints = tool.annotations.as_ref();
    let says = |hint: Option<bool>| hint.unwrap_or(false);
    Ok(McpTool {
        name,
        tool: tool.name.into_owned(),
        description: bound(description, DESCRIPTION_BYTES).into_owned(),
        schema,
        repeatable: hints.is_some_and(|hints| says(hints.read_only_hint) || says(hints.idempotent_hint)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Map;
    use std::sync::Arc;

    fn tool(name: &str, schema: Value) -> Tool {
        let Value::Object(schema) = schema else { unreachable!("schemas of these tests are objects") };
        Tool::new(name.to_owned(), "What it does.".to_owned(), Arc::new(schema))
    }

    fn listed(settings: &str, tools: Vec<Tool>) -> Listing {
        let settings: McpServer = serde_json::from_str(settings).unwrap();
        bounded(&"docs".parse().unwrap(), &settings, tools)
    }

    #[test]
    fn tools_are_named_for_providers_and_none_takes_the_place_of_another() {
        let tools =
            ["search.all", "search_all", "", &"x".repeat(60)].map(|name| tool(name, json!({}))).to_vec();
        let listing = listed(r#"{"url": "http://mcp.example"}"#, tools);
        let names: Vec<&str> = listing.tools.iter().map(|tool| tool.name.as_str()).collect();
        assert_eq!(names, ["mcp__docs__search_all"]);
        assert_eq!(listing.tools[0].tool, "search.all");
        assert_eq!(listing.tools[0].schema, json!({"type": "object"}));
        assert_eq!(listing.left_out.len(), 3, "{:?}", listing.left_out);
    }

    #[test]
    fn only_the_tools_that_a_person_named_are_offered_and_missing_ones_are_told() {
        let tools = vec![tool("a", json!({})), tool("b", json!({}))];
        let listing = listed(r#"{"url": "http://mcp.example", "tools": ["b", "c"]}"#, tools);
        assert_eq!(listing.tools.len(), 1);
        assert_eq!(listing.left_out, ["`c`: the server has no such tool"]);
    }

    #[test]
    fn what_would_fill_the_context_is_left_out() {
        let mut huge = Map::new();
        huge.insert("description".to_owned(), json!("x".repeat(20_000)));
        let many = (0..100).map(|n| tool(&format!("t{n}"), json!({}))).collect();
        let listing = listed(r#"{"url": "http://mcp.example"}"#, many);
        assert_eq!((listing.tools.len(), listing.left_out.len()), (TOOLS, 1));
        let listing = listed(r#"{"url": "http://mcp.example"}"#, vec![tool("big", Value::Object(huge))]);
        assert!(
            listing.tools.is_empty() && listing.left_out[0].contains("16000 bytes"),
            "{:?}",
            listing.left_out
        );
        let listing = listed(
            r#"{"url": "http://mcp.example"}"#,
            vec![tool("odd", json!({"properties": {"a": {"type": 7}}}))],
        );
        assert_eq!(listing.left_out, ["`odd`: its schema cannot be used"]);
    }
}
