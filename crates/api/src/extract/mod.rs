//! What handlers take from a request. What does not fit becomes a problem here, not in each handler.

mod body;
mod caller;
mod organization;
mod page;
mod params;
mod peer;
pub(crate) mod permission;
mod version;

pub(crate) use body::Json;
pub(crate) use caller::{Caller, Origin, Person};
pub(crate) use organization::InOrganization;
pub(crate) use page::{List, PageQuery};
pub(crate) use params::{Path, Query};
pub(crate) use peer::Peer;
pub(crate) use permission::{Permitted, may};
pub(crate) use version::{IfMatch, Versioned};
