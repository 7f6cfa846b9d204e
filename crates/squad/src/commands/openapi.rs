//! `squad openapi`: the document that describes the API.

use crate::error::CliError;
use crate::exit::Exit;
use crate::output;
use clap::Args;

const EXAMPLES: &str = "\
Examples:
  squad openapi > openapi.json";

/// Print the OpenAPI 3.1 document of the HTTP API
///
/// Clients can be generated from it. A server has the same at `/api/openapi.json`, and as a page at `/api/docs`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct OpenApi {}

impl OpenApi {
    pub(crate) fn execute(self) -> Result<Exit, CliError> {
        let document = serde_json::to_string_pretty(squad_api::openapi())
            .map_err(|error| CliError::Usage(format!("the document cannot be written: {error}")))?;
        output::print(&document);
        Ok(Exit::Completed)
    }
}
