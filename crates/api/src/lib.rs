//! The HTTP API: routes, who is asking, documents, live streams.
//!
//! ```text
//! request → middleware (request id, limits, security headers)
//!         → extract (Caller → Permitted<may::…>, Json<…>, Page)      a wrong one is a problem+json
//!         → routes/<thing>/<operation>.rs                            extracts, calls one use case, maps
//!         → storage::Tenant | engine::Engine
//! ```
//!
//! A handler gets to an organization's data only through [`extract::Permitted`], which has checked who asks, where, and
//! whether they may. What is not here: SQL, a decision about an execution, a secret in an answer that is not the one
//! time at which its owner gets it.

mod app;
mod defaults;
mod document;
mod dto;
mod extract;
mod housekeeping;
mod identity;
mod middleware;
mod problem;
mod repository;
mod routes;
mod serve;
mod stream;

pub use app::{ApiConfig, App, Registration};
pub use defaults::Defaults;
pub use document::openapi;
pub use housekeeping::housekeeping;
pub use identity::{KeyError, Keys};
pub use routes::router;
pub use serve::{ServeError, bind, serve};
