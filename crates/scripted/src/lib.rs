//! The scripted model: an HTTP server with the real wire formats that plays a scenario file.
//!
//! It stands where a language model's API would stand, so that a demonstration or a test exercises everything
//! but the model's words: the HTTP client, the streaming parser, retries, money, tools, sandbox and merges.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use squad_scripted::{Scenario, ScriptedModel};
//!
//! let scenario = Scenario::parse(
//!     r#"
//!     [[scene]]
//!     duty = "answer"
//!     say = "It is a rate between 0 and 1."
//!     "#,
//! )?;
//! let model = ScriptedModel::start(scenario, "127.0.0.1:0".parse().unwrap()).await?;
//! assert!(model.base_url.ends_with("/v1"));
//! model.stop().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! The scenario format is described at [`scenario`]; the sample project that the demonstration works on is in [`sample`].

mod assignment;
mod conversation;
mod frames;
mod log;
mod reply;
pub mod sample;
pub mod scenario;
mod server;
mod usage;
mod wire;

pub use assignment::Assignment;
pub use log::{Outcome, RecordedRequest};
pub use sample::{SAMPLE_TASK, SAMPLE_TEST_COMMAND, SampleError, Ticket, write_sample};
pub use scenario::{Complaint, Scenario, ScenarioError};
pub use server::{Handle, ScriptedModel, StartError};
pub use wire::WireFormat;

/// The name under which the demonstration's model is configured and priced, as `provider/model`.
/// The server itself accepts any model name.
pub const MODEL_NAME: &str = "scripted/demo";
